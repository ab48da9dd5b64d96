"""Scores per variant: every run a dot, the mean and the chance level as lines."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import rat_results

from cebra_kedro.metrics import METRIC_COLUMNS
from cebra_kedro.plots import style
from cebra_kedro.plots.results import Variant
from cebra_kedro.plots.score_panel import plot_scores
from cebra_kedro.plots.scores import scores_figure

METRIC = "position_error_median"


def table(subjects=("buddy",), variants=("time", "pca"), n_folds=3, n_seeds=2, chance=True):
    rng = np.random.default_rng(3)
    rows = []
    for subject, variant in itertools.product(subjects, variants):
        for fold, seed in itertools.product(range(n_folds), range(n_seeds)):
            run = ("hippocampus", subject, variant, fold, seed, "knn")
            rows.append((*run, METRIC, rng.uniform(0.1, 0.3), "m"))
            if chance:
                rows.append((*run, f"chance_{METRIC}", rng.uniform(0.39, 0.41), "m"))
    return pd.DataFrame(rows, columns=list(METRIC_COLUMNS))


def dots(ax):
    """Array (dot, 2) of all markers on the axes."""
    lines = [line for line in ax.lines if line.get_marker() not in ("None", None, "")]
    return np.concatenate([line.get_xydata() for line in lines])


def dashed(ax):
    return [line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == "--"]


def names(ax):
    return [t.get_text() for t in ax.get_yticklabels()]


def test_every_fold_and_seed_is_a_dot_in_the_row_of_its_variant():
    metrics = table(variants=("position", "time", "pca"))
    drawn = plot_scores(metrics, METRIC)
    shown = dots(drawn.ax)
    scores = metrics[metrics["metric"] == METRIC]
    np.testing.assert_array_equal(np.sort(shown[:, 0]), np.sort(scores["value"]))
    assert names(drawn.ax) == ["position", "time", "PCA"]
    assert drawn.ax.get_ylim()[0] > drawn.ax.get_ylim()[1]  # the first one on top
    for row, variant in enumerate(["position", "time", "pca"]):
        in_row = shown[np.abs(shown[:, 1] - row) < 0.36, 0]  # over the line of the mean
        expected = scores.loc[scores["variant"] == variant, "value"]
        np.testing.assert_array_equal(np.sort(in_row), np.sort(expected))


def test_lines_and_numbers_show_the_means_of_pandas():
    metrics = table(variants=("time", "pca"))
    drawn = plot_scores(metrics, METRIC)
    means = metrics[metrics["metric"] == METRIC].groupby("variant")["value"].mean()
    segments = [c.get_segments()[0] for c in drawn.ax.collections]
    # The same sums in another order of addition: rounding of float64.
    np.testing.assert_allclose([s[0, 0] for s in segments], means[["time", "pca"]], rtol=1e-12)
    for variant, rows in drawn.data.groupby("variant"):
        np.testing.assert_allclose(rows["mean"], means[variant], rtol=1e-12)
    assert [t.get_text() for t in drawn.ax.texts] == [f"{means[v]:.3f}" for v in ("time", "pca")]


def test_chance_is_the_mean_of_the_chance_rows_and_missing_without_them():
    metrics = table()
    drawn = plot_scores(metrics, METRIC)
    expected = metrics.loc[metrics["metric"] == f"chance_{METRIC}", "value"].mean()
    np.testing.assert_allclose(dashed(drawn.ax), [expected], rtol=1e-12)  # order of addition
    np.testing.assert_allclose(drawn.data["chance"], expected, rtol=1e-12)
    legend = [t.get_text() for t in drawn.ax.get_legend().get_texts()]
    assert legend == ["fold 0", "fold 1", "fold 2", "mean", "chance"]
    without = plot_scores(table(chance=False), METRIC)
    assert dashed(without.ax) == []
    assert without.data["chance"].isna().all()


def test_dots_do_not_depend_on_the_order_of_the_rows_but_for_the_order_of_variants():
    metrics, order = table(), ["time", "pca"]
    first = plot_scores(metrics, METRIC, variants=order).data
    shuffled = metrics.sample(frac=1, random_state=1)
    again = plot_scores(shuffled, METRIC, variants=order).data
    by = ["variant", "fold", "seed"]
    pd.testing.assert_frame_equal(
        first.sort_values(by, ignore_index=True), again.sort_values(by, ignore_index=True)
    )
    assert first.groupby("variant")["y"].nunique().eq(6).all()


def test_each_fold_has_its_marker():
    ax = plot_scores(table(n_folds=3), METRIC).ax
    markers = {line.get_marker() for line in ax.lines} - {"None"}
    assert len(markers) == 3


def test_transductive_variant_has_a_mark_and_a_footnote():
    metrics = table(variants=("time", "time_transductive"))
    ax = plot_scores(metrics, METRIC).ax
    assert names(ax)[1] == "time †"
    assert "† transductive" in ax.get_xlabel()
    bare = plot_scores(metrics, METRIC, legend=False).ax
    assert bare.get_xlabel() == "median position error (m)"
    assert bare.get_legend() is None


def test_value_axis_has_its_unit_and_starts_at_zero():
    drawn = plot_scores(table(), METRIC)
    assert drawn.ax.get_xlabel() == "median position error (m)"
    low, high = drawn.ax.get_xlim()
    assert low == 0
    assert high > drawn.data[["value", "chance"]].to_numpy().max()
    assert plot_scores(table(), METRIC, limits=(-1, 2)).ax.get_xlim()[0] < -1


def test_negative_scores_and_a_chance_of_zero_stay_visible():
    metrics = table()
    metrics.loc[metrics["metric"] == METRIC, "value"] -= 0.2
    metrics.loc[metrics["metric"] != METRIC, "value"] = 0.0
    low, _ = plot_scores(metrics, METRIC).ax.get_xlim()
    assert low < metrics["value"].min() < 0
    metrics.loc[metrics["metric"] == METRIC, "value"] += 1.0
    assert plot_scores(metrics, METRIC).ax.get_xlim()[0] < 0


def test_names_and_numbers_of_many_variants_do_not_run_into_each_other():
    many = tuple(f"joint_encoder_{i}" for i in range(20))
    ax = plot_scores(table(variants=many), METRIC).ax
    ax.figure.canvas.draw()
    for texts in (ax.get_yticklabels(), ax.texts):
        boxes = [text.get_window_extent() for text in texts]
        assert all(a.y0 >= b.y1 for a, b in itertools.pairwise(boxes))
    legend = ax.get_legend().get_window_extent()
    assert all(text.get_window_extent().x1 <= legend.x0 for text in ax.texts)


def test_one_decoder_of_several_is_chosen_by_name():
    metrics = pd.concat([table(), table().assign(decoder="bayes", value=0.2)])
    with pytest.raises(ValueError, match="one decoder"):
        plot_scores(metrics, METRIC)
    assert plot_scores(metrics, METRIC, decoder="bayes").data["value"].eq(0.2).all()


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        (table().drop(columns="unit"), "missing: .'unit'"),
        (table(subjects=("buddy", "cicero")), "one subject"),
        (table().assign(metric="accuracy"), "those in the table .accuracy."),
        (table().assign(value=np.nan), "must be finite"),
        (table().assign(fold=np.nan), "needs a fold"),
        (pd.concat([table(), table().assign(experiment="other")]), "one experiment"),
        (pd.concat([table(), table().assign(unit="cm", seed=9)]), "one unit"),
    ],
)
def test_wrong_table_is_refused_with_a_remedy(metrics, message):
    with pytest.raises(ValueError, match=message):
        plot_scores(metrics, METRIC)


def test_a_scored_variant_without_a_row_is_refused():
    with pytest.raises(ValueError, match=r"variants must hold all .* missing: \['pca'\]"):
        plot_scores(table(), METRIC, variants=["time"])


def grid(figure):
    """Row, column → axes, of those that are seen."""
    return {
        (ax.get_subplotspec().rowspan[0], ax.get_subplotspec().colspan[0]): ax
        for ax in figure.axes
        if ax.get_visible()
    }


def shown_of(metrics, **wanted):
    return np.sort(metrics.loc[(metrics[list(wanted)] == wanted).all(axis=1), "value"])


def test_of_a_session_metrics_are_columns_and_decoders_rows_on_common_axes():
    results = rat_results.results()
    wanted = ["position_r2", "direction_accuracy"]
    figure = scores_figure(results, "buddy", metrics=wanted)
    figure.canvas.draw()
    axes = grid(figure)
    assert sorted(axes) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    for (row, decoder), (column, metric) in itertools.product(
        enumerate(("knn", "ridge")), enumerate(wanted)
    ):
        expected = shown_of(results.metrics, subject="buddy", metric=metric, decoder=decoder)
        np.testing.assert_array_equal(np.sort(dots(axes[row, column])[:, 0]), expected)
        assert axes[row, column].get_title() == f"by {decoder}"
        assert axes[row, column].get_xlim() == axes[0, column].get_xlim()
    assert axes[0, 1].get_xlabel() == "direction accuracy (%)"
    variants = [style.variant_label(one) for one in rat_results.VARIANTS]
    assert names(axes[0, 0]) == names(axes[1, 0]) == variants
    assert set(names(axes[0, 1])) == {""}
    assert len([ax for ax in figure.axes if ax.get_legend()]) == 1
    assert figure.get_supxlabel().startswith("† transductive")


def test_scores_without_a_decoder_are_headed_by_none():
    results = rat_results.results()
    table = results.metrics
    apart = table[table["metric"] == METRIC].assign(decoder="none", metric="latent_r2")
    mixed = replace(results, metrics=pd.concat([table[table["metric"] == METRIC], apart]))
    figure = scores_figure(mixed, "buddy", metrics=[METRIC, "latent_r2"])
    titles = {ax.get_title() for ax in grid(figure).values()}
    assert titles == {"by knn", "by ridge", ""}


def test_decoders_of_one_metric_stand_side_by_side():
    figure = scores_figure(rat_results.results(), "buddy", metrics=[METRIC])
    assert [ax.get_title() for ax in grid(figure).values()] == ["by knn", "by ridge"]
    assert sorted(grid(figure)) == [(0, 0), (0, 1)]
    one = scores_figure(rat_results.results(), "buddy", metrics=[METRIC], decoder="ridge")
    assert one.get_suptitle() == "buddy: scores on test rows, by ridge"
    assert len(one.axes) == 1


def mixed():
    """Sessions whose labels differ, each with a decoder of its own."""
    return pd.concat(
        [
            rat_results.metrics(("a", "b"), decoders=("linear",), units=(("label_r2", ""),)),
            rat_results.metrics(("a",), decoders=("ridge",), units=(("angle_error_mean", "rad"),)),
            rat_results.metrics(("c",), decoders=("knn",), units=(("class_accuracy", "%"),)),
        ]
    )


def test_metrics_of_one_decoder_each_stand_in_one_row():
    results = rat_results.results(sessions=("a", "b", "c"), metrics=mixed())
    figure = scores_figure(results, "a")
    assert [ax.get_xlabel() for ax in grid(figure).values()] == [
        "label R²",
        "mean angle error (rad)",
    ]
    assert [ax.get_title() for ax in grid(figure).values()] == ["by linear", "by ridge"]
    assert sorted(grid(figure)) == [(0, 0), (0, 1)]


def test_of_all_sessions_each_has_a_panel_by_the_first_decoder_on_common_axes():
    sessions = ("gatsby", "buddy", "cicero")
    metrics = rat_results.metrics((*sessions, "gatsby_to_buddy"))
    results = rat_results.results(
        sessions=sessions, transfers=(("gatsby", "buddy"),), metrics=metrics
    )
    figure = scores_figure(results, None, metrics=["position_r2", METRIC])
    axes = grid(figure)
    titles = [axes[0, i].get_title() for i in range(4)]
    assert titles == [*sessions, "gatsby to buddy"]
    assert figure.get_suptitle() == "Scores on test rows, by knn"
    for row, metric in enumerate(("position_r2", METRIC)):
        assert len({axes[row, i].get_xlim() for i in range(4)}) == 1
        for column, session in enumerate((*sessions, "gatsby_to_buddy")):
            expected = shown_of(metrics, subject=session, metric=metric, decoder="knn")
            np.testing.assert_array_equal(np.sort(dots(axes[row, column])[:, 0]), expected)
            chance = metrics[
                (metrics["subject"] == session)
                & (metrics["metric"] == f"chance_{metric}")
                & (metrics["decoder"] == "knn")
            ]["value"].mean()
            np.testing.assert_allclose(dashed(axes[row, column]), [chance], rtol=1e-12)


def test_sessions_that_do_not_fit_in_a_row_go_below_and_rows_are_alike():
    sessions = tuple("abcdef")
    results = rat_results.results(
        sessions=sessions, metrics=rat_results.metrics(sessions, n_folds=1)
    )
    axes = grid(scores_figure(results, None, metrics=[METRIC]))
    assert sorted(axes) == [(row, column) for row in (0, 1) for column in (0, 1, 2)]


def test_a_variant_keeps_its_row_and_colour_where_it_is_not_scored():
    metrics = rat_results.metrics(("buddy", "achilles"), decoders=("knn",))
    there = (metrics["subject"] == "buddy") | (metrics["variant"] != "position")
    results = rat_results.results(metrics=metrics[there])
    axes = grid(scores_figure(results, None, metrics=[METRIC]))
    rows = {round(y) for y in dots(axes[0, 1])[:, 1]}
    assert rows == {0, 2, 3, 4, 5, 6}
    colours = style.colours(rat_results.VARIANTS)
    (of_pca,) = {
        line.get_color()
        for line in axes[0, 1].lines
        if line.get_marker() == "o" and round(line.get_ydata()[0]) == 6
    }
    assert of_pca == colours["pca"]


def test_without_names_the_first_score_of_each_label_is_drawn():
    figure = scores_figure(rat_results.results(), "buddy", decoder="knn")
    assert [ax.get_xlabel() for ax in figure.axes] == [
        "median position error (m)",
        "direction accuracy (%)",
    ]


def test_units_that_a_file_has_lost_are_no_unit():
    metrics = rat_results.metrics(units=(("position_r2", ""),)).assign(unit=np.nan)
    figure = scores_figure(rat_results.results(metrics=metrics), None)
    assert figure.axes[0].get_xlabel() == "position R²"


def test_nothing_scored_is_no_figure():
    assert scores_figure(rat_results.results(metrics=pd.DataFrame()), None) is None
    assert scores_figure(rat_results.results(), "gatsby") is None
    # A usual score, of a session that has not been run.
    assert scores_figure(rat_results.results(), "buddy", metrics=["class_accuracy"]) is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metrics": ["happiness"]}, "metrics must be among those of the experiment"),
        ({"metrics": [METRIC] * 5}, "at most 4, got 5"),
        ({"decoder": "bayes"}, "decoder must be one of knn, ridge, got 'bayes'"),
    ],
)
def test_what_is_not_there_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        scores_figure(rat_results.results(), "buddy", **options)


def test_an_unscored_variant_of_the_description_takes_no_room():
    variants = (*rat_results.VARIANTS, Variant("umap", "baseline", transductive=True))
    figure = scores_figure(rat_results.results(variants=variants), "buddy", metrics=[METRIC])
    assert "UMAP †" not in names(figure.axes[0])
