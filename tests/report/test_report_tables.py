"""Numbers of the page: means, spreads, chance, counts."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cebra_kedro.metrics import METRIC_COLUMNS
from cebra_kedro.plots import style
from cebra_kedro.plots.figures import CAPTIONS
from cebra_kedro.report import tables
from cebra_kedro.report.captions import caption, caption_order

PCA = style.variant_label("pca", long=True)


def rows(values, metric="accuracy", unit="%", decoder="knn", variant="time"):
    return pd.DataFrame(
        [
            ("hippocampus", "rat", variant, str(i), "0", decoder, metric, v, unit)
            for i, v in enumerate(values)
        ],
        columns=list(METRIC_COLUMNS),
    )


def first_cell(metrics):
    return tables.score_table(metrics).rows[0].cells[0]


@given(st.lists(st.floats(0, 100), min_size=2, max_size=12))
def test_cell_shows_mean_and_sample_deviation_to_the_decimals_of_the_unit(values):
    cell = first_cell(rows(values))
    if float(cell.mean) == 0 or abs(np.mean(values)) >= 0.05:  # else two significant digits
        # Half a unit in the last decimal shown (0.1), and rounding of float64.
        assert abs(float(cell.mean) - np.mean(values)) <= 0.05 + 1e-9
        assert abs(float(cell.sd) - np.std(values, ddof=1)) <= 0.05 + 1e-9
    assert cell.n == len(values)


def test_single_run_has_no_deviation():
    assert first_cell(rows([80.0])) == tables.Cell("80.0", "", 1, 0, "")


def test_tiny_mean_keeps_its_digits_and_gives_them_to_the_deviation():
    cell = first_cell(rows([1e-4, 3e-4], unit="m"))
    assert (cell.mean, cell.sd) == ("0.0002", "0.0001")
    cell = first_cell(rows([1e-7, 3e-7], unit="m"))
    assert (cell.mean, cell.sd) == ("2e-07", "1.4e-07")


def test_undefined_scores_are_counted_not_averaged():
    cell = first_cell(rows([80.0, np.nan, 90.0]))
    assert (cell.mean, cell.n, cell.n_undefined) == ("85.0", 2, 1)
    nothing = first_cell(rows([np.nan]))
    assert (nothing.mean, nothing.n, nothing.n_undefined) == ("–", 0, 1)


def test_chance_stands_beside_its_own_decoder_and_variant():
    metrics = pd.concat(
        [
            rows([80.0], decoder="knn"),
            rows([50.0], decoder="knn", metric="chance_accuracy"),
            rows([9.0], decoder="knn", metric="chance_scene_accuracy"),
            rows([70.0], decoder="bayes"),
            rows([20.0], decoder="bayes", metric="chance_accuracy"),
            rows([60.0], decoder="knn", variant="pca"),
        ]
    )
    table = tables.score_table(metrics)
    assert [column.decoder for column in table.columns] == ["knn", "bayes"]
    assert [row.label for row in table.rows] == ["time", PCA]
    assert [cell.chance for cell in table.rows[0].cells] == ["50.0", "20.0"]
    assert [cell.mean for cell in table.rows[1].cells] == ["60.0", ""]


def test_same_metric_in_two_units_is_two_columns():
    metrics = pd.concat([rows([10.0], unit="cm"), rows([0.1], unit="m")])
    assert [column.unit for column in tables.score_table(metrics).columns] == ["cm", "m"]


@pytest.mark.parametrize(
    ("metric", "better"),
    [
        ("position_error_median", "lower"),
        ("speed_cm_s_error_mean", "lower"),
        ("reconstruction_r2", "higher"),
        ("frame_accuracy_1s", "higher"),
        ("goodness_of_fit", "higher"),
        ("train_seconds", ""),
    ],
)
def test_heads_know_which_way_is_better(metric, better):
    assert tables.score_table(rows([1.0], metric=metric)).columns[0].better == better


def test_one_subject_alone_is_not_compared():
    assert tables.subjects_table({"buddy": rows([1.0])}) is None
    assert tables.subjects_table({"buddy": rows([1.0]), "cicero": rows([])}) is None
    assert tables.subjects_table({}) is None


def test_subjects_are_compared_in_the_first_metric_that_two_have():
    metrics_of = {
        "classes": rows([80.0], metric="odour_accuracy"),
        "a": rows([0.1], metric="speed_r2", unit=""),
        "b": pd.concat([rows([9.0]), rows([0.3], metric="speed_r2", unit="")]),
    }
    table = tables.subjects_table(metrics_of)
    assert table.column.label == "speed R²"
    assert [cell.mean for cell in table.rows[0].cells] == ["", "0.100", "0.300"]
    del metrics_of["b"]
    assert tables.subjects_table(metrics_of) is None


def test_subject_without_the_variant_has_an_empty_cell():
    table = tables.subjects_table({"a": rows([1.0]), "b": rows([2.0], variant="pca")})
    assert [[cell.mean for cell in row.cells] for row in table.rows] == [["1.0", ""], ["", "2.0"]]


FIGURES = (
    *("embedding", "decoded", "scores", "loss", "consistency", "sweep"),
    *("trajectories", "single_trials", "transfer_trajectories", "activity"),
    *("frames_decoded", "frames_confusion", "movie_map", "overview", "by_neurons"),
)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_described_by_the_sentence_that_stands_beside_its_drawing(name):
    assert caption(name) == CAPTIONS[name].strip().rstrip(".")
    assert len(caption(name).split()) > 3


@pytest.mark.parametrize(
    ("name", "rest", "text"),
    [
        ("embedding", "time_transductive", "time (transductive: encoder saw test neural data)"),
        ("decoded", "pca", PCA),
        ("scores", "position_r2", "position R²"),
        ("scores", "speed_cm_s_error_median", "median speed cm s error"),
        ("scores", "ca_accuracy", "ca accuracy"),
        ("consistency", "sessions_by_odour", "sessions by odour"),
        ("frames_decoded", "odour_guided", "odour guided"),
        ("transfer_trajectories", "fast_mice", "fast mice"),
    ],
)
def test_what_follows_the_name_of_a_figure_is_what_it_shows(name, rest, text):
    assert caption(f"{name}_{rest}") == f"{caption(name)} ({text})"


def test_captions_of_the_paper_and_of_unforeseen_figures():
    assert caption("figure_4").startswith("Figure 4 of the paper")
    assert caption("figure_44") == "figure 44"
    assert caption("lossless") == "lossless"
    assert caption("something_new") == "something new"
    assert caption("_") == "_"


def test_figures_come_in_the_order_of_the_captions():
    stems = ["zebra", *(f"{name}_x" for name in reversed(CAPTIONS)), *CAPTIONS, "figure_2", "apple"]
    assert sorted(stems, key=caption_order) == [
        *(stem for name in CAPTIONS for stem in (name, f"{name}_x")),
        "figure_2",
        "apple",
        "zebra",
    ]
