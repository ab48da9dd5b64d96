"""Trajectories of two sessions side by side: which coordinates and limits panels share."""

from dataclasses import replace

import numpy as np
import pytest
import reaching_results
from drawn_paths import held_out_means, inside, key, limits, panels, shown

from cebra_kedro.plots.trajectories import transfer_trajectories_figure

OPTIONS = {"by": "target", "path": "position", "directions": True}


def test_sessions_stand_side_by_side_the_label_first():
    results = reaching_results.results()
    figure = transfer_trajectories_figure(results, **OPTIONS)
    by_title = panels(figure)
    assert list(by_title) == [
        "recorded position: active",
        "recorded position: passive",
        "position: active",
        "position: passive",
        "time: active",
        "time: passive",
    ]
    position = reaching_results.recording("passive").label("position").values
    expected = held_out_means(position, "passive")
    # Labels are drawn as float32.
    np.testing.assert_allclose(shown(by_title["recorded position: passive"]), expected, atol=1e-6)
    transferred = held_out_means(results.embedding("active_to_passive", "position"), "passive")
    # Means of the same two floats.
    np.testing.assert_allclose(shown(by_title["position: passive"]), transferred, rtol=1e-12)
    assert len(figure.legends) == 1
    assert "by the active encoders" in figure.get_suptitle()
    assert inside(figure)


@pytest.mark.parametrize("name", ["recorded position", "position", "time"])
def test_one_space_has_common_limits_that_hold_both_sessions(name):
    by_title = panels(transfer_trajectories_figure(reaching_results.results(), **OPTIONS))
    active, passive = by_title[f"{name}: active"], by_title[f"{name}: passive"]
    assert limits(active) == limits(passive)
    for ax in (active, passive):
        points = shown(ax).reshape(-1, len(limits(ax)))
        for (low, high), values in zip(limits(ax), points.T, strict=True):
            assert low <= values.min() <= values.max() <= high


def test_principal_components_of_one_space_are_common():
    # A map that both sessions share keeps distances between them, not only within each.
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 6)))[0][:3]
    flat = reaching_results.results({"position": 3})
    wide = replace(flat, embedding=lambda *key: flat.embedding(*key) @ rotation)
    by_title = [panels(transfer_trajectories_figure(r, by="target")) for r in (flat, wide)]
    expected, between = (
        np.linalg.norm(
            shown(p["position: active"])[:, 0] - shown(p["position: passive"])[:, 0], axis=-1
        )
        for p in by_title
    )
    np.testing.assert_allclose(between, expected, atol=1e-9)  # float64 eigenvectors
    assert by_title[1]["position: passive"].texts[0].get_text() == "3 PCs of 6 dims"


def test_class_that_one_session_lacks_stays_in_the_key():
    def recording(session, population):
        return reaching_results.recording(session, range(8 if session == "active" else 7))

    def part(session, population):
        return reaching_results.part(session, 8 if session == "active" else 7)

    results = reaching_results.results(
        {"position": 2},
        recording=recording,
        part=part,
        embedding=lambda session, variant: (
            recording(session.split("_to_")[-1], "").label("position").values
        ),
    )
    figure = transfer_trajectories_figure(results, by="target")
    assert len(key(figure)) == 8 + 2
    assert [len(ax.lines) for ax in panels(figure).values()] == [8, 7]


def test_variants_that_were_not_transferred_are_left_out():
    usual = reaching_results.results()
    results = replace(
        usual,
        embedding=lambda session, variant: (
            None
            if (session, variant) == ("active_to_passive", "time")
            else usual.embedding(session, variant)
        ),
    )
    by_title = panels(transfer_trajectories_figure(results, by="target"))
    assert list(by_title) == ["position: active", "position: passive"]


def test_without_a_transfer_there_is_no_figure():
    no_transfer = reaching_results.results(transfers=())
    assert transfer_trajectories_figure(no_transfer, by="target") is None
    on_a_line = reaching_results.results({"time": 1})
    assert transfer_trajectories_figure(on_a_line, by="target") is None


def test_several_transfers_have_their_pairs_one_after_the_other():
    usual = reaching_results.results({"position": 2})
    results = replace(
        usual,
        transfers=(("active", "passive"), ("passive", "active")),
        embedding=lambda session, variant: (
            reaching_results.recording(session.split("_")[-1]).label("position").values
        ),
    )
    figure = transfer_trajectories_figure(results, **OPTIONS)
    titles = [ax.get_title() for ax in figure.axes]
    names = ("recorded position", "position")
    pairs = ("active", "passive", "passive", "active")
    assert titles == [f"{name}: {session}" for name in names for session in pairs]
    assert "by the active, passive encoders" in figure.get_suptitle()


def test_a_figure_of_one_session_is_refused():
    with pytest.raises(ValueError, match="whole experiment, got session 'active'"):
        transfer_trajectories_figure(reaching_results.results(), "active", by="target")
