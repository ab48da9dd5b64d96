"""Training curves: a thin line per run, a thicker mean per variant."""

import numpy as np
import pandas as pd
import pytest
import rat_results
from matplotlib.figure import Figure

from cebra_kedro.plots import style
from cebra_kedro.plots.loss import HISTORY_COLUMNS, loss_figure, plot_loss_curves
from cebra_kedro.plots.results import Variant

STEPS = np.arange(0, 50, 10)


def history(variants=("time", "shuffled"), n_runs=3):
    rng = np.random.default_rng(0)
    runs = [
        pd.DataFrame(
            {
                "variant": variant,
                "fold": fold,
                "seed": 0,
                "step": STEPS,
                "loss": 6 - rng.uniform(size=len(STEPS)),
                "goodness_of_fit_bits": rng.uniform(size=len(STEPS)),
                "learning_rate": 3e-4,
            }
        )
        for variant in variants
        for fold in range(n_runs)
    ]
    return pd.concat(runs, ignore_index=True)[list(HISTORY_COLUMNS)]


def by_width(ax, width):
    return [line for line in ax.lines if line.get_linewidth() == width]


def test_each_run_is_a_thin_line_of_its_own_values():
    table = history()
    for ax, column in zip(
        plot_loss_curves(table).axes, ("loss", "goodness_of_fit_bits"), strict=True
    ):
        shown = sorted(tuple(line.get_ydata()) for line in by_width(ax, 0.6))
        runs = table.groupby(["variant", "fold"])[column]
        assert shown == sorted(tuple(values) for _, values in runs)


def test_thick_line_is_the_mean_over_runs_at_each_step():
    table = history(variants=("time",))
    drawn = plot_loss_curves(table)
    for ax, column in zip(drawn.axes, ("loss", "goodness_of_fit_bits"), strict=True):
        expected = table[column].to_numpy().reshape(3, -1).mean(axis=0)
        (line,) = by_width(ax, 2.0)
        np.testing.assert_allclose(line.get_ydata(), expected, rtol=1e-12)  # order of addition
        np.testing.assert_allclose(drawn.data[column], expected, rtol=1e-12)
    assert drawn.data["n_runs"].eq(3).all()


def test_shuffled_rows_draw_the_same_lines():
    table = history()
    first = plot_loss_curves(table)
    again = plot_loss_curves(table.sample(frac=1, random_state=2))
    for line, other in zip(first.ax.lines, again.ax.lines, strict=True):
        # The mean adds the runs in another order: rounding of float64.
        np.testing.assert_allclose(line.get_xydata(), other.get_xydata(), rtol=1e-12)


def test_a_run_that_stopped_early_shortens_neither_the_mean_nor_the_others():
    table = history(variants=("time",))
    table = table[~((table["fold"] == 2) & (table["step"] > 20))]
    data = plot_loss_curves(table).data
    assert data["n_runs"].tolist() == [3, 3, 3, 2, 2]


def test_units_chance_line_and_one_legend_outside():
    loss_ax, fit_ax = plot_loss_curves(history(), title="buddy").axes
    assert loss_ax.get_ylabel() == "InfoNCE loss (nats)"
    assert fit_ax.get_ylabel() == "goodness of fit (bits)"
    assert loss_ax.get_legend() is None
    labels = [t.get_text() for t in fit_ax.get_legend().get_texts()]
    assert labels == ["time", "shuffled", "chance (0 bits)"]
    fit_ax.figure.canvas.draw()
    assert fit_ax.get_legend().get_window_extent().x0 >= fit_ax.get_window_extent().x1


def test_goodness_of_fit_that_was_not_recorded_is_named_not_invented():
    drawn = plot_loss_curves(history().assign(goodness_of_fit_bits=np.nan))
    assert [t.get_text() for t in drawn.axes[1].texts] == ["not recorded"]
    assert drawn.ax.texts[:] == []


def test_given_axes_are_used_and_footnote_stands_on_their_figure():
    figure = Figure()
    axes = figure.subplots(1, 2)
    drawn = plot_loss_curves(history(variants=("time_transductive",)), axes=axes, title="buddy")
    assert drawn.axes == tuple(axes)
    assert axes[0].get_title() == "buddy"
    assert figure.get_supxlabel().startswith("†")


@pytest.mark.parametrize(
    ("table", "axes", "message"),
    [
        (history().drop(columns="step"), None, "missing columns: .'step'"),
        (history().iloc[:0], None, "got 0 rows"),
        (history(), Figure().subplots(1, 3), "axes must be two"),
    ],
)
def test_wrong_input_is_refused(table, axes, message):
    with pytest.raises(ValueError, match=message):
        plot_loss_curves(table, axes=axes)


def test_a_start_far_worse_than_chance_is_out_of_view():
    table = history()
    fit = np.tile([-8.0, 0.1, 0.2, 0.3, 0.4], 6)
    table = table.assign(goodness_of_fit_bits=fit, loss=6.0 - np.log(2) * fit)
    loss_ax, fit_ax = plot_loss_curves(table).axes
    assert -1 < fit_ax.get_ylim()[0] < 0.1
    assert 0.4 < fit_ax.get_ylim()[1] < 0.5
    assert loss_ax.get_ylim()[1] < 6.2


def test_a_start_near_chance_stays_in_view():
    fit = np.tile([-0.5, 0.1, 0.2, 0.3, 0.4], 6)
    fit_ax = plot_loss_curves(history().assign(goodness_of_fit_bits=fit)).axes[1]
    assert fit_ax.get_ylim()[0] < -0.5


def test_encoders_of_a_session_have_the_colours_of_the_experiment():
    figure = loss_figure(rat_results.results(), "buddy")
    assert figure.get_suptitle() == "buddy: training"
    colours = style.colours(rat_results.VARIANTS)
    shown = {line.get_label(): line.get_color() for line in by_width(figure.axes[0], 2.0)}
    assert shown == {
        style.variant_label(one): colours[one.name]
        for one in rat_results.VARIANTS
        if one.kind != "baseline"
    }


def test_an_encoder_of_several_populations_has_the_colour_of_the_first():
    variants = (Variant("time", "encoder"), Variant("joint_ca", "encoder", "ca"))
    table = history(variants=("joint",))
    figure = loss_figure(
        rat_results.results(variants=variants, history=lambda session: table), "VISp"
    )
    (line,) = by_width(figure.axes[0], 2.0)
    assert line.get_color() == style.colours(variants)["joint_ca"]


def test_without_trained_encoders_there_is_no_figure():
    nothing = rat_results.results(history=lambda session: pd.DataFrame())
    assert loss_figure(nothing, "buddy") is None
