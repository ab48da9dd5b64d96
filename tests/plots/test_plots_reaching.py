"""Embeddings of reaching: which dots are drawn, and in which colour."""

import numpy as np
import pytest
from matplotlib.colors import to_rgba_array
from matplotlib.figure import Figure

from cebra_kedro.plots import plot_embedding_by_position, plot_embedding_by_target
from cebra_kedro.plots.reaching_colours import DIRECTION_COLOURS, position_colours

N_TIME = 80


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture
def position(rng):
    return rng.uniform(-9, 9, size=(N_TIME, 2))


TARGET = np.repeat(np.arange(8), N_TIME // 8)


def dots(ax):
    points = ax.collections[0]
    if hasattr(points, "_offsets3d"):
        return np.stack(points._offsets3d, axis=1)
    return np.ma.getdata(points.get_offsets())


def colours(ax):
    return ax.collections[0].get_facecolors()


@pytest.mark.parametrize("coordinate", ["x", "y"])
def test_colour_is_that_of_the_coordinate_on_limits_shared_by_x_and_y(rng, position, coordinate):
    position[3] = (2.0, -12.0)
    drawn = plot_embedding_by_position(rng.normal(size=(N_TIME, 2)), position, coordinate)
    values = position[:, "xy".index(coordinate)]
    expected = position_colours(12.0).to_rgba(values)
    np.testing.assert_allclose(colours(drawn.ax), expected, atol=1 / 255)  # one colormap step
    np.testing.assert_array_equal(drawn.data["position_cm"], values)
    (bar,) = [ax for ax in drawn.figure.axes if ax is not drawn.ax]
    assert bar.get_ylim() == (-12, 12)
    assert bar.get_ylabel() == f"hand {coordinate} (cm)"


def test_given_limit_sets_the_ends_of_the_colours(rng, position):
    drawn = plot_embedding_by_position(
        rng.normal(size=(N_TIME, 2)), position, "x", limit_cm=3.0, colour_bar=False
    )
    assert drawn.figure.axes == [drawn.ax]
    expected = position_colours(3.0).to_rgba(position[:, 0])
    np.testing.assert_allclose(colours(drawn.ax), expected, atol=1 / 255)  # one colormap step


def test_hand_that_stays_at_the_origin_still_draws(rng):
    drawn = plot_embedding_by_position(rng.normal(size=(N_TIME, 3)), np.zeros((N_TIME, 2)), "y")
    drawn.figure.canvas.draw()
    assert len(drawn.data) == N_TIME


def test_each_target_has_its_colour_and_a_legend_entry_with_arrow_and_angle(rng):
    drawn = plot_embedding_by_target(rng.normal(size=(N_TIME, 2)), TARGET)
    np.testing.assert_array_equal(colours(drawn.ax), to_rgba_array(DIRECTION_COLOURS)[TARGET])
    np.testing.assert_array_equal(drawn.data["target"], TARGET)
    legend = [text.get_text() for text in drawn.ax.get_legend().get_texts()]
    assert legend == ["→ 0°", "↗ 45°", "↑ 90°", "↖ 135°", "← 180°", "↙ 225°", "↓ 270°", "↘ 315°"]


def test_directions_that_do_not_occur_are_not_in_the_legend(rng):
    drawn = plot_embedding_by_target(rng.normal(size=(N_TIME, 3)), np.where(TARGET < 4, 2, 6))
    legend = [text.get_text() for text in drawn.ax.get_legend().get_texts()]
    assert legend == ["↑ 90°", "↓ 270°"]


@pytest.mark.parametrize("dim", [2, 3])
def test_dots_are_where_the_embedding_says(rng, position, dim):
    embedding = rng.normal(size=(N_TIME, dim))
    for drawn in (
        plot_embedding_by_position(embedding, position, "x"),
        plot_embedding_by_target(embedding, TARGET),
    ):
        np.testing.assert_array_equal(dots(drawn.ax), embedding)
        np.testing.assert_array_equal(drawn.data[["x", "y", "z"][:dim]], embedding)


@pytest.mark.parametrize("max_points", [1, 7, 79, 80, 500])
def test_large_recordings_are_thinned_evenly_from_first_to_last_row(rng, max_points):
    embedding = rng.normal(size=(N_TIME, 2))
    data = plot_embedding_by_target(embedding, TARGET, max_points=max_points).data
    rows = data["row"].to_numpy()
    assert len(rows) == min(max_points, N_TIME)
    np.testing.assert_array_equal(data[["x", "y"]], embedding[rows])
    np.testing.assert_array_equal(data["target"], TARGET[rows])
    assert rows[0] == 0
    if max_points > 1:
        assert rows[-1] == N_TIME - 1
        assert np.ptp(np.diff(rows)) <= 1  # even spacing, rounded to whole rows


def test_components_do_not_depend_on_thinning(rng, position):
    embedding = rng.normal(size=(N_TIME, 6))
    everything = plot_embedding_by_position(embedding, position, "x")
    thinned = plot_embedding_by_position(embedding, position, "x", max_points=10)
    np.testing.assert_array_equal(thinned.data, everything.data.iloc[thinned.data["row"]])


def test_colour_limits_do_not_depend_on_thinning(rng, position):
    embedding = rng.normal(size=(N_TIME, 2))
    position[1] = (30.0, 0.0)  # a row that thinning leaves out
    everything = plot_embedding_by_position(embedding, position, "x")
    thinned = plot_embedding_by_position(embedding, position, "x", max_points=10)
    rows = thinned.data["row"]
    assert 1 not in set(rows)
    np.testing.assert_array_equal(colours(thinned.ax), colours(everything.ax)[rows])


def test_given_axes_are_drawn_on_and_inputs_stay_as_they_were(rng, position):
    embedding = rng.normal(size=(N_TIME, 3))
    copies = [embedding.copy(), position.copy()]
    ax = Figure().add_subplot(projection="3d")
    drawn = plot_embedding_by_position(embedding, position, "x", ax=ax, title="time")
    assert drawn.ax is ax
    assert ax.get_title() == "time"
    np.testing.assert_array_equal(embedding, copies[0])
    np.testing.assert_array_equal(position, copies[1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"embedding": np.zeros((N_TIME, 1))}, "dim >= 2"),
        ({"embedding": np.zeros((0, 3))}, "non-empty"),
        ({"embedding": np.full((N_TIME, 3), np.nan)}, "embedding must be finite, got 240"),
        ({"position": np.zeros(N_TIME)}, r"position must have shape \(80, 2\)"),
        ({"position": np.full((N_TIME, 2), np.nan)}, "position must be finite"),
        ({"coordinate": "z"}, "coordinate must be 'x' or 'y', got 'z'"),
        ({"limit_cm": 0.0}, "limit_cm must be positive, got 0.0"),
        ({"max_points": 0}, "max_points must be at least 1, got 0"),
        ({"ax": Figure().add_subplot()}, "3-D axes"),
    ],
)
def test_wrong_input_by_position_is_refused_by_name(position, change, message):
    arguments = {"embedding": np.ones((N_TIME, 3)), "position": position, "coordinate": "x"}
    with pytest.raises(ValueError, match=message):
        plot_embedding_by_position(**{**arguments, **change})


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (TARGET[:-1], r"target must have shape \(80,\), got \(79,\)"),
        (TARGET + 1, "in 0 … 7 .*modulo 8"),
        (TARGET - 1, "in 0 … 7"),
        (TARGET / 1, "integer ids, got dtype float64"),
    ],
)
def test_wrong_target_is_refused_by_name(target, message):
    with pytest.raises(ValueError, match=message):
        plot_embedding_by_target(np.ones((N_TIME, 3)), target)
