"""True against decoded frames, and confusion."""

import movie_results
import numpy as np
import pytest
from matplotlib.colors import to_rgba
from movie_results import PREDICTED, TRUE

from cebra_kedro.plots import style
from cebra_kedro.plots.decoded_frames import frames_confusion_figure, frames_decoded_figure
from cebra_kedro.plots.frame_panels import plot_decoded_frames, plot_frame_confusion
from cebra_kedro.plots.results import Variant

BOTH = pytest.mark.parametrize("draw", [frames_decoded_figure, frames_confusion_figure])


def panels(figure):
    """First line of the title → axes."""
    return {ax.get_title().split("\n")[0]: ax for ax in figure.axes if ax.get_title()}


def places(figure):
    specs = {name: ax.get_subplotspec() for name, ax in panels(figure).items()}
    return {name: (spec.rowspan[0], spec.colspan[0]) for name, spec in specs.items()}


def test_every_presentation_is_a_dot_and_those_in_the_band_are_right():
    drawn = plot_decoded_frames(TRUE, PREDICTED, n_frames=90, window_frames=30)
    dots = drawn.ax.collections[-1].get_offsets()
    np.testing.assert_array_equal(dots, np.stack([TRUE, PREDICTED], axis=1))
    # a third of the frames is 45 frames off
    assert drawn.data["right"].mean() == pytest.approx(2 / 3, abs=1e-12)
    assert drawn.ax.get_title() == "66.7 % within 1 s"
    band = drawn.ax.collections[0].get_paths()[0].vertices
    assert np.ptp(band[band[:, 0] == 0, 1]) == 60


def test_axes_name_frames_and_rate_and_show_the_whole_movie():
    ax = plot_decoded_frames(TRUE[:5], PREDICTED[:5], n_frames=90).ax
    assert ax.get_xlabel() == "true frame\n(of 90 frames at 30 Hz)"
    assert ax.get_ylabel() == "decoded frame"
    assert ax.get_xlim() == ax.get_ylim() == (0, 90)


@pytest.mark.parametrize("arrays", [(TRUE, PREDICTED[:-1]), (TRUE[:0], TRUE[:0])])
def test_arrays_that_are_no_pairs_are_refused(arrays):
    with pytest.raises(ValueError, match="true and predicted must be non-empty"):
        plot_decoded_frames(*arrays, n_frames=90)


def test_confusion_stands_with_true_frames_to_the_right():
    confusion = np.zeros((3, 3))
    confusion[0, 2] = 1.0
    confusion[1] = np.nan
    drawn = plot_frame_confusion(confusion, n_frames=80, frames_per_bin=30)
    mesh = drawn.ax.collections[0]
    shown = mesh.get_array().reshape(3, 3)  # rows from below
    assert shown[2, 0] == 100
    assert shown.mask[:, 1].all()
    # the last stretch has 20 frames only
    corners = mesh.get_coordinates()
    np.testing.assert_array_equal(corners[0, :, 0], [0, 30, 60, 80])
    cell = drawn.data.query("true_from == 0 and predicted_from == 60")
    assert cell["percent"].tolist() == [100]


@pytest.mark.parametrize(
    ("confusion", "message"),
    [
        (np.zeros((2, 3)), r"must have shape \(3, 3\) for 90 frames in stretches of 30"),
        (np.full((3, 3), 12.0), "shares in .0, 1.*divide counts"),
    ],
)
def test_other_matrices_are_refused(confusion, message):
    with pytest.raises(ValueError, match=message):
        plot_frame_confusion(confusion, n_frames=90)


@BOTH
def test_each_population_begins_a_row_with_the_variants_that_were_decoded(draw):
    figure = draw(movie_results.results(), "VISp")
    assert places(figure) == {
        "Ca²⁺": (0, 0),
        "shuffled Ca²⁺": (0, 1),
        "raw Ca²⁺": (0, 2),
        "raw Ca²⁺ 10 frames": (0, 3),
        "Neuropixels": (1, 0),
        "joint Neuropixels": (1, 1),
        "raw Neuropixels": (1, 2),
    }
    by_name = panels(figure)
    assert [name for name, ax in by_name.items() if ax.get_ylabel()] == ["Ca²⁺", "Neuropixels"]
    # the fourth panel has none below it, and names its axis itself
    named = [name for name, ax in by_name.items() if ax.get_xlabel()]
    assert named == [
        "raw Ca²⁺ 10 frames",
        "Neuropixels",
        "joint Neuropixels",
        "raw Neuropixels",
    ]
    assert figure.get_suptitle().startswith("VISp: ")
    assert figure.get_suptitle().endswith("test rows, knn")
    figure.draw_without_rendering()


@BOTH
def test_a_population_with_many_variants_has_further_rows(draw):
    names = ["a", "b", "c", "d", "e", "f"]
    variants = tuple(Variant(name, "encoder", "ca") for name in names)
    variants += (Variant("g", "encoder", "neuropixels"),)
    figure = draw(movie_results.results(variants=variants), "VISp")
    expected = {name: divmod(number, 3) for number, name in enumerate(names)} | {"g": (2, 0)}
    assert places(figure) == expected


@BOTH
def test_chosen_variants_and_decoder_only(draw):
    chosen = ["raw_neuropixels", "ca"]
    figure = draw(movie_results.results(), "VISp", variants=chosen, decoder="bayes")
    assert list(panels(figure)) == ["raw Neuropixels", "Ca²⁺"]
    assert figure.get_suptitle().endswith("bayes")


def test_dots_have_the_colour_of_their_variant_and_the_share_of_the_decoder():
    results = movie_results.results()
    colours = style.colours(results.variants)
    ax = panels(frames_decoded_figure(results, "VISp"))["raw Ca²⁺"]
    expected = to_rgba(colours["raw_ca"])[:3]
    np.testing.assert_allclose(ax.collections[-1].get_facecolors()[0][:3], expected)
    assert ax.get_title() == "raw Ca²⁺\n66.7 % within 1 s"
    options = {"window_frames": 46, "frame_rate_hz": 10.0}
    ax = panels(frames_decoded_figure(results, "VISp", **options))["raw Ca²⁺"]
    assert ax.get_title() == "raw Ca²⁺\n100.0 % within 4.6 s"
    ax = panels(frames_decoded_figure(results, "VISp", decoder="bayes"))["raw Ca²⁺"]
    assert ax.get_title() == "raw Ca²⁺\n100.0 % within 1 s"


def test_confusions_are_shares_and_have_one_colour_bar():
    figure = frames_confusion_figure(movie_results.results(), "VISp", frames_per_bin=45)
    assert len(figure.axes) == 7 + 1
    assert figure.axes[-1].get_ylabel() == "presentations in 45 true frames (%)"
    shares = figure.axes[0].collections[0].get_array().reshape(2, 2)
    # a third of each half is 45 frames off, in the other half
    np.testing.assert_allclose(shares, 100 * np.array([[2, 1], [1, 2]]) / 3, rtol=1e-12)


@BOTH
def test_where_no_frames_were_decoded_there_is_no_figure(draw):
    results = movie_results.results(predicted=lambda session, variant, label: None)
    assert draw(results, "VISp") is None


@BOTH
def test_wrong_options_are_refused_by_name(draw):
    results = movie_results.results()
    with pytest.raises(ValueError, match="decoder must be one of bayes, knn, got 'ridge'"):
        draw(results, "VISp", decoder="ridge")
    with pytest.raises(KeyError, match="no variant 'eeg'"):
        draw(results, "VISp", variants=["eeg"])
    with pytest.raises(ValueError, match="those of a session"):
        draw(results, None)
