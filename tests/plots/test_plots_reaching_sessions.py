"""Sessions side by side: which coordinates and limits the panels share."""

import numpy as np
import pytest

from cebra_kedro.plots import figure_trajectories_by_session


@pytest.fixture
def rng():
    return np.random.default_rng(4)


def panels(figure):
    return {ax.get_title(): ax for ax in figure.axes}


def limits(ax):
    return tuple(getattr(ax, f"get_{name}lim")() for name in ("xyz" if ax.name == "3d" else "xy"))


def shown(ax):
    """Array (path, bin, dim) of the lines on axes in space."""
    return np.stack([np.stack(line.get_data_3d(), axis=1) for line in ax.lines])


def sessions(rng, dim=3, bins=(6, 4)):
    return {
        "active": {"time": 5 * rng.normal(size=(8, bins[0], dim))},
        "passive": {"time": rng.normal(size=(8, bins[1], dim))},
    }


def test_sessions_stand_side_by_side_the_hand_first(rng):
    averages = sessions(rng)
    for variants in averages.values():
        variants["position"] = rng.normal(size=(8, 6, 2))
    hand = {session: rng.normal(size=(8, 6, 2)) for session in averages}
    figure = figure_trajectories_by_session(averages, hand=hand, title="both")
    assert [ax.get_title() for ax in figure.axes] == [
        "hand: active",
        "hand: passive",
        "position: active",
        "position: passive",
        "time: active",
        "time: passive",
    ]
    by_title = panels(figure)
    assert by_title["hand: passive"].get_xlabel() == "hand x (cm)"
    line = by_title["hand: passive"].lines[2].get_xydata()
    np.testing.assert_array_equal(line, hand["passive"][2])
    assert len(figure.legends) == 1
    assert figure.get_supxlabel() == ""


def test_one_space_has_common_limits_that_hold_both_sessions(rng):
    averages = sessions(rng)
    by_title = panels(figure_trajectories_by_session(averages))
    common = limits(by_title["time: active"])
    assert limits(by_title["time: passive"]) == common
    for session in averages:
        for (low, high), values in zip(common, averages[session]["time"].T, strict=True):
            assert low <= values.min() <= values.max() <= high


def test_encoders_trained_apart_have_their_own_limits_but_the_hand_does_not(rng):
    averages = sessions(rng)
    hand = {"active": rng.normal(size=(8, 6, 2)), "passive": rng.normal(size=(8, 4, 2)) / 9}
    figure = figure_trajectories_by_session(averages, hand=hand, same_space=False)
    by_title = panels(figure)
    assert limits(by_title["time: active"]) != limits(by_title["time: passive"])
    assert limits(by_title["hand: active"]) == limits(by_title["hand: passive"])
    assert "trained apart" in figure.get_supxlabel()


def test_principal_components_of_one_space_are_common(rng):
    # A map that both sessions share keeps distances between them, not only within each.
    rotation = np.linalg.qr(rng.normal(size=(6, 6)))[0][:3]
    averages = sessions(rng, bins=(6, 6))
    wide = {s: {"time": variants["time"] @ rotation} for s, variants in averages.items()}
    by_title = panels(figure_trajectories_by_session(wide))
    active, passive = (shown(by_title[f"time: {s}"]) for s in ("active", "passive"))
    expected = np.linalg.norm(averages["active"]["time"] - averages["passive"]["time"], axis=-1)
    between = np.linalg.norm(active - passive, axis=-1)
    np.testing.assert_allclose(between, expected, atol=1e-9)  # float64 eigenvectors
    assert by_title["time: passive"].texts[0].get_text() == "3 PCs of 6 dims"


def test_direction_without_trials_in_one_session_only_stays_in_the_key(rng):
    averages = sessions(rng)
    averages["passive"]["time"][7] = np.nan
    figure = figure_trajectories_by_session(averages)
    assert len(figure.legends[0].get_texts()) == 8 + 2
    assert [len(ax.lines) for ax in figure.axes] == [8, 7]


def test_dimensions_may_differ_between_encoders_trained_apart_only(rng):
    averages = {"active": {"time": np.ones((8, 3, 5))}, "passive": {"time": np.ones((8, 3, 2))}}
    averages = {
        s: {"time": v["time"] + rng.normal(size=v["time"].shape)} for s, v in averages.items()
    }
    with pytest.raises(ValueError, match=r"one dimension, got \[5, 2\]; pass same_space=False"):
        figure_trajectories_by_session(averages)
    figure = figure_trajectories_by_session(averages, same_space=False)
    assert [ax.name for ax in figure.axes] == ["3d", "rectilinear"]


ONES = np.ones((8, 3, 2))


@pytest.mark.parametrize(
    ("averages", "hand", "message"),
    [
        ({}, None, "at least one session with one variant"),
        ({"active": {}}, None, "at least one session with one variant"),
        ({"active": {"a": ONES}, "passive": {"b": ONES}}, None, "same variants"),
        ({"active": {"a": ONES}, "passive": {"a": ONES}}, {"active": ONES}, "missing: .'passive'"),
    ],
)
def test_wrong_sessions_are_refused(averages, hand, message):
    with pytest.raises(ValueError, match=message):
        figure_trajectories_by_session(averages, hand=hand)
