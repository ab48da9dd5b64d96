"""Embedding scatters: what is drawn where, and in the colours of which label."""

import numpy as np
import pytest
import rat_results
from matplotlib.figure import Figure

from cebra_kedro.plots.embedding import embedding_figure
from cebra_kedro.plots.embedding_panel import plot_embedding
from cebra_kedro.plots.label_colours import SPLIT_COLORMAPS, label_colours
from cebra_kedro.plots.results import Variant
from cebra_kedro.recording import Label

N_TIME = 60
POSITION = Label(np.tile(np.linspace(0.0, 1.6, N_TIME // 2), 2), "continuous", "m")
DIRECTION = Label(np.repeat([0, 1], N_TIME // 2), "discrete")
HAND = Label(np.random.default_rng(1).normal(size=(N_TIME, 2)), "continuous", "cm")


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def draw(embedding, label=POSITION, name="position", **options):
    return plot_embedding(embedding, label, name, **options)


@pytest.mark.parametrize("dim", [2, 3])
def test_points_are_drawn_where_the_embedding_says(rng, dim):
    embedding = rng.normal(size=(N_TIME, dim)).astype(np.float32)
    drawn = draw(embedding)
    points = drawn.ax.collections[0]
    shown = np.ma.getdata(points.get_offsets() if dim == 2 else np.stack(points._offsets3d, 1))
    np.testing.assert_allclose(shown, embedding, rtol=1e-6)  # float32 in, float64 out
    np.testing.assert_array_equal(drawn.data[["x", "y", "z"][:dim]], embedding)
    np.testing.assert_array_equal(drawn.data["value"], POSITION.values)


def test_one_dimension_is_drawn_against_time(rng):
    embedding = rng.normal(size=(N_TIME, 1))
    drawn = draw(embedding)
    expected = np.column_stack([np.arange(N_TIME), embedding])
    np.testing.assert_array_equal(drawn.ax.collections[0].get_offsets(), expected)
    assert drawn.ax.get_xlabel() == "time (bins)"


def test_more_dimensions_are_shown_by_principal_components_and_say_so(rng):
    # Points of a 3-D subspace of 6 dimensions: three components keep every distance.
    spread = rng.normal(size=(N_TIME, 3)) * [3.0, 2.0, 1.0]
    rotation = np.linalg.qr(rng.normal(size=(6, 6)))[0][:3]
    embedding = spread @ rotation + 5.0
    drawn = draw(embedding)
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
def test_largest_loading_of_each_principal_component_is_positive(seed):
    embedding = np.random.default_rng(seed).normal(size=(N_TIME, 5)) * np.arange(1, 6)
    shown = draw(embedding).data[["x", "y", "z"]].to_numpy()
    loadings = np.linalg.pinv(embedding - embedding.mean(axis=0)) @ shown
    assert (loadings[np.abs(loadings).argmax(axis=0), range(3)] > 0).all()


@pytest.mark.parametrize("dim", [2, 3])
def test_axes_are_equal_in_scale(rng, dim):
    ax = draw(rng.normal(size=(N_TIME, dim)) * ([1, 5, 2][:dim])).ax
    spans = [np.ptp(getattr(ax, f"get_{name}lim")()) for name in "xyz"[:dim]]
    np.testing.assert_allclose(spans, spans[0])
    if dim == 2:
        assert ax.get_aspect() == 1.0


def test_points_have_the_colours_of_their_label(rng):
    embedding = rng.normal(size=(N_TIME, 2))
    colours = label_colours([HAND], "hand")
    for coordinate in (0, 1):
        drawn = draw(embedding, HAND, "hand", coordinate=coordinate)
        expected = colours.rgba(HAND.values[:, coordinate])
        np.testing.assert_allclose(drawn.ax.collections[0].get_facecolors(), expected)
        np.testing.assert_array_equal(drawn.data["value"], HAND.values[:, coordinate])


def test_each_id_of_another_label_takes_its_colormap_with_its_own_bar(rng):
    drawn = draw(rng.normal(size=(N_TIME, 2)), split_by=DIRECTION, split_name="direction")
    drawn.figure.canvas.draw()
    bars = sorted(
        (ax.get_position().x0, ax.get_ylabel()) for ax in drawn.figure.axes if ax is not drawn.ax
    )
    names = ["position, direction 0 (m)", "position, direction 1 (m)"]
    assert [label for _, label in bars] == names
    assert drawn.data["split"].tolist() == DIRECTION.values.tolist()
    ends = drawn.ax.collections[0].get_facecolors()[[0, -1]]
    assert not np.allclose(*ends)
    assert len(SPLIT_COLORMAPS) == 2


def test_long_recordings_are_thinned_evenly_from_end_to_end(rng):
    data = draw(rng.normal(size=(N_TIME, 2)), max_points=5).data
    np.testing.assert_array_equal(data["row"], [0, 15, 30, 44, 59])
    np.testing.assert_array_equal(data["value"], POSITION.values[data["row"]])


def test_principal_components_of_few_points_are_those_of_all(rng):
    embedding = rng.normal(size=(N_TIME, 5)) * np.arange(1, 6)
    every, few = draw(embedding).data, draw(embedding, max_points=5).data
    np.testing.assert_allclose(
        few[["x", "y", "z"]], every.loc[few["row"], ["x", "y", "z"]], atol=1e-12
    )


def test_constant_label_and_embedding_still_draw():
    drawn = draw(np.ones((N_TIME, 3)), Label(np.ones(N_TIME), "continuous"))
    drawn.figure.canvas.draw()
    assert len(drawn.data) == N_TIME


def test_given_axes_are_drawn_on_and_inputs_stay_as_they_were(rng):
    embedding = rng.normal(size=(N_TIME, 3))
    copy = embedding.copy()
    ax = Figure().add_subplot(projection="3d")
    drawn = draw(embedding, ax=ax, key=False, title="buddy")
    assert drawn.ax is ax
    assert drawn.figure.axes == [ax]
    assert ax.get_title() == "buddy"
    np.testing.assert_array_equal(embedding, copy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"embedding": np.zeros((0, 3))}, "non-empty"),
        ({"embedding": np.zeros(N_TIME)}, "non-empty array"),
        ({"embedding": np.full((N_TIME, 3), np.nan)}, "embedding must be finite"),
        ({"label": Label(np.zeros(N_TIME - 1), "continuous")}, r"label position .*\(60\), got 59"),
        ({"label": Label(np.full(N_TIME, np.inf), "continuous")}, "label position must be finite"),
        ({"split_by": Label(np.arange(N_TIME), "discrete")}, "at most 2 ids"),
        ({"coordinate": 1}, "coordinate must be in 0 … 0"),
        ({"max_points": 0}, "max_points must be at least 1"),
        ({"ax": Figure().add_subplot()}, "3-D axes"),
    ],
)
def test_wrong_input_is_refused_by_name(change, message):
    arguments = {"embedding": np.ones((N_TIME, 3)), "label": POSITION, "name": "position"}
    with pytest.raises(ValueError, match=message):
        plot_embedding(**{**arguments, **change})


def panels(figure):
    """Axes but colour bars."""
    return [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]


def bars(figure):
    return [ax.get_ylabel() for ax in figure.axes if ax.get_label() == "<colorbar>"]


def test_grid_has_encoders_and_controls_in_order_under_one_pair_of_bars():
    figure = embedding_figure(
        rat_results.results(), "buddy", colour="position", split_by="direction"
    )
    titles = [ax.get_title() for ax in panels(figure)]
    assert titles == ["position direction", "position", "time", "time †", "shuffled"]
    assert len(bars(figure)) == 2
    assert figure.get_suptitle() == "buddy: embeddings coloured by position"
    assert figure.get_supxlabel().startswith("† transductive")


def test_stored_baselines_are_drawn_on_demand_and_raw_activity_is_not():
    figure = embedding_figure(rat_results.results(), "buddy", colour="position", baselines=True)
    assert [ax.get_title() for ax in panels(figure)][-2:] == ["shuffled", "PCA"]


@pytest.mark.parametrize("rows", ["all", "test"])
def test_rows_are_those_asked_for_with_their_own_labels(rows):
    figure = embedding_figure(
        rat_results.results(
            variants=(Variant("time", "encoder"),),
            embedding=lambda session, variant: rat_results.embedding(session, variant, dim=2),
        ),
        "buddy",
        colour="heading",
        rows=rows,
    )
    (ax,) = panels(figure)
    chosen = rat_results.TEST if rows == "test" else np.arange(rat_results.N_TIME)
    points = rat_results.embedding("buddy", "time", dim=2)[chosen]
    np.testing.assert_array_equal(ax.collections[0].get_offsets(), points)
    heading = rat_results.recording().labels["heading"]
    expected = label_colours([heading], "heading").rgba(heading.values[chosen])
    np.testing.assert_allclose(ax.collections[0].get_facecolors(), expected)


def test_each_label_has_a_block_of_panels_and_two_coordinates_stand_side_by_side():
    figure = embedding_figure(rat_results.results(), "buddy", colour=["hand", "target", "frame"])
    figure.canvas.draw()
    n = 5
    titles = [ax.get_title() for ax in panels(figure)]
    assert titles[:4] == [
        *("position direction: x", "position direction: y", "position: x", "position: y")
    ]
    assert len(titles) == 2 * n + n + n
    assert bars(figure) == ["hand (cm)", "frame"]
    (legend,) = figure.subfigs[1].legends
    assert [t.get_text() for t in legend.get_texts()] == [f"target {i}" for i in range(8)]


def test_without_a_name_the_first_label_but_the_part_gives_the_colours():
    assert bars(embedding_figure(rat_results.results(), "buddy")) == ["position (m)"]


def test_labels_of_other_sessions_are_left_out_unless_none_is_there():
    figure = embedding_figure(rat_results.results(), "buddy", colour=["angle", "position"])
    assert bars(figure) == ["position (m)"]
    with pytest.raises(KeyError, match="colour must be a label of buddy, which has part, position"):
        embedding_figure(rat_results.results(), "buddy", colour="angle")


def test_populations_have_rows_of_their_own_on_their_own_bins():
    variants = tuple(
        Variant(f"{encoder}_{population}", "encoder", population)
        for encoder in ("single", "joint")
        for population in ("ca", "neuropixels")
    )
    long = 2 * rat_results.N_TIME
    results = rat_results.results(
        variants=variants,
        recording=lambda session, population: rat_results.recording(
            session, long if population == "neuropixels" else rat_results.N_TIME
        ),
        embedding=lambda session, variant: np.repeat(
            rat_results.embedding(session, variant), 2 if "neuropixels" in variant else 1, axis=0
        ),
    )
    axes = panels(embedding_figure(results, "VISp", colour="position"))
    places = [
        (ax.get_title(), ax.get_subplotspec().rowspan[0], ax.get_subplotspec().colspan[0])
        for ax in axes
    ]
    assert places == [
        ("single Ca²⁺", 0, 0),
        ("joint Ca²⁺", 0, 1),
        ("single Neuropixels", 1, 0),
        ("joint Neuropixels", 1, 1),
    ]
    assert [len(ax.collections[0]._offsets3d[0]) for ax in axes] == [400, 400, 800, 800]


def test_flat_solid_and_one_dimensional_embeddings_stand_in_one_figure():
    dims = {"position": 1, "time": 2, "shuffled": 8}
    results = rat_results.results(
        variants=tuple(Variant(name, "encoder") for name in dims),
        embedding=lambda session, variant: rat_results.embedding(
            session, variant, dim=dims[variant]
        ),
    )
    figure = embedding_figure(results, "buddy")
    figure.canvas.draw()
    assert [hasattr(ax, "set_zlim") for ax in panels(figure)] == [False, False, True]
    assert figure.get_supxlabel() == ""


def test_without_embeddings_there_is_no_figure_and_wrong_rows_are_refused():
    raw = rat_results.results(variants=(Variant("raw", "baseline"),))
    assert embedding_figure(raw, "buddy", baselines=True) is None
    with pytest.raises(ValueError, match="rows must be all or test, got 'valid'"):
        embedding_figure(rat_results.results(), "buddy", rows="valid")
