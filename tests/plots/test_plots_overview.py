"""The overview of an embedding shows any number of dimensions, beside labels of every kind."""

import io

import numpy as np
import pandas as pd
import pytest

from cebra_kedro.plots.overview import draw_overview, overview_figure
from cebra_kedro.plots.results import Results, Variant
from cebra_kedro.recording import Label, Recording

RNG = np.random.default_rng(0)
N_TIME = 40
VARIANTS = (
    Variant("raw", "baseline"),
    Variant("wide", "encoder"),
    Variant("flat", "control"),
)


def drawn(figure):
    """Everything is laid out and rendered."""
    figure.savefig(io.BytesIO())
    return figure


def results_of(labels, embeddings, variants=VARIANTS):
    neural = RNG.poisson(1.0, (N_TIME, 3))
    return Results(
        experiment="synthetic",
        sessions=("set",),
        variants=variants,
        transfers=(),
        recording=lambda session, population: Recording(neural, labels, 1.0, session),
        part=lambda session, population: np.zeros(N_TIME, np.int8),
        embedding=lambda session, variant: embeddings.get(variant),
        predicted=lambda session, variant, label: None,
        history=lambda session: pd.DataFrame(),
    )


@pytest.mark.parametrize("embedding_dims", [1, 2, 3, 9])
@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("continuous", RNG.normal(size=N_TIME)),
        ("continuous", RNG.normal(size=(N_TIME, 1))),
        ("continuous", RNG.normal(size=(N_TIME, 12))),
        ("circular", RNG.uniform(0, 2 * np.pi, N_TIME)),
        ("discrete", RNG.integers(0, 4, N_TIME)),
    ],
)
def test_four_panels_for_any_number_of_dimensions(embedding_dims, kind, values):
    embedding = RNG.normal(size=(N_TIME, embedding_dims))
    figure = drawn(draw_overview(embedding, "label", Label(values, kind), title="set"))
    plane, space, over_time, labels = (ax for ax in figure.axes if ax.get_label() != "<colorbar>")
    assert hasattr(space, "set_zlim")
    points = plane.collections[0].get_offsets()
    expected = [np.arange(N_TIME), embedding[:, 0]] if embedding_dims == 1 else embedding[:, :2].T
    np.testing.assert_allclose(points, np.column_stack(list(expected)))
    assert len(over_time.lines) == min(embedding_dims, 8)
    np.testing.assert_array_equal(over_time.lines[0].get_ydata(), embedding[:, 0])
    assert len(labels.lines) == min(values.reshape(N_TIME, -1).shape[1], 8)
    np.testing.assert_array_equal(labels.lines[0].get_ydata(), values.reshape(N_TIME, -1)[:, 0])


def test_a_label_with_a_table_is_shown_by_the_rows_of_the_table():
    codes, table = RNG.integers(0, 5, N_TIME), RNG.normal(size=(5, 2))
    label = Label(codes, "continuous", table=table)
    figure = drawn(draw_overview(RNG.normal(size=(N_TIME, 2)), "features", label))
    np.testing.assert_array_equal(figure.axes[-1].lines[1].get_ydata(), table[codes, 1])


def test_dimensions_that_are_not_shown_are_counted():
    label = Label(RNG.normal(size=N_TIME), "continuous")
    figure = draw_overview(RNG.normal(size=(N_TIME, 10)), "label", label)
    assert "embedding over time (2 more dimensions)" in [ax.get_title() for ax in figure.axes]


def test_angles_have_one_colour_at_both_ends_of_a_turn():
    angle = Label(np.array([0.0, 2 * np.pi - 1e-9, np.pi, 4 * np.pi]), "circular", "rad")
    figure = drawn(draw_overview(RNG.normal(size=(4, 2)), "angle", angle))
    colours = figure.axes[0].collections[0].get_facecolors()
    np.testing.assert_allclose(colours[0], colours[1], atol=0.01)
    np.testing.assert_allclose(colours[0], colours[3], atol=0.01)
    assert np.abs(colours[0] - colours[2]).max() > 0.3
    assert figure.axes[-1].get_ylabel() == "angle (rad)"


def test_angles_of_a_label_in_degrees_are_shown_in_degrees():
    angle = Label(np.array([0.0, np.pi / 2, np.pi, 1.5 * np.pi]), "circular", "deg")  # in rad
    figure = drawn(draw_overview(RNG.normal(size=(4, 2)), "angle", angle))
    assert figure.axes[0].collections[0].get_clim() == pytest.approx((0, 360))
    assert figure.axes[-1].get_ylabel() == "angle (deg)"
    np.testing.assert_allclose(figure.axes[-1].lines[0].get_ydata(), [0, 90, 180, 270])


LABELS = {
    "latent": Label(RNG.normal(size=(N_TIME, 2)), "continuous"),
    "part": Label(np.zeros(N_TIME, int), "discrete"),
    "class": Label(RNG.integers(0, 3, N_TIME), "discrete"),
    "label": Label(RNG.normal(size=N_TIME), "continuous", "m"),
}
EMBEDDINGS = {"wide": RNG.normal(size=(N_TIME, 3)), "flat": RNG.normal(size=(N_TIME, 2))}


def test_the_first_embedding_is_shown_with_the_first_label_that_is_learnt():
    figure = drawn(overview_figure(results_of(LABELS, EMBEDDINGS), "set"))
    assert figure.get_suptitle() == "set: encoder wide (first seed), all rows"
    titles = [ax.get_title() for ax in figure.axes if ax.get_title()]
    assert titles == ["plane", "space", "embedding over time", "class over time"]
    np.testing.assert_array_equal(figure.axes[-1].lines[0].get_ydata(), LABELS["class"].values)


def test_a_named_encoder_is_shown_instead():
    results = results_of(LABELS, EMBEDDINGS)
    figure = overview_figure(results, "set", encoder="flat")
    assert figure.get_suptitle() == "set: control flat (first seed), all rows"
    with pytest.raises(KeyError, match="no variant 'deep'"):
        overview_figure(results, "set", encoder="deep")


def test_without_an_embedding_or_a_label_there_is_no_figure():
    assert overview_figure(results_of(LABELS, {}), "set") is None
    assert overview_figure(results_of(LABELS, EMBEDDINGS), "set", encoder="raw") is None
    hidden = {name: LABELS[name] for name in ("latent", "part")}
    assert overview_figure(results_of(hidden, EMBEDDINGS), "set") is None


@pytest.mark.parametrize("shape", [(N_TIME,), (N_TIME - 1, 2), (N_TIME, 0)])
def test_an_embedding_that_does_not_fit_is_refused(shape):
    with pytest.raises(ValueError, match="a row for each of the 40 rows of the label class"):
        draw_overview(np.zeros(shape), "class", LABELS["class"])


def test_an_overview_of_no_session_is_refused():
    with pytest.raises(ValueError, match="that of one session"):
        overview_figure(results_of(LABELS, EMBEDDINGS), None)
