"""True against decoded frames, and confusion."""

import numpy as np
import pytest

from cebra_kedro.plots import (
    figure_decoded_frames,
    figure_frame_confusions,
    plot_decoded_frames,
    plot_frame_confusion,
)

TRUE = np.arange(90)
PREDICTED = np.where(TRUE % 3 == 0, (TRUE + 45) % 90, TRUE)
VARIANTS = ("raw_ca", "ca", "joint_ca", "raw_neuropixels", "neuropixels")


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


def test_grids_have_a_row_per_modality_and_a_column_per_kind():
    figures = [
        figure_decoded_frames(dict.fromkeys(VARIANTS, (TRUE, PREDICTED)), n_frames=90),
        figure_frame_confusions(dict.fromkeys(VARIANTS, np.eye(3)), n_frames=90),
    ]
    for figure in figures:
        places = {
            ax.get_title().split("\n")[0]: (
                ax.get_subplotspec().rowspan[0],
                ax.get_subplotspec().colspan[0],
            )
            for ax in figure.axes
            if ax.get_title()
        }
        assert places == {
            "raw Ca²⁺": (0, 0),
            "Ca²⁺": (0, 1),
            "joint, Ca²⁺": (0, 2),
            "raw Neuropixels": (1, 0),
            "Neuropixels": (1, 1),
        }
        named = [ax.get_title() for ax in figure.axes[:5] if ax.get_ylabel()]
        assert [title.split("\n")[0] for title in named] == ["raw Ca²⁺", "raw Neuropixels"]
        # the joint panel has none below it, and names its axis itself
        assert sum(bool(ax.get_xlabel()) for ax in figure.axes[:5]) == 3
        figure.canvas.draw()


def test_confusions_share_one_colour_bar():
    figure = figure_frame_confusions(dict.fromkeys(VARIANTS, np.eye(3)), n_frames=90)
    assert len(figure.axes) == len(VARIANTS) + 1
    assert figure.axes[-1].get_ylabel() == "presentations in 30 true frames (%)"


@pytest.mark.parametrize("figure", [figure_decoded_frames, figure_frame_confusions])
def test_a_figure_without_variants_is_refused(figure):
    with pytest.raises(ValueError, match="at least one entry"):
        figure({}, n_frames=90)
