"""Colours of reaching: told apart by all readers, cyclic or diverging as they should be."""

import itertools

import numpy as np
import pytest
from test_plots_style import COLOUR_VISION, lab

from cebra_kedro.plots.reaching_colours import (
    DIRECTION_COLOURS,
    direction_label,
    position_colours,
)


def luminosity(rgb):
    hex_colour = "#" + "".join(f"{round(255 * channel):02X}" for channel in rgb)
    return lab(hex_colour, np.eye(3))[0]


@pytest.mark.parametrize("vision", COLOUR_VISION)
def test_directions_stay_apart_for_colour_blind_readers(vision):
    colours = [lab(colour, COLOUR_VISION[vision]) for colour in DIRECTION_COLOURS]
    distances = [np.linalg.norm(a - b) for a, b in itertools.combinations(colours, 2)]
    # Delta E of about 2 is just noticeable side by side; 10 is plain between separate marks.
    assert min(distances) > 10


def test_directions_go_once_around_the_hue_circle():
    hues = [np.arctan2(*lab(colour, np.eye(3))[:0:-1]) for colour in DIRECTION_COLOURS]
    steps = np.diff(hues, append=hues[0]) % (2 * np.pi)
    assert steps.sum() == pytest.approx(2 * np.pi)
    assert steps.max() < np.pi / 2  # no two neighbours are farther apart than two steps of eight


def test_directions_and_positions_are_visible_on_white():
    assert max(lab(colour, np.eye(3))[0] for colour in DIRECTION_COLOURS) < 75  # white is 100
    shades = position_colours(1.0).to_rgba(np.linspace(-1, 1, 41))[:, :3]
    assert max(map(luminosity, shades)) < 75


def test_positions_diverge_from_grey_at_zero_into_two_hues_that_darken_alike():
    left, middle, right = position_colours(8.0).to_rgba([-8.0, 0.0, 8.0])[:, :3]
    assert np.ptp(middle) < 0.01  # grey
    assert left.argmax() == 2  # blue
    assert right.argmax() == 0  # red
    shades = position_colours(8.0).to_rgba(np.linspace(0, 8, 21))[:, :3]
    opposite = position_colours(8.0).to_rgba(np.linspace(0, -8, 21))[:, :3]
    for side in (shades, opposite):
        assert (np.diff([luminosity(shade) for shade in side]) < 0).all()


def test_arrow_points_where_the_angle_says():
    steps = {"→": (1, 0), "↗": (1, 1), "↑": (0, 1), "↖": (-1, 1)}
    steps |= {"←": (-1, 0), "↙": (-1, -1), "↓": (0, -1), "↘": (1, -1)}
    for direction in range(8):
        arrow, angle = direction_label(direction).split()
        x, y = steps[arrow]
        expected = np.rad2deg(np.arctan2(y, x)) % 360
        assert float(angle.rstrip("°")) == pytest.approx(expected)  # exact but for rounding
