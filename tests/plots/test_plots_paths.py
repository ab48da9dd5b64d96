"""Paths: where lines run, where they begin and end, which are left out."""

import numpy as np
import pytest
from matplotlib.colors import to_rgba_array
from matplotlib.figure import Figure

from cebra_kedro.plots.class_colours import CLASS_COLOURS, class_key
from cebra_kedro.plots.paths import plot_paths
from cebra_kedro.plots.space import Shown, shown_coordinates

N_BINS = 9
CLASSES = np.arange(8)
KEY = class_key("target", range(8), directions=True)


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


def drawn_of(paths, classes=CLASSES, **options):
    return plot_paths(shown_coordinates(paths), classes, KEY, **options)


@pytest.mark.parametrize("dim", [2, 3])
def test_each_path_is_a_line_in_the_colour_of_its_class(paths, dim):
    classes = CLASSES[::-1]
    ax = drawn_of(paths[..., :dim], classes).ax
    for line, artist, path, i in zip(lines(ax), ax.lines, paths, classes, strict=True):
        np.testing.assert_array_equal(line, path[:, :dim])
        assert artist.get_color() == CLASS_COLOURS[i]


@pytest.mark.parametrize("dim", [2, 3])
def test_circles_stand_at_the_starts_and_triangles_at_the_ends(paths, dim):
    ax = drawn_of(paths[..., :dim]).ax
    starts, ends = ax.collections
    np.testing.assert_array_equal(marks(ax, 0), paths[:, 0, :dim])
    np.testing.assert_array_equal(marks(ax, 1), paths[:, -1, :dim])
    if dim == 2:  # in space, marks are sorted by depth
        np.testing.assert_array_equal(ends.get_facecolors(), to_rgba_array(CLASS_COLOURS[:8]))
    n_corners = [len(c.get_paths()[0].to_polygons()[0]) - 1 for c in (starts, ends)]
    assert n_corners[0] > 8  # a circle
    assert n_corners[1] == 3
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend[-2:] == ["start", "end"]
    assert legend[:2] == ["→ 0°", "↗ 45°"]


def test_marks_are_drawn_over_lines_also_in_space(paths):
    ax = drawn_of(paths).ax
    assert not ax.computed_zorder
    assert max(line.zorder for line in ax.lines) < min(c.zorder for c in ax.collections)


def test_classes_without_trials_are_left_out_of_everything(paths):
    paths[[1, 6]] = np.nan
    drawn = drawn_of(paths)
    drawn.figure.canvas.draw()
    assert len(drawn.ax.lines) == 6
    assert set(drawn.data["class"]) == {0, 2, 3, 4, 5, 7}
    assert len(drawn.ax.get_legend().get_texts()) == 6 + 2
    assert np.isfinite(drawn.data).all(axis=None)


def test_data_hold_every_point_that_was_drawn(paths):
    classes = np.array([5, 5, 0, 0, 1, 1, 2, 2])
    data = drawn_of(paths, classes).data
    assert len(data) == 8 * N_BINS
    for path, rows in data.groupby("path"):
        np.testing.assert_array_equal(rows[["x", "y", "z"]], paths[path])
        np.testing.assert_array_equal(rows["bin"], np.arange(N_BINS))
        assert (rows["class"] == classes[path]).all()


def test_axes_have_the_names_given_and_one_scale(paths):
    shown = Shown(paths[..., :2], ("hand x (cm)", "hand y (cm)"))
    ax = plot_paths(shown, CLASSES, KEY).ax
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("hand x (cm)", "hand y (cm)")
    assert ax.get_aspect() == 1.0


def test_more_dimensions_keep_distances_of_a_flat_bundle_of_paths(paths):
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))[0][:3]
    paths[4] = np.nan
    drawn = drawn_of(paths @ rotation + 3.0)
    shown = drawn.data[["x", "y", "z"]].to_numpy()
    there = np.delete(paths, 4, axis=0).reshape(-1, 3)
    distances = np.linalg.norm(there[:, None] - there[None], axis=-1)
    shown_distances = np.linalg.norm(shown[:, None] - shown[None], axis=-1)
    np.testing.assert_allclose(shown_distances, distances, atol=1e-9)  # float64 eigenvectors
    assert [text.get_text() for text in drawn.ax.texts] == ["3 PCs of 5 dims"]


def test_given_axes_are_drawn_on_without_a_legend_if_asked(paths):
    ax = Figure().add_subplot()
    drawn = drawn_of(paths[..., :2], ax=ax, title="hand", legend=False)
    assert drawn.ax is ax
    assert ax.get_legend() is None
    assert ax.get_title() == "hand"


def test_given_limits_hold_the_given_points(paths):
    ax = drawn_of(paths[..., :2], limits_of=np.array([[-50.0, 0.0], [50.0, 20.0]])).ax
    assert ax.get_xlim()[0] < -50 < 50 < ax.get_xlim()[1]


ONES = np.ones((8, N_BINS, 3))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"points": ONES[0]}, r"array \(path, bin, 2 or 3\)"),
        ({"points": np.ones((8, N_BINS, 4))}, r"array \(path, bin, 2 or 3\)"),
        ({"points": ONES[:0], "classes": CLASSES[:0]}, "non-empty"),
        ({"points": ONES * np.nan}, "finite, or NaN throughout"),
        ({"points": np.where(np.arange(N_BINS)[:, None] == 1, np.nan, ONES)}, "24 bad values"),
        ({"classes": CLASSES[:-1]}, r"for each of 8 paths, got shape \(7,\)"),
        ({"classes": CLASSES + 8}, "one of 0, 1, .*7 for each"),
        ({"ax": Figure().add_subplot()}, "3-D axes"),
    ],
)
def test_wrong_input_is_refused_by_name(change, message):
    options = {"points": ONES, "classes": CLASSES} | change
    shown = Shown(options.pop("points"), ("x", "y", "z"))
    with pytest.raises(ValueError, match=message):
        plot_paths(shown, options.pop("classes"), KEY, **options)
