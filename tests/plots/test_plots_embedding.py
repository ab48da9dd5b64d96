"""Embedding scatters: what is drawn where and in which colour."""

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from cebra_kedro.plots import figure_embedding_grid, plot_embedding

N_TIME = 60


@pytest.fixture
def labels():
    position = np.tile(np.linspace(0.0, 1.6, N_TIME // 2), 2)
    direction = np.repeat([0, 1], N_TIME // 2)
    return position, direction


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def bar_labels(figure, axes):
    return [ax.get_ylabel() for ax in figure.axes if ax not in axes]


@pytest.mark.parametrize("dim", [2, 3])
def test_points_are_drawn_where_the_embedding_says(rng, labels, dim):
    embedding = rng.normal(size=(N_TIME, dim)).astype(np.float32)
    drawn = plot_embedding(embedding, *labels)
    points = drawn.ax.collections[0]
    shown = np.ma.getdata(points.get_offsets() if dim == 2 else np.stack(points._offsets3d, 1))
    np.testing.assert_allclose(shown, embedding, rtol=1e-6)  # float32 in, float64 out
    np.testing.assert_array_equal(drawn.data[["x", "y", "z"][:dim]], embedding)
    np.testing.assert_array_equal(drawn.data["position"], labels[0])
    np.testing.assert_array_equal(drawn.data["direction"], labels[1])


def test_each_direction_takes_its_colormap_on_one_range_of_positions(rng, labels):
    position, direction = labels
    drawn = plot_embedding(rng.normal(size=(N_TIME, 2)), position, direction)
    colours = drawn.ax.collections[0].get_facecolors()
    for direction_id, name in ((0, "cool"), (1, "viridis")):
        rows = direction == direction_id
        expected = matplotlib.colormaps[name](position[rows] / 1.6)
        np.testing.assert_allclose(colours[rows], expected, atol=1 / 255)  # one colormap step


def test_direction_names_and_unit_stand_at_the_colour_bars_from_left_to_right(rng, labels):
    names = {0: "left", 1: "right"}
    drawn = plot_embedding(
        rng.normal(size=(N_TIME, 3)), *labels, direction_names=names, unit="cm", title="buddy"
    )
    drawn.figure.canvas.draw()
    bars = sorted(
        (ax.get_position().x0, ax.get_ylabel()) for ax in drawn.figure.axes if ax is not drawn.ax
    )
    assert [label for _, label in bars] == ["position, left (cm)", "position, right (cm)"]
    assert drawn.ax.get_title() == "buddy"


def test_one_direction_has_one_colour_bar(rng, labels):
    drawn = plot_embedding(rng.normal(size=(N_TIME, 3)), labels[0], np.full(N_TIME, 4))
    assert bar_labels(drawn.figure, drawn.axes) == ["position, direction 4 (m)"]


def test_constant_position_and_embedding_still_draw(labels):
    drawn = plot_embedding(np.ones((N_TIME, 3)), np.ones(N_TIME), labels[1])
    drawn.figure.canvas.draw()
    assert len(drawn.data) == N_TIME


def test_more_dimensions_are_shown_by_principal_components_and_say_so(rng, labels):
    # Points of a 3-D subspace of 6 dimensions: three components keep every distance.
    spread = rng.normal(size=(N_TIME, 3)) * [3.0, 2.0, 1.0]
    rotation = np.linalg.qr(rng.normal(size=(6, 6)))[0][:3]
    embedding = spread @ rotation + 5.0
    drawn = plot_embedding(embedding, *labels)
    shown = drawn.data[["x", "y", "z"]].to_numpy()
    distances = np.linalg.norm(embedding[:, None] - embedding[None], axis=-1)
    shown_distances = np.linalg.norm(shown[:, None] - shown[None], axis=-1)
    np.testing.assert_allclose(shown_distances, distances, atol=1e-9)  # float64 eigenvectors
    assert np.all(np.diff(shown.var(axis=0)) < 0)
    axis_labels = [drawn.ax.get_xlabel(), drawn.ax.get_ylabel(), drawn.ax.get_zlabel()]
    assert [label[:5] for label in axis_labels] == [f"PC {i} " for i in (1, 2, 3)]
    assert [text.get_text() for text in drawn.ax.texts] == ["3 PCs of 6 dims"]
    percents = [int(label.split("(")[1].split()[0]) for label in axis_labels]
    assert sum(percents) == pytest.approx(100, abs=2)  # three roundings of half a percent


@pytest.mark.parametrize("seed", range(6))
def test_largest_loading_of_each_principal_component_is_positive(labels, seed):
    embedding = np.random.default_rng(seed).normal(size=(N_TIME, 5)) * np.arange(1, 6)
    shown = plot_embedding(embedding, *labels).data[["x", "y", "z"]].to_numpy()
    loadings = np.linalg.pinv(embedding - embedding.mean(axis=0)) @ shown
    assert (loadings[np.abs(loadings).argmax(axis=0), range(3)] > 0).all()


@pytest.mark.parametrize("dim", [2, 3])
def test_axes_are_equal_in_scale(rng, labels, dim):
    ax = plot_embedding(rng.normal(size=(N_TIME, dim)) * ([1, 5, 2][:dim]), *labels).ax
    spans = [np.ptp(getattr(ax, f"get_{name}lim")()) for name in "xyz"[:dim]]
    np.testing.assert_allclose(spans, spans[0])
    if dim == 2:
        assert ax.get_aspect() == 1.0


def test_given_axes_are_drawn_on_and_inputs_stay_as_they_were(rng, labels):
    embedding = rng.normal(size=(N_TIME, 3))
    copies = [a.copy() for a in (embedding, *labels)]
    ax = Figure().add_subplot(projection="3d")
    drawn = plot_embedding(embedding, *labels, ax=ax, colour_bars=False)
    assert drawn.ax is ax
    assert drawn.figure.axes == [ax]
    for array, copy in zip((embedding, *labels), copies, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"embedding": np.zeros((N_TIME, 1))}, "dim >= 2"),
        ({"embedding": np.zeros((0, 3))}, "non-empty"),
        ({"embedding": np.full((N_TIME, 3), np.nan)}, "embedding must be finite"),
        ({"position": np.zeros(N_TIME - 1)}, "position must have shape"),
        ({"position": np.full(N_TIME, np.inf)}, "position must be finite"),
        ({"direction": np.arange(N_TIME)}, "at most 2 ids"),
        ({"direction": np.zeros((N_TIME, 2), int)}, "direction must have shape"),
        ({"ax": Figure().add_subplot()}, "3-D axes"),
    ],
)
def test_wrong_input_is_refused_by_name(labels, change, message):
    arguments = {"embedding": np.ones((N_TIME, 3)), "position": labels[0], "direction": labels[1]}
    with pytest.raises(ValueError, match=message):
        plot_embedding(**{**arguments, **change})


