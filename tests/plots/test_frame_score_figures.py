"""Figures of movie scores with a panel per modality; consistency between areas."""

import numpy as np
import pandas as pd
import pytest
from movie_tables import score_table, sweep_table

from cebra_kedro.plots import (
    figure_frame_scores,
    figure_frame_scores_by_area,
    figure_frame_scores_by_neurons,
    plot_area_consistency,
)


@pytest.mark.parametrize(
    ("figure", "table"),
    [
        (figure_frame_scores, score_table()),
        (figure_frame_scores_by_area, score_table(("VISp", "VISl"))),
        (figure_frame_scores_by_neurons, sweep_table()),
    ],
)
def test_modalities_are_panels_on_one_value_axis_that_holds_every_bar(figure, table):
    drawn = figure(table, title="VISp")
    first, second = drawn.axes
    assert [ax.get_title() for ax in drawn.axes] == ["Ca²⁺ events", "Neuropixels spikes"]
    assert first.get_ylim() == second.get_ylim()
    highest = table.loc[table["metric"] == "frame_accuracy_1s", "value"].max()
    assert first.get_ylim()[1] > highest
    assert drawn.get_suptitle() == "VISp"
    drawn.canvas.draw()


def test_one_modality_has_one_panel():
    table = score_table(variants=("raw_ca", "ca"))
    (ax,) = figure_frame_scores(table).axes
    assert ax.get_title() == "Ca²⁺ events"


def test_one_decoder_can_be_chosen_for_all_areas():
    figure = figure_frame_scores_by_area(score_table(("VISp", "VISl")), decoder="knn")
    assert not any(patch.get_hatch() for ax in figure.axes for patch in ax.patches)


def test_a_metric_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="got 'happiness'"):
        figure_frame_scores(score_table(), "happiness")


def test_consistency_says_how_much_more_alike_an_area_is_to_itself():
    areas = ["VISp", "VISl", "VISrl"]
    matrix = pd.DataFrame(0.5 + 0.4 * np.eye(3), areas, areas)
    drawn = plot_area_consistency(matrix, title="Ca²⁺")
    assert drawn.ax.get_title() == "Ca²⁺\nmean within areas 0.90, between areas 0.50"
    np.testing.assert_array_equal(drawn.data, matrix)


def test_an_unknown_diagonal_is_left_out_of_the_title():
    areas = ["VISp", "VISl"]
    matrix = pd.DataFrame([[np.nan, 0.4], [0.6, np.nan]], areas, areas)
    assert plot_area_consistency(matrix).ax.get_title() == "between areas 0.50"


def test_rows_and_columns_of_other_areas_are_refused():
    with pytest.raises(ValueError, match="same areas in rows and columns"):
        plot_area_consistency(pd.DataFrame(np.eye(2), ["a", "b"], ["b", "a"]))
