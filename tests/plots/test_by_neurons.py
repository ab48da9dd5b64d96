"""Scores by number of neurons."""

import movie_results
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba
from movie_results import METRIC, neurons_sweep

from cebra_kedro.plots import style
from cebra_kedro.plots.by_neurons import by_neurons_figure, plot_by_neurons

COLOURS = style.colours(movie_results.VARIANTS)


def key(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_lines_are_means_over_seeds_and_every_seed_is_a_dot():
    table = neurons_sweep()
    drawn = plot_by_neurons(table, METRIC, colours=COLOURS)
    lines = [line for line in drawn.ax.lines if line.get_lw() > 1.5 and len(line.get_xdata()) == 3]
    rows = table[table["metric"] == METRIC]
    expected = rows.groupby(["variant", "decoder", "n_neurons"])["value"].mean().unstack()
    # means of the same three floats
    np.testing.assert_allclose(
        sorted(tuple(line.get_ydata()) for line in lines if line.get_marker() == "None"),
        sorted(map(tuple, expected.to_numpy())),
        rtol=1e-12,
    )
    dots = [line.get_ydata() for line in drawn.ax.lines if line.get_marker() != "None"]
    np.testing.assert_array_equal(np.sort(np.concatenate(dots)), np.sort(rows["value"]))
    np.testing.assert_array_equal(drawn.data["value"], rows["value"])


def test_colour_says_the_variant_and_dashes_the_decoder():
    ax = plot_by_neurons(neurons_sweep(), METRIC, colours=COLOURS).ax
    lines = [line for line in ax.lines if line.get_lw() > 1.5 and line.get_marker() == "None"]
    looks = {(to_rgba(line.get_color()), line.get_linestyle()) for line in lines}
    expected = {to_rgba(COLOURS[name]) for name in ("ca", "raw_ca")}
    assert {colour for colour, _ in looks} == expected
    assert len(looks) == 4
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["Ca²⁺", "raw Ca²⁺", "knn, dots: runs", "bayes, dots: runs", "chance"]


def test_axes_name_counts_metric_unit_and_chance():
    ax = plot_by_neurons(neurons_sweep(), METRIC, colours=COLOURS).ax
    assert ax.get_xscale() == "log"
    assert ax.get_xlabel() == "number of neurons"
    assert ax.get_ylabel() == "frames decoded within 1 s (%)"
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["10", "100", "1000"]
    (chance,) = [line for line in ax.lines if line.get_color() == "0.35"]
    # a mean of equal floats
    np.testing.assert_allclose(chance.get_ydata(), 6.448, rtol=1e-12)


def test_numbers_that_would_overlap_are_left_out_but_keep_their_ticks():
    counts = (10, 30, 50, 100, 200, 400, 600, 800, 900, 1000)
    table = neurons_sweep(counts, variants=("ca",), decoders=("knn",))
    ax = plot_by_neurons(table, METRIC, colours=COLOURS).ax
    assert list(ax.get_xticks()) == list(counts)
    labels = [tick.get_text() for tick in ax.get_xticklabels()]
    assert labels == ["10", "", "50", "", "200", "", "", "", "", "1000"]


def test_a_single_number_of_neurons_is_drawn_too():
    ax = plot_by_neurons(neurons_sweep((100,)), METRIC, colours=COLOURS).ax
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["100"]


def test_sessions_have_panels_of_their_own_and_one_key():
    sweep = neurons_sweep(sessions=("VISp", "VISl"))
    results = movie_results.results(sweep=sweep)
    figure = by_neurons_figure(results)
    assert [ax.get_title() for ax in figure.axes] == ["VISp", "VISl"]
    assert key(figure)[:2] == ["Ca²⁺", "raw Ca²⁺"]
    assert figure.get_suptitle() == "Frames decoded within 1 s by number of neurons"
    figure.draw_without_rendering()
    figure = by_neurons_figure(results, "VISl")
    (ax,) = figure.axes
    assert " ".join(figure.get_suptitle().split()) == (
        "VISl: frames decoded within 1 s by number of neurons"
    )
    rows = sweep[(sweep["subject"] == "VISl") & (sweep["metric"] == METRIC)]
    dots = [line.get_ydata() for line in ax.lines if line.get_marker() != "None"]
    np.testing.assert_array_equal(np.sort(np.concatenate(dots)), np.sort(rows["value"]))


def test_a_name_longer_than_the_axis_stands_in_lines_at_the_first_panel_of_each_row():
    sessions = ("VISp", "VISl", "VISrl", "VISal", "VISam")
    sweep = neurons_sweep(sessions=sessions)
    figure = by_neurons_figure(movie_results.results(sessions=sessions, sweep=sweep))
    label = "frames decoded within 1\N{NO-BREAK SPACE}s\n(%)"
    assert [ax.get_ylabel() for ax in figure.axes] == [label, "", "", "", label]


def test_empty_units_from_a_csv_file_are_bare_numbers():
    sweep = neurons_sweep().assign(unit=np.nan)
    figure = by_neurons_figure(movie_results.results(sweep=sweep), "VISp", metric=METRIC)
    assert figure.axes[0].get_ylabel() == "frames decoded within 1 s"


def test_without_a_sweep_over_neurons_there_is_no_figure():
    for sweep in (
        pd.DataFrame(),
        neurons_sweep().iloc[:0],
        neurons_sweep().drop(columns="n_neurons"),
    ):
        assert by_neurons_figure(movie_results.results(sweep=sweep), "VISp") is None
    results = movie_results.results(sweep=neurons_sweep())
    assert by_neurons_figure(results, "VISl") is None


def test_another_metric_is_refused_by_name():
    results = movie_results.results(sweep=neurons_sweep())
    with pytest.raises(ValueError, match="the sweep has no r2; it has frame_accuracy_1s"):
        by_neurons_figure(results, "VISp", metric="r2")
