"""Axes are where constrained layout puts them, to the last digit that can be relied upon."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from cebra_kedro.plots.layout import SteadyLayout


def placed(layout):
    """Where axes of a figure with parts, a colour bar and a square come to lie."""
    figure = Figure(figsize=(5, 4), layout=layout)
    above, below = figure.subfigures(2, 1, height_ratios=(1, 1.7))
    image = below.subplots(1, 2)[0].imshow(np.eye(3))
    below.colorbar(image)
    above.subplots(1, 3)[1].set_ylabel("two\nlines")
    above.suptitle("title")
    for _ in range(2):  # as picture, then as drawing
        FigureCanvasAgg(figure).draw()
    boxes = [part.bbox_relative.bounds for part in (above, below)]
    return np.array([*boxes, *(ax.get_position().bounds for ax in figure.axes)])


def test_axes_are_where_constrained_layout_puts_them():
    # twice half a step of rounding: of the part, and in it; more for those with a fixed aspect
    np.testing.assert_allclose(placed(SteadyLayout()), placed("constrained"), rtol=0, atol=4e-9)


def test_the_digits_that_change_from_time_to_time_are_gone():
    found = placed(SteadyLayout())
    with_aspect = (2, 4)  # image and colour bar: their boxes are made of their neighbours'
    digits = np.delete(found, with_aspect, axis=0) * 1e9
    # a corner and a size make the other corner, with the rounding of float64
    np.testing.assert_allclose(digits, np.round(digits), rtol=0, atol=1e-5)
    np.testing.assert_array_equal(found, placed(SteadyLayout()))


def test_text_still_makes_room_for_itself_when_drawn_again():
    figure = Figure(layout=SteadyLayout())
    ax = figure.add_subplot()
    FigureCanvasAgg(figure).draw()
    before = ax.get_position().x0
    ax.set_ylabel("a label\nof three\nlines")
    FigureCanvasAgg(figure).draw()
    assert ax.get_position().x0 > before + 0.01
