"""Figures of several panels: each variant has its own, and titles say what was drawn."""

import numpy as np
import pandas as pd
import pytest

from cebra_kedro.plots import figure_consistency, figure_decoded_positions, figure_message
from cebra_kedro.plots.style import variant_label


def predictions(error):
    position = np.linspace(0.0, 1.6, 9)
    return {
        "time_s": np.arange(9) * 0.025,
        "trial": np.zeros(9, int),
        "position": position,
        "predicted_position": position + error,
    }


def matrix(values, names=("a", "b")):
    return pd.DataFrame(values, index=list(names), columns=list(names))


def panels(figure):
    """Axes with a title, thus without colour bars."""
    return [ax for ax in figure.axes if ax.get_title() or ax.get_title(loc="left")]


def test_each_variant_has_a_row_with_its_own_median_error():
    figure = figure_decoded_positions(
        {"time": predictions(0.25), "pca": predictions(-0.5)}, title="buddy", unit="cm"
    )
    titles = [ax.get_title(loc="left") for ax in panels(figure)]
    assert titles == [
        f"{variant_label('time')}: median error 0.250 cm",
        f"{variant_label('pca')}: median error 0.500 cm",
    ]
    assert figure.get_suptitle() == "buddy"


def test_rows_share_both_axes_and_only_the_last_names_time():
    figure = figure_decoded_positions(
        {"time": predictions(0.25), "pca": predictions(-0.5)}, title="buddy"
    )
    first, last = panels(figure)
    assert first.get_xlim() == last.get_xlim()
    assert first.get_ylim() == last.get_ylim()
    assert (first.get_xlabel(), last.get_xlabel()) == ("", "test time, trials end to end (s)")


def test_one_variant_is_one_row():
    assert len(panels(figure_decoded_positions({"time": predictions(0.0)}, title="a"))) == 1


def test_mean_is_taken_between_different_names_only():
    # 1.0 of an embedding with itself would raise the mean of .2 and .4 to .65.
    figure = figure_consistency({"time": matrix([[1.0, 0.2], [0.4, 1.0]])}, title="rats")
    (ax,) = panels(figure)
    assert ax.get_title() == f"{variant_label('time')}\nmean 0.30"


def test_an_empty_diagonal_is_no_obstacle():
    figure = figure_consistency({"time": matrix([[np.nan, 0.2], [0.4, np.nan]])}, title="rats")
    assert panels(figure)[0].get_title().endswith("mean 0.30")


@pytest.mark.parametrize(("n_variants", "rows", "columns"), [(1, 1, 1), (3, 2, 2), (5, 3, 2)])
def test_panels_fill_rows_and_leave_no_empty_axes(n_variants, rows, columns):
    matrices = {
        f"variant{number}": matrix([[np.nan, 0.1 * number], [0.1, np.nan]])
        for number in range(n_variants)
    }
    figure = figure_consistency(matrices, title="rats", n_columns=2)
    # Every panel brings its colour bar.
    assert len(figure.axes) == 2 * n_variants
    assert panels(figure)[0].get_gridspec().get_geometry() == (rows, columns)
    assert [ax.get_title().split("\n")[0] for ax in panels(figure)] == [
        variant_label(name) for name in matrices
    ]


def test_cells_hold_source_in_rows_and_target_in_columns():
    figure = figure_consistency({"time": matrix([[np.nan, 0.25], [0.75, np.nan]])}, title="rats")
    ax = panels(figure)[0]
    written = {(text.get_position(), text.get_text()) for text in ax.texts}
    assert written == {((1, 0), "0.25"), ((0, 1), "0.75")}  # (column, row)


@pytest.mark.parametrize("draw", [figure_decoded_positions, figure_consistency])
def test_nothing_to_draw_is_refused(draw):
    with pytest.raises(ValueError, match="must hold at least one variant"):
        draw({}, title="buddy")


def test_a_message_stands_in_the_figure():
    assert [text.get_text() for text in figure_message("one seed only").texts] == ["one seed only"]
