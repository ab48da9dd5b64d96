"""A search is drawn as it went: tried, given up, chosen."""

import numpy as np
import pandas as pd
import rat_results

from cebra_kedro.metrics import METRIC_COLUMNS
from cebra_kedro.plots.search import plot_search, search_figure

RATE, LAW = "training.optimizer.learning_rate", "encoders.position.pairs.law"
COLUMNS = ["trial", "scored_on", "chosen_by", RATE, LAW, *METRIC_COLUMNS]


def row(trial, scored_on, rate, fold, value, metric="position_r2"):
    law = "time" if trial % 2 else "time_delta"
    scored = ("rats", "buddy", "position", fold, 0, "knn", metric, value, "")
    return (trial, scored_on, "position_r2", rate, law, *scored)


SEARCH = pd.DataFrame(
    [
        *(row(0, "valid", 0.001, fold, 0.4 + fold / 10) for fold in range(3)),
        row(1, "valid", 0.0001, 0, 0.1),
        *(row(2, "valid", 0.1, fold, 0.7) for fold in range(3)),
        *(row(2, "test", 0.1, fold, 0.6) for fold in range(3)),
        row(0, "valid", 0.001, 0, 9.0, "other"),
    ],
    columns=COLUMNS,
)


def test_dots_are_means_hollow_ones_were_given_up_and_the_choice_is_ringed():
    drawn = plot_search(SEARCH[SEARCH["metric"] == "position_r2"], RATE)
    full, hollow, ring = drawn.ax.lines
    np.testing.assert_allclose(full.get_xydata(), [[0.001, 0.5], [0.1, 0.7]])
    np.testing.assert_allclose(hollow.get_xydata(), [[0.0001, 0.1]])
    np.testing.assert_allclose(ring.get_xydata(), [[0.1, 0.7]])
    assert drawn.ax.get_xscale() == "log"
    assert drawn.data["chosen"].tolist() == [False, False, True]


def test_a_panel_for_each_parameter_and_the_scores_of_the_choice():
    figure = search_figure(rat_results.results(search=SEARCH), None)
    assert [ax.get_xlabel().replace("\n", " ") for ax in figure.axes] == [
        RATE,
        "pairs.law of position",
    ]
    title = figure.get_suptitle().replace("\n", " ")
    assert "Chosen: 0.700 on validation trials, 0.600 on test trials" in title


def test_without_a_search_there_is_no_figure():
    assert search_figure(rat_results.results(), None) is None
