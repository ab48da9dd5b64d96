"""Movie scores as bars: every run a dot, the mean a bar, chance a line."""

import itertools

import numpy as np
import pytest
from movie_tables import METRIC, score_table

from cebra_kedro.plots import plot_frame_scores, plot_frame_scores_by_area


def bars(ax):
    """Centre, height and hatch of every bar, from left to right."""
    found = [(p.get_x() + p.get_width() / 2, p.get_height(), p.get_hatch()) for p in ax.patches]
    return sorted(found, key=lambda bar: bar[0])


def dots(ax):
    (line,) = [line for line in ax.lines if line.get_marker() == "o"]
    return line.get_xydata()


def values(table, **where):
    for column, value in where.items():
        table = table[table[column] == value]
    return table.loc[table["metric"] == METRIC, "value"]


def test_bars_are_means_of_their_variant_and_decoder():
    table = score_table()
    ax = plot_frame_scores(table, modality="ca").ax
    expected = [
        values(table, variant=variant, decoder=decoder).mean()
        for variant in ("raw_ca", "ca", "joint_ca", "shuffled_ca", "ca_10frames")
        for decoder in ("knn", "bayes")
    ]
    # means of the same three floats
    np.testing.assert_allclose([bar[1] for bar in bars(ax)], expected, rtol=1e-12)
    assert [bool(bar[2]) for bar in bars(ax)] == [False, True] * 5
    labels = [tick.get_text().replace("\n", " ") for tick in ax.get_xticklabels()]
    assert labels[0] == "raw activity"
    assert labels[-1] == "CEBRA, one mod. 10 frames"


def test_every_run_is_a_dot_on_its_bar():
    table = score_table()
    drawn = plot_frame_scores(table, modality="neuropixels")
    of_modality = table[table["variant"].str.contains("neuropixels")]
    np.testing.assert_allclose(
        np.sort(dots(drawn.ax)[:, 1]), np.sort(values(of_modality)), rtol=0, atol=0
    )
    centres = {round(bar[1], 9): bar[0] for bar in bars(drawn.ax)}
    widths = [patch.get_width() for patch in drawn.ax.patches]
    for row in drawn.data.itertuples():
        assert abs(row.x - centres[round(row.mean, 9)]) < max(widths) / 2


def test_chance_is_a_line_at_its_value_and_the_axis_starts_at_zero():
    ax = plot_frame_scores(score_table(), modality="ca").ax
    heights = [lines.get_segments()[0][:, 1] for lines in ax.collections]
    # a mean of equal floats
    np.testing.assert_allclose(heights, np.full((5, 2), 6.448), rtol=1e-12)
    assert ax.get_ylim()[0] == 0


def test_axes_name_metric_unit_frames_and_rate():
    ax = plot_frame_scores(score_table(), modality="ca").ax
    assert ax.get_ylabel() == "frames decoded within 1 s (%)"
    assert "900 frames at 30 Hz" in ax.get_xlabel()
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["kNN", "Bayes", "one run (seed)", "chance"]


def test_areas_come_in_the_order_of_the_table_with_their_own_scores():
    areas = ("VISp", "VISam", "VISal")
    table = score_table(areas)
    drawn = plot_frame_scores_by_area(table, modality="ca", decoder="knn")
    assert [tick.get_text() for tick in drawn.ax.get_xticklabels()] == list(areas)
    heights = [bar[1] for bar in bars(drawn.ax)]
    variants = ("raw_ca", "ca", "joint_ca", "shuffled_ca", "ca_10frames")
    expected = [
        values(table, subject=area, variant=variant, decoder="knn").mean()
        for area in areas
        for variant in variants
    ]
    # means of the same three floats
    np.testing.assert_allclose(heights, expected, rtol=1e-12)
    assert set(drawn.data["decoder"]) == {"knn"}
    texts = [text.get_text() for text in drawn.ax.get_legend().get_texts()]
    assert "CEBRA, both modalities" in texts
    assert "Bayes" not in texts


def test_bars_of_neighbouring_areas_do_not_overlap():
    ax = plot_frame_scores_by_area(score_table(("a", "b")), modality="ca").ax
    edges = sorted((p.get_x(), p.get_x() + p.get_width()) for p in ax.patches)
    assert all(left[1] <= right[0] for left, right in itertools.pairwise(edges))


def test_an_absent_variant_leaves_its_slot_empty():
    table = score_table(("VISp", "VISl"))
    table = table[(table["subject"] == "VISp") | (table["variant"] != "joint_ca")]
    drawn = plot_frame_scores_by_area(table, modality="ca")
    assert len(drawn.ax.patches) == 18


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"modality": "eeg"}, "modality must be one of ca, neuropixels, got 'eeg'"),
        ({"metric": "happiness"}, "metrics must hold happiness of ca, got none"),
    ],
)
def test_wrong_choices_are_refused_by_name(change, message):
    with pytest.raises(ValueError, match=message):
        plot_frame_scores(score_table(), **({"modality": "ca"} | change))


def test_a_decoder_that_was_not_used_is_refused():
    table = score_table(decoders=("knn",))
    with pytest.raises(ValueError, match=r"of ca by decoder bayes, got none"):
        plot_frame_scores_by_area(table, modality="ca", decoder="bayes")


def test_several_areas_in_one_group_are_refused():
    with pytest.raises(ValueError, match=r"one subject, got \['VISl', 'VISp'\]"):
        plot_frame_scores(score_table(("VISp", "VISl")), modality="ca")


def test_a_score_that_is_nan_is_refused():
    table = score_table()
    table.loc[table["metric"] == METRIC, "value"] = np.nan
    with pytest.raises(ValueError, match="must be finite"):
        plot_frame_scores(table, modality="ca")
