"""A map for each variant: row fitted to, column scored on, dark where decoding is good."""

import numpy as np
import pytest
from rat_results import across, results

from cebra_kedro.plots.across import across_figure
from cebra_kedro.plots.results import Variant

VARIANTS = (
    Variant("position", "encoder"),
    Variant("together", "encoder"),
    Variant("shuffled", "control"),
)
SESSIONS = ("buddy", "cicero")


def drawn(**options):
    return across_figure(
        results(sessions=SESSIONS, variants=VARIANTS, across=across(SESSIONS, VARIANTS)),
        None,
        **options,
    )


def maps(figure):
    return [ax for ax in figure.axes if ax.images and ax.get_ylabel() != "colorbar"]


def test_each_cell_is_the_mean_of_its_runs():
    figure = drawn()
    values = [np.asarray(ax.images[0].get_array()) for ax in maps(figure)]
    assert len(values) == 3
    for each in values:
        np.testing.assert_allclose(each, [[0.1, 0.2], [0.25, 0.1]], atol=1e-12)
    assert maps(figure)[0].get_ylabel() == "fitted to"
    assert maps(figure)[0].get_xlabel() == "scored on"
    written = [text.get_text() for text in maps(figure)[0].texts]
    assert written == ["0.100", "0.200", "0.250", "0.100"]


def test_titles_say_through_what_and_how_well():
    titles = [ax.get_title().replace("\n", " ") for ax in maps(drawn())]
    assert titles == [
        f"{name} across 0.225, within 0.100"
        for name in ("position (aligned)", "together (joint)", "shuffled (aligned)")
    ]


@pytest.mark.parametrize(
    ("metric", "ends", "level"),
    [("position_error_median", (0.09, 0.4), "0.400 m"), ("direction_accuracy", (50, 90), "50.0 %")],
)
def test_white_is_chance_and_dark_the_best(metric, ends, level):
    figure = drawn(metric=metric)
    image = maps(figure)[0].images[0]
    assert image.get_clim() == pytest.approx(ends)
    chance = ends[1] if metric.endswith("median") else ends[0]
    best = ends[0] if metric.endswith("median") else ends[1]
    assert sum(image.to_rgba(np.array([chance]))[0, :3]) > 2.8  # of 3
    assert sum(image.to_rgba(np.array([best]))[0, :3]) < 1
    assert f"chance ({level})" in figure.get_supxlabel().replace("\n", " ")


def test_scores_that_are_all_worse_than_chance_are_drawn():
    table = across(SESSIONS, VARIANTS)
    table.loc[table["metric"] == "position_error_median", "value"] += 1
    assert across_figure(results(variants=VARIANTS, across=table), None) is not None


def test_there_is_none_of_a_session_or_without_scores():
    assert across_figure(results(across=across(SESSIONS, VARIANTS)), "buddy") is None
    assert across_figure(results(), None) is None


@pytest.mark.parametrize("option", ["metric", "decoder"])
def test_what_was_not_scored_is_refused_with_what_was(option):
    with pytest.raises(
        ValueError, match=r"no decoder was carried .*position_error_median.* by knn"
    ):
        drawn(**{option: "nothing"})
