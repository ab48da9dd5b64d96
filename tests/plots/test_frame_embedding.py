"""Embeddings coloured by frame."""

import matplotlib
import numpy as np
import pytest

from cebra_kedro.plots import figure_frame_embeddings, plot_frame_embedding

FRAME = np.arange(60) % 30


def embedding(dim=3, seed=0):
    return np.random.default_rng(seed).normal(size=(60, dim))


def test_points_have_the_colour_of_their_frame_in_the_whole_movie():
    points = embedding(2)
    drawn = plot_frame_embedding(points, FRAME, n_frames=90)
    colours = drawn.ax.collections[0].get_facecolors()
    expected = matplotlib.colormaps["viridis"](FRAME / 89)
    # a colormap has 256 colours; the same arithmetic picks them
    np.testing.assert_allclose(colours, expected, atol=1 / 128)
    np.testing.assert_array_equal(drawn.data[["x", "y"]], points)
    bar = drawn.figure.axes[-1]
    assert bar.get_ylabel() == "frame (of 90 frames at 30 Hz)"
    assert bar.get_ylim() == (0, 89)


def test_more_dimensions_are_shown_by_principal_components_that_say_so():
    ax = plot_frame_embedding(embedding(8), FRAME, n_frames=30).ax
    assert ax.get_xlabel().startswith("PC 1")
    assert plot_frame_embedding(embedding(2), FRAME, n_frames=30).ax.name == "rectilinear"


@pytest.mark.parametrize(
    ("points", "frame", "message"),
    [
        (embedding(1), FRAME, "dim >= 2, got shape"),
        (embedding(), FRAME[:-1], r"frame must have shape \(60,\)"),
        (np.full((60, 3), np.nan), FRAME, "embedding must be finite, got 180 bad values"),
    ],
)
def test_wrong_arrays_are_refused_by_name(points, frame, message):
    with pytest.raises(ValueError, match=message):
        plot_frame_embedding(points, frame, n_frames=30)


def test_single_joint_and_shuffled_stand_beside_each_other_under_one_bar():
    variants = ("neuropixels", "joint_ca", "ca", "shuffled_ca", "joint_neuropixels")
    figure = figure_frame_embeddings(
        {variant: embedding(seed=i) for i, variant in enumerate(variants)},
        dict.fromkeys(variants, FRAME),
        n_frames=30,
        title="VISp",
    )
    panels, bars = figure.axes[:5], figure.axes[5:]
    assert len(bars) == 1
    places = {
        ax.get_title(): (ax.get_subplotspec().rowspan[0], ax.get_subplotspec().colspan[0])
        for ax in panels
    }
    assert places == {
        "Ca²⁺": (0, 0),
        "joint, Ca²⁺": (0, 1),
        "shuffled, Ca²⁺": (0, 2),
        "Neuropixels": (1, 0),
        "joint, Neuropixels": (1, 1),
    }
    figure.canvas.draw()


def test_a_figure_without_embeddings_is_refused():
    with pytest.raises(ValueError, match="embeddings must hold at least one entry"):
        figure_frame_embeddings({}, {}, n_frames=30)
