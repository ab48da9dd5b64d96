"""Numbers of the page: means, spreads, chance, counts."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cebra_kedro.report import tables
from cebra_kedro.report.captions import caption, caption_order

COLUMNS = ["subject", "variant", "fold", "seed", "decoder", "metric", "value", "unit"]


def rows(values, metric="accuracy", unit="%", decoder="knn", variant="time"):
    return pd.DataFrame(
        [("rat", variant, str(i), "0", decoder, metric, v, unit) for i, v in enumerate(values)],
        columns=COLUMNS,
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
    assert [column.decoder for column in table.columns] == ["bayes", "knn"]
    assert [row.label for row in table.rows] == ["time", "PCA of neural activity"]
    assert [cell.chance for cell in table.rows[0].cells] == ["20.0", "50.0"]
    assert [cell.mean for cell in table.rows[1].cells] == ["", "60.0"]


def test_same_metric_in_two_units_is_two_columns():
    metrics = pd.concat([rows([10.0], unit="cm"), rows([0.1], unit="m")])
    assert [column.unit for column in tables.score_table(metrics).columns] == ["cm", "m"]


@pytest.mark.parametrize(
    ("metric", "better"),
    [
        ("position_error_median", "lower"),
        ("angular_error_mean", "lower"),
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


def test_subject_without_the_variant_has_an_empty_cell():
    table = tables.subjects_table({"a": rows([1.0]), "b": rows([2.0], variant="pca")})
    assert [[cell.mean for cell in row.cells] for row in table.rows] == [["1.0", ""], ["", "2.0"]]


def test_captions_know_names_variants_and_metrics():
    assert caption("loss").startswith("InfoNCE loss and goodness of fit")
    assert caption("error_budget") == "error budget"
    assert caption("decoded_position_time").endswith("meet (time)")
    assert "transductive" in caption("embedding_time_transductive")
    assert caption("position_r2").startswith("Position R² of each variant")
    assert caption("something_new") == "something new"
    assert caption("_") == "_"


def test_figures_come_in_the_order_of_the_captions():
    stems = ["zebra", "position_r2", "loss", "embedding_time", "embedding", "apple"]
    assert sorted(stems, key=caption_order) == [
        "embedding",
        "embedding_time",
        "loss",
        "position_r2",
        "apple",
        "zebra",
    ]
