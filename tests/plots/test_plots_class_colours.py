"""Colours of classes: told apart by all readers, and named as they should be."""

import itertools

import numpy as np
import pytest
from test_plots_style import COLOUR_VISION, lab

from cebra_kedro.plots.class_colours import CLASS_COLOURS, N_DIRECTIONS, class_key
from cebra_kedro.recording import Label

DIRECTION_COLOURS = CLASS_COLOURS[:N_DIRECTIONS]


@pytest.mark.parametrize("vision", COLOUR_VISION)
def test_classes_stay_apart_for_colour_blind_readers(vision):
    colours = [lab(colour, COLOUR_VISION[vision]) for colour in CLASS_COLOURS]
    distances = [np.linalg.norm(a - b) for a, b in itertools.combinations(colours, 2)]
    # Delta E of about 2 is just noticeable side by side; 10 is plain between separate marks.
    assert min(distances) > 10


def test_directions_go_once_around_the_hue_circle():
    hues = [np.arctan2(*lab(colour, np.eye(3))[:0:-1]) for colour in DIRECTION_COLOURS]
    steps = np.diff(hues, append=hues[0]) % (2 * np.pi)
    assert steps.sum() == pytest.approx(2 * np.pi)
    assert steps.max() < np.pi / 2  # no two neighbours are farther apart than two steps of eight


def test_classes_are_visible_on_white():
    assert max(lab(colour, np.eye(3))[0] for colour in CLASS_COLOURS) < 75  # white is 100


def test_arrow_points_where_the_angle_says():
    steps = {"→": (1, 0), "↗": (1, 1), "↑": (0, 1), "↖": (-1, 1)}
    steps |= {"←": (-1, 0), "↙": (-1, -1), "↓": (0, -1), "↘": (1, -1)}
    key = class_key("target", [0, 3], directions=True)
    assert key.ids == tuple(range(8))
    for direction, name in zip(key.ids, key.names, strict=True):
        arrow, angle = name.split()
        x, y = steps[arrow]
        expected = np.rad2deg(np.arctan2(y, x)) % 360
        assert float(angle.rstrip("°")) == pytest.approx(expected)  # exact but for rounding
        assert expected == pytest.approx(45 * direction)


def test_other_classes_are_named_by_label_and_id():
    key = class_key("odour_set", [7, -1, 30])
    assert key.ids == (-1, 7, 30)
    assert key.names == ("odour set -1", "odour set 7", "odour set 30")
    colours = key.colours(np.array([30, 7, 30]))
    assert colours == [CLASS_COLOURS[2], CLASS_COLOURS[1], CLASS_COLOURS[2]]


def test_classes_with_names_are_called_by_them():
    label = Label(np.array([0, 1, 2]), "discrete", names=("left", "right"))
    assert class_key("side", [0, 1, 2], of=label).names == ("left", "right", "2")


def test_a_legend_holds_the_classes_that_are_shown_and_both_marks():
    handles = class_key("odour", range(5)).handles([3, 1])
    assert [handle.get_label() for handle in handles] == ["odour 1", "odour 3", "start", "end"]
    assert [handle.get_color() for handle in handles[:2]] == [CLASS_COLOURS[1], CLASS_COLOURS[3]]


@pytest.mark.parametrize(
    ("ids", "directions", "message"),
    [
        (range(13), False, "at most 12 classes .* but target has 13"),
        ((1, 8), True, "classes 0 … 7, steps of 45°, but target holds 1, 8"),
        ((-1,), True, "0 … 7"),
    ],
)
def test_classes_without_a_colour_are_refused(ids, directions, message):
    with pytest.raises(ValueError, match=message):
        class_key("target", ids, directions=directions)
