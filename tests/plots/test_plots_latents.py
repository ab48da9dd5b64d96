"""Figures of synthetic sets show any number of dimensions, and the means of a sweep."""

import io

import numpy as np
import pandas as pd
import pytest

from cebra_kedro.plots.latents import figure_overview, figure_sweep, figure_variants, plot_sweep

RNG = np.random.default_rng(0)


def drawn(figure):
    """Everything is laid out and rendered."""
    figure.savefig(io.BytesIO())
    return figure


@pytest.mark.parametrize("embedding_dims", [1, 2, 3, 9])
@pytest.mark.parametrize(
    ("kind", "label"),
    [
        ("continuous", RNG.normal(size=40)),
        ("continuous", RNG.normal(size=(40, 1))),
        ("continuous", RNG.normal(size=(40, 12))),
        ("circular", RNG.uniform(0, 2 * np.pi, 40)),
        ("discrete", RNG.integers(0, 4, 40)),
    ],
)
def test_four_panels_for_any_number_of_dimensions(embedding_dims, kind, label):
    embedding = RNG.normal(size=(40, embedding_dims))
    figure = drawn(figure_overview(embedding, label, kind=kind, title="set"))
    plane, space, over_time, labels = (ax for ax in figure.axes if ax.get_label() != "<colorbar>")
    assert hasattr(space, "set_zlim")
    points = plane.collections[0].get_offsets()
    expected = [np.arange(40), embedding[:, 0]] if embedding_dims == 1 else embedding[:, :2].T
    np.testing.assert_allclose(points, np.column_stack(list(expected)))
    assert len(over_time.lines) == min(embedding_dims, 8)
    np.testing.assert_array_equal(over_time.lines[0].get_ydata(), embedding[:, 0])
    assert len(labels.lines) == min(label.reshape(40, -1).shape[1], 8)
    np.testing.assert_array_equal(labels.lines[0].get_ydata(), label.reshape(40, -1)[:, 0])


def test_dimensions_that_are_not_shown_are_counted():
    figure = figure_overview(RNG.normal(size=(40, 10)), RNG.normal(size=40), title="set")
    titles = [ax.get_title() for ax in figure.axes]
    assert "embedding over time (2 more dimensions)" in titles


def test_angles_have_one_colour_at_both_ends_of_a_turn():
    angle = np.array([0.0, 2 * np.pi - 1e-9, np.pi, 4 * np.pi])
    figure = drawn(figure_overview(RNG.normal(size=(4, 2)), angle, kind="circular"))
    colours = figure.axes[0].collections[0].get_facecolors()
    np.testing.assert_allclose(colours[0], colours[1], atol=0.01)
    np.testing.assert_allclose(colours[0], colours[3], atol=0.01)
    assert np.abs(colours[0] - colours[2]).max() > 0.3


def test_variants_stand_in_their_order_and_transductive_ones_are_explained():
    embeddings = {name: RNG.normal(size=(30, 2)) for name in ("tsne", "pca", "default")}
    figure = drawn(figure_variants(embeddings, RNG.normal(size=30), title="set"))
    titles = [ax.get_title() for ax in figure.axes if ax.get_title()]
    assert titles == ["default", "PCA", "t-SNE †"]
    assert "transductive" in figure.get_supxlabel()


SWEEP = pd.DataFrame(
    [
        (steps, rate, seed, subject, "default", metric, steps * rate + seed, "")
        for steps in (1, 2, 3)
        for rate in (0.1, 0.2)
        for seed in (0, 2)
        for subject in ("poisson", "t")
        for metric in ("r2", "other")
    ],
    columns=["steps", "rate", "seed", "subject", "variant", "metric", "value", "unit"],
)


def test_a_heat_map_shows_means_over_seeds():
    result = plot_sweep(SWEEP, "r2", "steps", "rate")
    expected = np.outer([1, 2, 3], [0.1, 0.2]) + 1
    np.testing.assert_allclose(result.data.to_numpy(), expected)
    assert list(result.data.index) == ["1", "2", "3"]
    np.testing.assert_allclose(result.ax.images[0].get_array(), expected)
    assert [text.get_text() for text in result.ax.texts][:2] == ["1.100", "1.200"]


def test_a_sweep_of_one_parameter_is_one_column():
    assert plot_sweep(SWEEP, "r2", "steps", None).data.shape == (3, 1)


def test_every_set_has_its_panel_and_the_title_names_what_is_averaged():
    swept = SWEEP.assign(width=SWEEP["seed"])
    figure = drawn(figure_sweep(swept, "r2", ["steps", "rate", "width"]))
    titles = [ax.get_title() for ax in figure.axes if ax.get_title()]
    assert titles == ["poisson, default", "t, default"]
    assert figure.get_suptitle().endswith("over seeds, width")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"embedding": np.zeros(5)}, "embedding must be an array"),
        ({"label": np.zeros(4)}, r"label must have one row .*\(5\), got 4"),
        ({"kind": "odd"}, "kind must be one of continuous, circular, discrete, got 'odd'"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        figure_overview(**({"embedding": np.zeros((5, 2)), "label": np.zeros(5)} | arguments))


def test_nothing_to_draw_is_refused():
    with pytest.raises(ValueError, match="at least one variant"):
        figure_variants({}, np.zeros(3))
    with pytest.raises(ValueError, match="the sweep has no total; it has r2, other"):
        plot_sweep(SWEEP, "total", "steps", None)
