"""All scores of a subject: a row per metric, a column per decoder, one value axis in a row."""

import itertools

import numpy as np
import pandas as pd
import pytest

from cebra_kedro.plots import figure_scores
from cebra_kedro.plots.scores import METRIC_COLUMNS

METRICS = ("position_r2", "direction_accuracy")
UNITS = {"position_r2": "", "direction_accuracy": "%"}


def table(decoders=("knn", "ridge"), variants=("time", "pca"), n_folds=1):
    rng = np.random.default_rng(0)
    rows = []
    for decoder, variant, fold, seed in itertools.product(
        decoders, variants, range(n_folds), range(2)
    ):
        for metric in METRICS:
            run = ("monkey_reaching", "active", variant, fold, seed, decoder)
            scale = 100 if UNITS[metric] else 1
            rows.append((*run, metric, scale * rng.uniform(), UNITS[metric]))
            rows.append((*run, f"chance_{metric}", scale * 0.125, UNITS[metric]))
    return pd.DataFrame(rows, columns=METRIC_COLUMNS)


def grid(figure, n_columns):
    return np.reshape(np.array(figure.axes, object), (-1, n_columns))


def test_each_panel_shows_the_scores_of_its_metric_and_decoder():
    metrics = table()
    axes = grid(figure_scores(metrics, METRICS, title="active"), 2)
    assert [ax.get_title() for ax in axes[0]] == ["decoder: knn", "decoder: ridge"]
    assert [ax.get_ylabel() for ax in axes[:, 0]] == ["position R²", "direction accuracy (%)"]
    for (row, metric), (column, decoder) in itertools.product(
        enumerate(METRICS), enumerate(("knn", "ridge"))
    ):
        of_panel = metrics[(metrics["metric"] == metric) & (metrics["decoder"] == decoder)]
        dots = [line for line in axes[row, column].lines if line.get_marker() not in ("None", "")]
        shown = np.concatenate([line.get_ydata() for line in dots])
        np.testing.assert_array_equal(np.sort(shown), np.sort(of_panel["value"]))


def test_a_row_has_one_value_axis_that_holds_all_its_scores():
    metrics = table()
    ridge = (metrics["decoder"] == "ridge") & (metrics["metric"] == "position_r2")
    metrics.loc[ridge, "value"] = -3.0
    axes = grid(figure_scores(metrics, METRICS), 2)
    for row in axes:
        assert row[0].get_ylim() == row[1].get_ylim()
    low, high = axes[0, 0].get_ylim()
    assert low < -3
    assert high > metrics.loc[(metrics["metric"] == "position_r2") & ~ridge, "value"].max()
    assert axes[0, 1].get_ylabel() == ""


def test_one_legend_says_what_a_dot_is_with_and_without_folds():
    figure = figure_scores(table(), METRICS)
    legends = [ax.get_legend() for ax in figure.axes if ax.get_legend()]
    assert [[t.get_text() for t in legend.get_texts()] for legend in legends] == [
        ["one seed", "mean", "chance"]
    ]
    figure = figure_scores(table(n_folds=2), METRICS)
    (legend,) = [ax.get_legend() for ax in figure.axes if ax.get_legend()]
    labels = [t.get_text() for t in legend.get_texts()]
    assert labels == ["fold 0", "fold 1", "mean", "chance"]


def test_one_decoder_makes_one_column_and_transductive_variants_a_footnote():
    figure = figure_scores(table(("knn",), ("time", "time_transductive")), METRICS)
    assert len(figure.axes) == 2
    assert figure.get_supxlabel().startswith("† transductive")


WITHOUT_DIRECTION_BY_RIDGE = table()[
    lambda rows: (rows["decoder"] == "knn") | (rows["metric"] != "direction_accuracy")
]


@pytest.mark.parametrize(
    ("metrics", "names", "message"),
    [
        (table(), (), "at least one metric"),
        (table(), ("made_up",), "those in the table"),
        (WITHOUT_DIRECTION_BY_RIDGE, METRICS, "got 'direction_accuracy'"),
    ],
)
def test_wrong_scores_are_refused(metrics, names, message):
    with pytest.raises(ValueError, match=message):
        figure_scores(metrics, names)
