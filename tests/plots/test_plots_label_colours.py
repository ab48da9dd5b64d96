"""Colours by kind of label: one rule, and recordings that share it."""

import matplotlib
import numpy as np
import pytest

from cebra_kedro.plots.class_colours import CLASS_COLOURS
from cebra_kedro.plots.label_colours import label_colours, label_columns
from cebra_kedro.recording import Label


def test_a_continuous_label_spans_the_colormap_over_all_recordings():
    labels = [Label(np.array([1.0, 2.0]), "continuous", "m"), Label(np.array([5.0]), "continuous")]
    colours = label_colours(labels, "running_speed")
    expected = matplotlib.colormaps["viridis"](np.array([0.0, 0.25, 1.0]))
    np.testing.assert_allclose(colours.rgba(np.array([1.0, 2.0, 5.0])), expected)
    assert list(colours.bars) == ["running speed (m)"]


def test_two_coordinates_share_one_diverging_map_with_zero_in_the_middle():
    values = np.array([[-2.0, 1.0], [4.0, 0.0]])
    colours = label_colours([Label(values, "continuous", "cm")], "hand")
    (bar,) = colours.bars.values()
    assert (bar.norm.vmin, bar.norm.vmax) == (-4.0, 4.0)
    middle = colours.rgba(np.array([0.0]))[0, :3]
    assert np.ptp(middle) < 0.02  # grey
    assert middle.max() < 0.8  # and seen on white
    positive = label_colours([Label(values + 10, "continuous", "cm")], "hand")
    (bar,) = positive.bars.values()
    assert (bar.norm.vmin, bar.norm.vmax) == (8.0, 14.0)


def test_angles_have_one_colour_at_both_ends_of_a_turn():
    angle = np.array([0.0, 2 * np.pi - 1e-9, np.pi, 4 * np.pi, -np.pi])
    rgba = label_colours([Label(angle, "circular", "rad")], "heading").rgba(angle)
    in_degrees = label_colours([Label(angle, "circular", "deg")], "heading")  # values in rad
    np.testing.assert_array_equal(in_degrees.rgba(angle), rgba)
    assert list(in_degrees.bars) == ["heading (deg)"]
    np.testing.assert_allclose(rgba[0], rgba[1], atol=0.01)  # one step of the colormap
    np.testing.assert_allclose(rgba[0], rgba[3])
    np.testing.assert_allclose(rgba[2], rgba[4])
    assert np.abs(rgba[0] - rgba[2]).max() > 0.3


def test_few_classes_have_colours_of_their_own_and_many_a_colormap_over_their_ids():
    few = np.array([3, 0, 7])
    colours = label_colours([Label(few[:2], "discrete"), Label(few[2:], "discrete")], "target")
    assert colours.bars == {}
    expected = [matplotlib.colors.to_rgba(CLASS_COLOURS[i]) for i in (1, 0, 2)]
    np.testing.assert_allclose(colours.rgba(few), expected)
    many = np.arange(90)
    colours = label_colours([Label(many, "discrete")], "frame")
    np.testing.assert_allclose(colours.rgba(many), matplotlib.colormaps["viridis"](many / 89))
    assert list(colours.bars) == ["frame"]


def test_directions_keep_their_colours_when_some_are_missing():
    label = Label(np.array([2, 6]), "discrete")
    colours = label_colours([label], "target", directions=True)
    expected = [matplotlib.colors.to_rgba(CLASS_COLOURS[i]) for i in (2, 6)]
    np.testing.assert_allclose(colours.rgba(label.values), expected)
    assert colours.classes.names[2] == "↑ 90°"


def test_each_id_of_another_label_has_its_colormap_on_one_range():
    position = Label(np.array([0.0, 0.4, 1.6, 1.6]), "continuous", "m")
    split = Label(np.array([3, 5, 3, 5]), "discrete")
    colours = label_colours([position], "position", split_by=[split], split_name="increasing")
    rgba = colours.rgba(position.values, split.values)
    for one, name in ((3, "cool"), (5, "viridis")):
        rows = split.values == one
        expected = matplotlib.colormaps[name](position.values[rows] / 1.6)
        np.testing.assert_allclose(rgba[rows], expected)
    assert list(colours.bars) == ["position, increasing 3 (m)", "position, increasing 5 (m)"]


def test_columns_are_the_label_itself_or_two_named_coordinates():
    flat = label_columns(Label(np.arange(3.0), "continuous"), "x")
    assert list(flat) == ["x"]
    wide = np.arange(12.0).reshape(3, 4)
    columns = label_columns(Label(wide, "continuous"), "hand")
    assert list(columns) == ["hand x", "hand y"]
    np.testing.assert_array_equal(columns["hand y"], wide[:, 1])
    table = label_columns(Label(np.array([1, 0]), "continuous", table=wide), "features")
    np.testing.assert_array_equal(table["features x"], [4.0, 0.0])


@pytest.mark.parametrize(
    ("label", "split", "message"),
    [
        (Label(np.arange(3), "discrete"), Label(np.arange(3) % 2, "discrete"), "is discrete"),
        (Label(np.ones((3, 2)), "continuous"), Label(np.arange(3) % 2, "discrete"), "with 2 shown"),
        (Label(np.ones(3), "continuous"), Label(np.arange(3), "discrete"), "at most 2 ids"),
        (Label(np.ones(3), "continuous"), Label(np.ones(3), "continuous"), "is continuous"),
    ],
)
def test_labels_that_cannot_be_split_are_refused(label, split, message):
    with pytest.raises(ValueError, match=message):
        label_colours([label], "position", split_by=[split], split_name="direction")
