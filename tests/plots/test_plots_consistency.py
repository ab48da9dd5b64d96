"""The consistency heatmap: numbers in readable cells, empty diagonal."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from cebra_kedro.plots import plot_consistency

RATS = ["achilles", "buddy", "cicero"]
NAN = float("nan")
MATRIX = pd.DataFrame(
    [[NAN, 0.9671, 0.05], [0.31, NAN, 0.5], [0.62, 0.8, NAN]], index=RATS, columns=RATS
)


def cells(ax):
    return {(t.get_position()[1], t.get_position()[0]): t for t in ax.texts}


def test_numbers_stand_in_the_cell_of_source_row_and_target_column():
    ax = plot_consistency(MATRIX, title="between rats").ax
    texts = {place: text.get_text() for place, text in cells(ax).items()}
    assert texts == {
        (0, 1): "0.97",
        (0, 2): "0.05",
        (1, 0): "0.31",
        (1, 2): "0.50",
        (2, 0): "0.62",
        (2, 1): "0.80",
    }
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("target", "source")
    assert [t.get_text() for t in ax.get_yticklabels()] == RATS
    assert ax.get_title() == "between rats"


def test_drawn_matrix_is_returned_with_its_gaps():
    drawn = plot_consistency(MATRIX)
    pd.testing.assert_frame_equal(drawn.data, MATRIX)
    image = drawn.ax.images[0].get_array()
    np.testing.assert_array_equal(image.mask, np.eye(3, dtype=bool))
    np.testing.assert_array_equal(image.filled(NAN), MATRIX.to_numpy())


@pytest.mark.parametrize("value", np.linspace(0, 1, 21))
def test_text_contrasts_with_every_cell_colour(value):
    ax = plot_consistency(pd.DataFrame([[value]])).ax
    cell = ax.images[0].cmap(ax.images[0].norm(value))[:3]

    def luminance(rgb):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    pair = sorted([luminance(cell), luminance(to_rgb(ax.texts[0].get_color()))])
    assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5  # WCAG 2 AA for small text


def test_colour_bar_tells_the_direction_and_the_range():
    drawn = plot_consistency(MATRIX)
    (bar,) = [ax for ax in drawn.figure.axes if ax is not drawn.ax]
    assert bar.get_ylabel() == "R² (source → target)"
    assert bar.get_ylim() == (0.0, 1.0)


def test_oblong_matrix_and_long_names_draw_on_given_axes():
    matrix = pd.DataFrame(np.full((2, 5), 0.5), columns=[f"fold0_seed{i}" for i in range(5)])
    ax = Figure().subplots()
    assert plot_consistency(matrix, ax=ax).ax is ax
    ax.figure.canvas.draw()
    assert {label.get_rotation() for label in ax.get_xticklabels()} == {90}


def test_variants_are_named_as_in_other_figures():
    names = ["position_target", "raw"]
    ax = plot_consistency(pd.DataFrame(np.eye(2), index=names, columns=names)).ax
    for labels in (ax.get_xticklabels(), ax.get_yticklabels()):
        assert [label.get_text() for label in labels] == ["position + target", "raw neural"]


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (MATRIX * 100, "divide percent by 100"),
        (MATRIX * NAN, "at least one finite"),
        (pd.DataFrame(), "at least one finite"),
    ],
)
def test_wrong_matrix_is_refused(matrix, message):
    with pytest.raises(ValueError, match=message):
        plot_consistency(matrix)
