"""Grids of reaching: a panel per variant, one key for all, footnotes where they are due."""

import numpy as np
import pytest

from cebra_kedro.plots import (
    figure_direction_trajectories,
    figure_embeddings_by_position,
    figure_embeddings_by_target,
    figure_single_trials,
)

N_TIME = 48
TARGET = np.repeat(np.arange(8), N_TIME // 8)


@pytest.fixture
def rng():
    return np.random.default_rng(1)


@pytest.fixture
def position(rng):
    return rng.uniform(-10, 10, size=(N_TIME, 2))


def panels(figure):
    return [ax for ax in figure.axes if ax.get_title()]


def titles(figure):
    return [ax.get_title() for ax in panels(figure)]


def key(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def in_one_row(axes):
    figure = axes[0].figure
    figure.canvas.draw()
    return len({round(ax.get_subplotspec().get_position(figure).y0, 6) for ax in axes}) == 1


def inside(figure):
    """Whether titles, legends and colour bars end within the picture."""
    figure.canvas.draw()
    artists = [*panels(figure), *figure.legends, *(t for t in figure.texts if t.get_text())]
    boxes = [a.title.get_window_extent() if hasattr(a, "title") else None for a in artists]
    boxes = [box or a.get_window_extent() for box, a in zip(boxes, artists, strict=True)]
    width, height = figure.canvas.get_width_height()
    return all(
        box.x0 >= -1 and box.y0 >= -1 and box.x1 <= width + 1 and box.y1 <= height + 1
        for box in boxes
    )


def test_every_variant_has_x_beside_y_and_one_colour_bar_for_all(rng, position):
    embeddings = {v: rng.normal(size=(N_TIME, 3)) for v in ("time", "position", "raw")}
    figure = figure_embeddings_by_position(embeddings, position, title="active")
    expected = ["position: x", "position: y", "time: x", "time: y", "raw neural: x"]
    assert titles(figure)[:5] == expected
    assert len(figure.axes) == 6 + 1
    for pair in zip(panels(figure)[::2], panels(figure)[1::2], strict=True):
        assert in_one_row(pair)
    bar = figure.axes[-1]
    limit = np.abs(position).max()
    assert bar.get_ylim() == (-limit, limit)
    assert bar.get_ylabel() == "hand position (cm)"
    assert figure.get_suptitle() == "active"
    assert inside(figure)


def test_sessions_with_other_time_bins_have_their_own_labels_and_common_colours(rng, position):
    embeddings = {"active": rng.normal(size=(N_TIME, 2)), "passive": rng.normal(size=(20, 2))}
    positions = {"active": position, "passive": position[:20] / 100}
    figure = figure_embeddings_by_position(embeddings, positions)
    assert titles(figure) == ["active: x", "active: y", "passive: x", "passive: y"]
    colours = [ax.collections[0].get_facecolors() for ax in panels(figure)]
    assert [len(c) for c in colours] == [N_TIME, N_TIME, 20, 20]
    # On the limits of the active session, the small passive movements are nearly all grey.
    assert np.ptp(colours[2][:, :3], axis=0).max() < 0.1 < np.ptp(colours[0][:, :3], axis=0).max()
    targets = {"active": TARGET, "passive": np.full(20, 3)}
    figure = figure_embeddings_by_target(embeddings, targets)
    shown = [len(np.unique(ax.collections[0].get_facecolors(), axis=0)) for ax in panels(figure)]
    assert shown == [8, 1]


def test_targets_of_every_variant_share_one_key(rng):
    embeddings = {v: rng.normal(size=(N_TIME, 3)) for v in ("target", "pca", "time_transductive")}
    figure = figure_embeddings_by_target(embeddings, TARGET % 2, title="passive")
    assert titles(figure) == ["target", "time †", "PCA"]
    assert key(figure) == ["→ 0°", "↗ 45°"]
    assert figure.get_supxlabel().startswith("† transductive")
    assert all(ax.get_legend() is None for ax in figure.axes)
    assert inside(figure)


@pytest.mark.parametrize("draw", [figure_embeddings_by_position, figure_embeddings_by_target])
def test_thinning_reaches_every_panel(rng, position, draw):
    embeddings = {v: rng.normal(size=(N_TIME, 2)) for v in ("target", "time")}
    labels = position if draw is figure_embeddings_by_position else TARGET
    figure = draw(embeddings, labels, max_points=11)
    assert {len(ax.collections[0].get_offsets()) for ax in panels(figure)} == {11}


def test_mean_trajectories_show_the_hand_first_and_name_only_directions_with_trials(rng):
    averages = {v: rng.normal(size=(8, 6, 3)) for v in ("time", "position")}
    hand = rng.normal(size=(8, 6, 2))
    for array in (*averages.values(), hand):
        array[4] = np.nan
    figure = figure_direction_trajectories(averages, hand=hand, title="active")
    assert titles(figure) == ["hand", "position", "time"]
    first = panels(figure)[0]
    assert (first.get_xlabel(), first.get_ylabel()) == ("hand x (cm)", "hand y (cm)")
    np.testing.assert_array_equal(first.lines[5].get_xydata(), hand[6])
    assert "← 180°" not in key(figure)
    assert key(figure)[-2:] == ["start", "end"]
    assert len(key(figure)) == 7 + 2
    assert inside(figure)


def test_single_trials_are_drawn_in_the_colours_of_their_targets(rng):
    trials = {"time": rng.normal(size=(5, 6, 2)), "pca": rng.normal(size=(5, 6, 7))}
    figure = figure_single_trials(trials, np.array([0, 0, 2, 2, 2]))
    assert titles(figure) == ["time", "PCA"]
    assert [len(ax.lines) for ax in panels(figure)] == [5, 5]
    colours = [line.get_color() for line in panels(figure)[0].lines]
    assert np.array_equal(colours[0], colours[1])
    assert not np.array_equal(colours[1], colours[2])
    assert key(figure) == ["→ 0°", "↑ 90°", "start", "end"]


@pytest.mark.parametrize("n_variants", [1, 5])
def test_long_title_keeps_clear_of_the_key(rng, n_variants):
    embeddings = {f"v{i}": rng.normal(size=(N_TIME, 3)) for i in range(n_variants)}
    title = "a session with a long name: embeddings coloured by target direction"
    figure = figure_embeddings_by_target(embeddings, TARGET, title=title)
    assert inside(figure)
    (title_box,) = [t.get_window_extent() for t in figure.texts if title[:9] in t.get_text()]
    assert not title_box.overlaps(figure.legends[0].get_window_extent())


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: figure_embeddings_by_position({}, np.zeros((3, 2))), "embeddings must hold"),
        (lambda: figure_embeddings_by_target({}, TARGET), "embeddings must hold"),
        (lambda: figure_direction_trajectories({}), "averages must hold"),
        (lambda: figure_single_trials({}, TARGET), "trials must hold"),
        (
            lambda: figure_embeddings_by_target({"a": np.ones((8, 2))}, {"b": TARGET}),
            "target must have an array for each embedding, missing: .'a'",
        ),
        (
            lambda: figure_direction_trajectories({"a": np.ones((9, 4, 3))}),
            "in 0 … 7",
        ),
    ],
)
def test_wrong_grid_is_refused_by_name(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()
