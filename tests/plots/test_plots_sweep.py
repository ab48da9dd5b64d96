"""Sweeps: means over one parameter as a line, over two as a heat map."""

import numpy as np
import pandas as pd
import pytest
import rat_results

from cebra_kedro.metrics import METRIC_COLUMNS
from cebra_kedro.plots.sweep import plot_draws, plot_sweep, sweep_figure

SWEEP = pd.DataFrame(
    [
        ("made", subject, "default", 0, seed, decoder, metric, steps * rate + seed, "", steps, rate)
        for steps in (1, 2, 3)
        for rate in (0.1, 0.2)
        for seed in (0, 2)
        for subject in ("poisson", "t")
        for metric in ("chance_r2", "label_r2", "other")
        for decoder in ("ridge",)
    ],
    columns=[*METRIC_COLUMNS, "training.steps", "encoders.default.pairs.delta"],
)
STEPS, DELTA = "training.steps", "encoders.default.pairs.delta"


RATE, KIND = "training.optimizer.learning_rate", "encoders.default.pairs.law"
DRAWN = pd.DataFrame(
    [
        ("made", "t", "default", 0, seed, "ridge", metric, rate * 100 + seed, "", rate, kind)
        for rate, kind in [(0.001, "time"), (0.003, "delta"), (0.01, "time"), (0.1, "delta")]
        for metric in ("chance_r2", "label_r2")
        for seed in (0, 2)
    ],
    columns=[*METRIC_COLUMNS, RATE, KIND],
)


def test_draws_are_dots_over_each_parameter_with_the_best_ringed():
    result = plot_draws(DRAWN, "label_r2", RATE, [KIND])
    dots, ring = result.ax.lines
    np.testing.assert_allclose(
        dots.get_xydata(), [[0.001, 1.1], [0.003, 1.3], [0.01, 2.0], [0.1, 11.0]]
    )
    np.testing.assert_allclose(ring.get_xydata(), [[0.1, 11.0]])
    np.testing.assert_allclose(result.data["max"] - result.data["min"], 2)
    assert result.ax.get_xscale() == "log"
    assert result.ax.get_ylabel() == "label R²"


def test_of_an_error_the_lowest_is_best():
    errors = DRAWN.assign(metric="position_error_median")
    _, ring = plot_draws(errors, "position_error_median", RATE, [KIND]).ax.lines
    np.testing.assert_allclose(ring.get_xydata(), [[0.001, 1.1]])


def test_values_that_are_no_numbers_have_their_names():
    ax = plot_draws(DRAWN, "label_r2", KIND, [RATE]).ax
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["time", "delta"]


def test_what_is_no_grid_has_a_panel_for_each_parameter():
    results = rat_results.results(sweep=DRAWN)
    figure = sweep_figure(results, None)
    assert [ax.get_xlabel() for ax in figure.axes] == [
        "training.optimizer.learning_rate",
        "pairs.law of default",
    ]
    assert "the best combination is ringed" in figure.get_suptitle()


def titles(figure):
    return [ax.get_title() for ax in figure.axes if ax.get_title()]


def test_a_heat_map_shows_means_over_seeds():
    result = plot_sweep(SWEEP, "label_r2", STEPS, DELTA)
    expected = np.outer([1, 2, 3], [0.1, 0.2]) + 1
    np.testing.assert_allclose(result.data.to_numpy(), expected)
    assert list(result.data.index) == ["1", "2", "3"]
    np.testing.assert_allclose(result.ax.images[0].get_array(), expected)
    assert [text.get_text() for text in result.ax.texts][:2] == ["1.100", "1.200"]
    assert result.ax.get_xlabel() == "pairs.delta of default"


def test_a_sweep_of_one_parameter_is_a_line_of_means_with_a_dot_for_every_score():
    table = SWEEP[(SWEEP[DELTA] == 0.1) & (SWEEP["subject"] == "t")]
    result = plot_sweep(table.sample(frac=1, random_state=0), "label_r2", STEPS)
    means, dots = result.ax.lines
    np.testing.assert_allclose(means.get_xydata(), [[1, 1.1], [2, 1.2], [3, 1.3]])
    np.testing.assert_allclose(result.data["mean"], [1.1, 1.2, 1.3])
    scores = table.loc[table["metric"] == "label_r2", [STEPS, "value"]]
    shown = sorted(map(tuple, dots.get_xydata()))
    np.testing.assert_allclose(shown, sorted(map(tuple, scores.to_numpy())))
    assert result.ax.get_ylabel() == "label R²"


def test_values_that_are_no_numbers_stand_side_by_side():
    table = SWEEP.assign(**{STEPS: SWEEP[STEPS].map({1: "a", 2: "b", 3: "c"})})
    ax = plot_sweep(table, "label_r2", STEPS).ax
    assert [t.get_text() for t in ax.get_xticklabels()] == ["a", "b", "c"]
    assert list(ax.get_xticks()) == [0, 1, 2]


def test_every_set_has_its_panel_and_the_title_names_what_is_averaged():
    swept = SWEEP.assign(width=SWEEP["seed"], constant=1)
    figure = sweep_figure(rat_results.results(sweep=swept), None, metric="label_r2")
    figure.canvas.draw()
    assert titles(figure) == ["poisson, default", "t, default"]
    assert figure.get_suptitle().replace("\n", " ").endswith("over folds and seeds, width")
    assert len(figure.axes[0].images) == 1


def test_without_a_name_the_first_score_is_shown_and_one_session_can_be_chosen():
    figure = sweep_figure(rat_results.results(sweep=SWEEP), "t")
    assert titles(figure) == ["t, default"]
    assert "label R²" in figure.get_suptitle()


def test_nothing_swept_is_no_figure_and_what_is_not_there_is_refused():
    assert sweep_figure(rat_results.results(), None) is None
    assert sweep_figure(rat_results.results(sweep=SWEEP), "buddy") is None
    results = rat_results.results(sweep=SWEEP)
    with pytest.raises(ValueError, match="the sweep has no total; it has chance_r2, label_r2"):
        sweep_figure(results, None, metric="total")
    with pytest.raises(ValueError, match="decoder must be one of ridge, got 'knn'"):
        sweep_figure(results, None, metric="label_r2", decoder="knn")