@pytest.mark.parametrize("n_variants", [1, 3, 5])
def test_grid_has_one_panel_per_variant_and_one_pair_of_colour_bars(rng, labels, n_variants):
    variants = ["time_transductive", "time", "position", "pca", "shuffled"][:n_variants]
    embeddings = {v: rng.normal(size=(N_TIME, 3)) for v in variants}
    figure = figure_embedding_grid(embeddings, *labels, title="buddy")
    titles = [ax.get_title() for ax in figure.axes if ax.get_title()]
    assert sorted(titles) == sorted(
        {"time_transductive": "time †", "pca": "PCA"}.get(v, v) for v in variants
    )
    assert len(figure.axes) == n_variants + 2
    assert figure.get_suptitle() == "buddy"
    assert figure.get_supxlabel().startswith("† transductive")


def test_grid_mixes_flat_and_solid_embeddings_and_has_no_footnote_without_need(rng, labels):
    embeddings = {"time": rng.normal(size=(N_TIME, 2)), "pca": rng.normal(size=(N_TIME, 8))}
    figure = figure_embedding_grid(embeddings, *labels)
    figure.canvas.draw()
    assert [hasattr(ax, "set_zlim") for ax in figure.axes[:2]] == [False, True]
    assert figure.get_supxlabel() == ""


def test_empty_grid_is_refused(labels):
    with pytest.raises(ValueError, match="at least one variant"):
        figure_embedding_grid({}, *labels)
