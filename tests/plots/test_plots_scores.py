"""Scores per variant: every run a dot, the mean and the chance level as lines."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from cebra_kedro.plots import figure_error_by_variant_and_subject, plot_error_by_variant, style
from cebra_kedro.plots.scores import METRIC_COLUMNS

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
    return pd.DataFrame(rows, columns=METRIC_COLUMNS)


def dots(ax):
    """Array (dot, 2) of all markers on the axes."""
    lines = [line for line in ax.lines if line.get_marker() not in ("None", None, "")]
    return np.concatenate([line.get_xydata() for line in lines])


def dashed(ax):
    return [line.get_ydata()[0] for line in ax.lines if line.get_linestyle() == "--"]


def test_every_fold_and_seed_is_a_dot_in_the_column_of_its_variant():
    metrics = table(variants=("pca", "time", "position"))
    drawn = plot_error_by_variant(metrics, METRIC)
    shown = dots(drawn.ax)
    scores = metrics[metrics["metric"] == METRIC]
    np.testing.assert_array_equal(np.sort(shown[:, 1]), np.sort(scores["value"]))
    assert [t.get_text() for t in drawn.ax.get_xticklabels()] == ["position", "time", "PCA"]
    for column, variant in enumerate(["position", "time", "pca"]):
        in_column = shown[np.abs(shown[:, 0] - column) < 0.36, 1]  # over the line of the mean
        expected = scores.loc[scores["variant"] == variant, "value"]
        np.testing.assert_array_equal(np.sort(in_column), np.sort(expected))


def test_lines_and_numbers_show_the_means_of_pandas():
    metrics = table(variants=("time", "pca"))
    drawn = plot_error_by_variant(metrics, METRIC)
    means = metrics[metrics["metric"] == METRIC].groupby("variant")["value"].mean()
    segments = [c.get_segments()[0] for c in drawn.ax.collections]
    # The same sums in another order of addition: rounding of float64.
    np.testing.assert_allclose([s[0, 1] for s in segments], means[["time", "pca"]], rtol=1e-12)
    for variant, rows in drawn.data.groupby("variant"):
        np.testing.assert_allclose(rows["mean"], means[variant], rtol=1e-12)
    assert [t.get_text() for t in drawn.ax.texts] == [f"{means[v]:.3f}" for v in ("time", "pca")]


def test_chance_is_the_mean_of_the_chance_rows_and_missing_without_them():
    metrics = table()
    drawn = plot_error_by_variant(metrics, METRIC)
    expected = metrics.loc[metrics["metric"] == f"chance_{METRIC}", "value"].mean()
    np.testing.assert_allclose(dashed(drawn.ax), [expected], rtol=1e-12)  # order of addition
    np.testing.assert_allclose(drawn.data["chance"], expected, rtol=1e-12)
    legend = [t.get_text() for t in drawn.ax.get_legend().get_texts()]
    assert legend == ["fold 0", "fold 1", "fold 2", "mean", "chance"]
    without = plot_error_by_variant(table(chance=False), METRIC)
    assert dashed(without.ax) == []
    assert without.data["chance"].isna().all()


def test_jitter_does_not_depend_on_the_order_of_the_rows():
    metrics = table()
    first = plot_error_by_variant(metrics, METRIC).data
    again = plot_error_by_variant(metrics.sample(frac=1, random_state=1), METRIC).data
    pd.testing.assert_frame_equal(first, again)
    assert first.groupby("variant")["x"].nunique().eq(6).all()


def test_each_fold_has_its_marker():
    ax = plot_error_by_variant(table(n_folds=3), METRIC).ax
    markers = {line.get_marker() for line in ax.lines} - {"None"}
    assert len(markers) == 3


def test_transductive_variant_has_a_mark_and_a_footnote():
    metrics = table(variants=("time", "time_transductive"))
    ax = plot_error_by_variant(metrics, METRIC).ax
    assert ax.get_xticklabels()[1].get_text() == "time †"
    assert ax.get_xlabel().startswith("† transductive")
    bare = plot_error_by_variant(metrics, METRIC, legend=False).ax
    assert bare.get_xlabel() == ""
    assert bare.get_legend() is None


def test_value_axis_has_its_unit_starts_at_zero_and_leaves_room_for_the_means():
    drawn = plot_error_by_variant(table(), METRIC)
    assert drawn.ax.get_ylabel() == "median position error (m)"
    low, high = drawn.ax.get_ylim()
    assert low == 0
    assert high > 1.1 * drawn.data[["value", "chance"]].to_numpy().max()


def test_negative_scores_and_a_chance_of_zero_stay_visible():
    metrics = table()
    metrics.loc[metrics["metric"] == METRIC, "value"] -= 0.2
    metrics.loc[metrics["metric"] != METRIC, "value"] = 0.0
    low, _ = plot_error_by_variant(metrics, METRIC).ax.get_ylim()
    assert low < metrics["value"].min() < 0
    metrics.loc[metrics["metric"] == METRIC, "value"] += 1.0
    assert plot_error_by_variant(metrics, METRIC).ax.get_ylim()[0] < 0


def test_names_of_all_variants_fit_beside_each_other():
    ax = plot_error_by_variant(table(variants=tuple(style.VARIANT_STYLES)), METRIC).ax
    ax.figure.canvas.draw()
    boxes = [label.get_window_extent() for label in ax.get_xticklabels()]
    assert all(a.x1 <= b.x0 for a, b in itertools.pairwise(boxes))


def test_names_turn_where_columns_are_narrow():
    ax = Figure(figsize=(2.5, 2.5)).subplots()
    plot_error_by_variant(table(variants=tuple(style.VARIANT_STYLES)), METRIC, ax=ax)
    assert {label.get_rotation() for label in ax.get_xticklabels()} == {40}


def test_small_multiples_share_columns_and_value_axis():
    metrics = table(subjects=("gatsby", "buddy", "cicero"), variants=("time", "pca"))
    only_buddy = (metrics["subject"] == "buddy") | (metrics["variant"] != "pca")
    figure = figure_error_by_variant_and_subject(metrics[only_buddy], METRIC, title="rats")
    panels = [ax for ax in figure.axes if ax.get_visible()]
    assert [ax.get_title() for ax in panels] == ["buddy", "cicero", "gatsby"]
    assert len({ax.get_ylim() for ax in panels}) == 1
    assert {len(ax.get_xticks()) for ax in panels} == {2}
    assert [len(dots(ax)) for ax in panels] == [12, 6, 6]
    for ax in panels:
        of_subject = metrics[(metrics["subject"] == ax.get_title()) & only_buddy]
        chance = of_subject.loc[of_subject["metric"] != METRIC, "value"].mean()
        np.testing.assert_allclose(dashed(ax), [chance], rtol=1e-12)  # order of addition


def test_one_decoder_of_several_is_chosen_by_name():
    metrics = pd.concat([table(), table().assign(decoder="bayes", value=0.2)])
    with pytest.raises(ValueError, match="one decoder"):
        plot_error_by_variant(metrics, METRIC)
    assert plot_error_by_variant(metrics, METRIC, decoder="bayes").data["value"].eq(0.2).all()


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        (table().drop(columns="unit"), "missing: .'unit'"),
        (table(subjects=("buddy", "cicero")), "figure_error_by_variant_and_subject"),
        (table().assign(metric="accuracy"), "those in the table .accuracy."),
        (table().assign(value=np.nan), "must be finite"),
        (table().assign(fold=np.nan), "needs a fold"),
        (pd.concat([table(), table().assign(experiment="other")]), "one experiment"),
        (pd.concat([table(), table().assign(unit="cm", seed=9)]), "one unit"),
    ],
)
def test_wrong_table_is_refused_with_a_remedy(metrics, message):
    with pytest.raises(ValueError, match=message):
        plot_error_by_variant(metrics, METRIC)
