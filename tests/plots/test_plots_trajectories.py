"""Trajectories: where lines run, where they begin and end, which are left out."""

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from cebra_kedro.plots import HAND_AXES, plot_trajectories
from cebra_kedro.plots.reaching_colours import DIRECTION_COLOURS

N_BINS = 9
DIRECTION = np.arange(8)


@pytest.fixture
def paths():
    return np.random.default_rng(2).normal(size=(8, N_BINS, 3)).cumsum(axis=1)


def lines(ax):
    """Arrays (bin, dim) of all lines on the axes."""
    if hasattr(ax, "set_zlim"):
        return [np.stack(line.get_data_3d(), axis=1) for line in ax.lines]
    return [line.get_xydata() for line in ax.lines]


def marks(ax, number):
    points = ax.collections[number]
    if hasattr(ax, "set_zlim"):
        return np.stack(points._offsets3d, axis=1)
    return np.ma.getdata(points.get_offsets())


@pytest.mark.parametrize("dim", [2, 3])
def test_each_path_is_a_line_in_the_colour_of_its_direction(paths, dim):
    direction = DIRECTION[::-1]
    drawn = plot_trajectories(paths[..., :dim], direction)
    for line, artist, path, i in zip(
        lines(drawn.ax), drawn.ax.lines, paths, direction, strict=True
    ):
        np.testing.assert_array_equal(line, path[:, :dim])
        assert artist.get_color() == pytest.approx(to_rgba(DIRECTION_COLOURS[i]))


@pytest.mark.parametrize("dim", [2, 3])
def test_circles_stand_at_the_starts_and_triangles_at_the_ends(paths, dim):
    ax = plot_trajectories(paths[..., :dim], DIRECTION).ax
    starts, ends = ax.collections
    np.testing.assert_array_equal(marks(ax, 0), paths[:, 0, :dim])
    np.testing.assert_array_equal(marks(ax, 1), paths[:, -1, :dim])
    n_corners = [len(c.get_paths()[0].to_polygons()[0]) - 1 for c in (starts, ends)]
    assert n_corners[0] > 8  # a circle
    assert n_corners[1] == 3
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend[-2:] == ["start", "end"]
    assert legend[:2] == ["→ 0°", "↗ 45°"]


def test_marks_are_drawn_over_lines_also_in_space(paths):
    ax = plot_trajectories(paths, DIRECTION).ax
    assert not ax.computed_zorder
    assert max(line.zorder for line in ax.lines) < min(c.zorder for c in ax.collections)


def test_directions_without_trials_are_left_out_of_everything(paths):
    paths[[1, 6]] = np.nan
    drawn = plot_trajectories(paths, DIRECTION)
    drawn.figure.canvas.draw()
    assert len(drawn.ax.lines) == 6
    assert set(drawn.data["direction"]) == {0, 2, 3, 4, 5, 7}
    assert len(drawn.ax.get_legend().get_texts()) == 6 + 2
    assert np.isfinite(drawn.data).all(axis=None)


def test_data_hold_every_point_that_was_drawn(paths):
    direction = np.array([5, 5, 0, 0, 1, 1, 2, 2])
    data = plot_trajectories(paths, direction).data
    assert len(data) == 8 * N_BINS
    for path, rows in data.groupby("path"):
        np.testing.assert_array_equal(rows[["x", "y", "z"]], paths[path])
        np.testing.assert_array_equal(rows["bin"], np.arange(N_BINS))
        assert (rows["direction"] == direction[path]).all()


def test_hand_axes_have_centimetres_and_one_scale(paths):
    ax = plot_trajectories(paths[..., :2], DIRECTION, axis_labels=HAND_AXES).ax
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("hand x (cm)", "hand y (cm)")
    assert ax.get_aspect() == 1.0


def test_more_dimensions_keep_distances_of_a_flat_bundle_of_paths(paths):
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))[0][:3]
    paths[4] = np.nan
    drawn = plot_trajectories(paths @ rotation + 3.0, DIRECTION)
    shown = drawn.data[["x", "y", "z"]].to_numpy()
    there = np.delete(paths, 4, axis=0).reshape(-1, 3)
    distances = np.linalg.norm(there[:, None] - there[None], axis=-1)
    shown_distances = np.linalg.norm(shown[:, None] - shown[None], axis=-1)
    np.testing.assert_allclose(shown_distances, distances, atol=1e-9)  # float64 eigenvectors
    assert [text.get_text() for text in drawn.ax.texts] == ["3 PCs of 5 dims"]


def test_given_axes_are_drawn_on_without_a_legend_if_asked(paths):
    ax = Figure().add_subplot()
    drawn = plot_trajectories(paths[..., :2], DIRECTION, ax=ax, title="hand", legend=False)
    assert drawn.ax is ax
    assert ax.get_legend() is None
    assert ax.get_title() == "hand"


ONES = np.ones((8, N_BINS, 3))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"paths": ONES[0]}, r"array \(path, bin, dim\)"),
        ({"paths": ONES[..., :1]}, "dim >= 2"),
        ({"paths": ONES[:0], "direction": DIRECTION[:0]}, "non-empty"),
        ({"paths": ONES * np.nan}, "finite, or NaN throughout"),
        ({"paths": np.where(np.arange(N_BINS)[:, None] == 1, np.nan, ONES)}, "24 bad values"),
        ({"direction": DIRECTION[:-1]}, r"direction must have shape \(8,\), got \(7,\)"),
        ({"direction": DIRECTION + 8}, "in 0 … 7"),
        ({"axis_labels": HAND_AXES}, "must name 3 axes"),
        ({"ax": Figure().add_subplot()}, "3-D axes"),
    ],
)
def test_wrong_input_is_refused_by_name(change, message):
    with pytest.raises(ValueError, match=message):
        plot_trajectories(**{"paths": ONES, "direction": DIRECTION, **change})
