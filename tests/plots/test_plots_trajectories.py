"""Figures of trajectories of a session: which trials are shown, and in which panels."""

from dataclasses import replace

import numpy as np
import pytest
import reaching_results
from drawn_paths import held_out_means, inside, key, panels, shown

from cebra_kedro.plots.results import Variant
from cebra_kedro.plots.trajectories import (
    single_trials_figure,
    trajectories_figure,
)
from cebra_kedro.recording import Label

ARROWS = ["→ 0°", "↗ 45°", "↑ 90°", "↖ 135°", "← 180°", "↙ 225°", "↓ 270°", "↘ 315°"]
OPTIONS = {"by": "target", "path": "position", "directions": True}


def test_means_of_held_out_trials_the_label_first_then_encoders_and_controls():
    results = reaching_results.results()
    figure = trajectories_figure(results, "active", **OPTIONS)
    by_title = panels(figure)
    assert list(by_title) == ["recorded position", "position", "time", "shuffled position"]
    recorded = by_title["recorded position"]
    assert (recorded.get_xlabel(), recorded.get_ylabel()) == ("position x (cm)", "position y (cm)")
    position = reaching_results.recording("active").label("position").values
    # Labels are drawn as float32.
    np.testing.assert_allclose(shown(recorded), held_out_means(position, "active"), atol=1e-6)
    embedding = results.embedding("active", "position")
    expected = held_out_means(embedding, "active")  # of the same two floats
    np.testing.assert_allclose(shown(by_title["position"]), expected, rtol=1e-12)
    assert by_title["time"].texts[0].get_text() == "3 PCs of 5 dims"
    assert key(figure) == [*ARROWS, "start", "end"]
    assert all(ax.get_legend() is None for ax in figure.axes)
    assert figure.get_suptitle() == "active: mean of held-out trials of each target"
    assert inside(figure)


def test_first_held_out_trials_are_drawn_whole():
    results = reaching_results.results()
    figure = single_trials_figure(results, "active", by="target")
    assert list(panels(figure)) == ["position", "time", "shuffled position"]
    n_bins = reaching_results.N_BINS["active"]
    trials = results.embedding("active", "position").reshape(4, 8, n_bins, 3)
    np.testing.assert_array_equal(shown(panels(figure)["position"]), trials[2])
    assert key(figure) == [*(f"target {i}" for i in range(8)), "start", "end"]
    assert inside(figure)


def test_an_embedding_on_the_sphere_has_its_means_on_the_sphere():
    usual = reaching_results.results().embedding

    def embedding(session, variant):
        values = usual(session, variant).astype(np.float32)
        return values / np.linalg.norm(values, axis=1, keepdims=True)

    results = reaching_results.results(embedding=embedding)
    figure = trajectories_figure(results, "active", by="target", variants=["position"])
    norm = np.linalg.norm(shown(panels(figure)["position"]), axis=-1)
    np.testing.assert_allclose(norm, 1, atol=1e-12)  # divided in float64
    # Single trials lie there anyway, in float32.
    figure = single_trials_figure(results, "active", by="target", variants=["position"])
    norm = np.linalg.norm(shown(panels(figure)["position"]), axis=-1)
    np.testing.assert_allclose(norm, 1, atol=1e-6)


def test_up_to_twelve_classes_of_any_id_are_named_by_it():
    results = reaching_results.results(classes=range(3, 15))
    figure = trajectories_figure(results, "active", by="target", path="position")
    assert key(figure) == [*(f"target {i}" for i in range(3, 15)), "start", "end"]
    assert [len(ax.lines) for ax in panels(figure).values()] == [12] * 4
    assert inside(figure)


def test_classes_without_held_out_trials_are_left_out():
    def part(session, population):
        usual = reaching_results.part(session)
        target = reaching_results.recording(session).label("target").values
        return np.where(target == 4, 0, usual).astype(np.int8)

    for draw in (trajectories_figure, single_trials_figure):
        figure = draw(reaching_results.results(part=part), "active", **OPTIONS)
        assert {len(ax.lines) for ax in panels(figure).values()} == {7}
        assert key(figure) == [name for name in ARROWS if name != "← 180°"] + ["start", "end"]


def test_transductive_encoders_are_explained_below():
    results = reaching_results.results({"time_transductive": 3, "pca": 2})
    figure = trajectories_figure(results, "active", by="target", variants=None)
    assert list(panels(figure)) == ["time †"]
    assert figure.get_supxlabel().startswith("† transductive")
    figure = trajectories_figure(results, "active", by="target", variants=["pca"])
    assert list(panels(figure)) == ["PCA"]


def test_without_an_embedding_in_the_plane_there_is_no_figure():
    assert trajectories_figure(reaching_results.results({}), "active", by="target") is None
    assert trajectories_figure(reaching_results.results({"time": 1}), "active", by="target") is None


def test_trials_and_classes_are_those_of_the_population_of_each_variant():
    results = replace(
        reaching_results.results({"fine": 2, "coarse": 2}),
        variants=(Variant("fine", "encoder", "active"), Variant("coarse", "encoder", "passive")),
        recording=lambda session, population: reaching_results.recording(population),
        part=lambda session, population: reaching_results.part(population),
        embedding=lambda session, variant: (
            reaching_results.recording({"fine": "active", "coarse": "passive"}[variant])
            .label("position")
            .values
        ),
    )
    by_title = panels(trajectories_figure(results, "day1", by="target"))
    assert [shown(ax).shape for ax in by_title.values()] == [(8, 12, 2), (8, 9, 2)]


def with_label(name, label):
    def recording(session, population):
        usual = reaching_results.recording(session)
        return replace(usual, labels={**usual.labels, name: label})

    return reaching_results.results(recording=recording)


N_TIME = 4 * 8 * reaching_results.N_BINS["active"]


@pytest.mark.parametrize(
    ("results", "options", "error", "message"),
    [
        (reaching_results.results(), {"by": "odour"}, KeyError, "no label odour"),
        (reaching_results.results(), {"by": "target", "path": "odour"}, KeyError, "no label odour"),
        (reaching_results.results(), {"by": "position"}, ValueError, "by must be a discrete label"),
        (
            reaching_results.results(),
            {"by": "target", "path": "target"},
            ValueError,
            "path must be a continuous label of 2 or 3 dimensions, got target, a discrete",
        ),
        (
            reaching_results.results(),
            {"by": "target", "variants": ["odour"]},
            KeyError,
            "no variant 'odour'",
        ),
        (
            with_label("odour", Label(np.arange(N_TIME), "discrete")),
            {"by": "odour"},
            ValueError,
            "at most 12 classes",
        ),
        (
            with_label("odour", Label(np.arange(N_TIME) % 3, "discrete")),
            {"by": "odour"},
            ValueError,
            "label must be one throughout a trial",
        ),
        (
            with_label("odour", Label(np.full(N_TIME, 9), "discrete")),
            {"by": "odour", "directions": True},
            ValueError,
            "odour holds 9; leave out directions",
        ),
        (
            replace(
                reaching_results.results(),
                recording=lambda *key: replace(reaching_results.recording("active"), trial=None),
            ),
            {"by": "target"},
            ValueError,
            "recording active has none; leave this figure out",
        ),
    ],
)
def test_wrong_labels_are_refused_by_name(results, options, error, message):
    with pytest.raises(error, match=message):
        trajectories_figure(results, "active", **options)


def test_a_figure_of_no_session_is_refused():
    with pytest.raises(ValueError, match="of one session"):
        trajectories_figure(reaching_results.results(), None, by="target")
