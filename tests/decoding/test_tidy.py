from __future__ import annotations

import pytest

from cebra_kedro.decoding.tidy import METRIC_COLUMNS, metrics_rows

WHERE = {
    "experiment": "hippocampus",
    "subject": "buddy",
    "variant": "behaviour",
    "fold": 1,
    "seed": 7,
    "decoder": "knn",
}


def test_each_score_is_one_row_in_the_contracts_columns():
    scores = {"position_error_median": 0.13, "total_r2": 0.5, "direction_accuracy": 91.0}
    table = metrics_rows(scores, **WHERE)
    assert tuple(table.columns) == METRIC_COLUMNS
    assert dict(zip(table["metric"], table["value"], strict=True)) == scores
    assert list(table["unit"]) == ["m", "", "%"]
    assert table[list(WHERE)].drop_duplicates().to_dict("records") == [WHERE]


def test_a_chance_score_has_the_unit_of_its_metric():
    table = metrics_rows({"chance_position_error_median": 0.4, "chance_position_r2": 0.0}, **WHERE)
    assert list(table["unit"]) == ["m", ""]


def test_other_units_can_be_given():
    table = metrics_rows(
        {"position_error_median": 1.2}, **WHERE, units={"position_error_median": "cm"}
    )
    assert list(table["unit"]) == ["cm"]


def test_a_metric_without_unit_is_refused():
    with pytest.raises(KeyError, match="happiness has no unit"):
        metrics_rows({"chance_happiness": 1.0}, **WHERE)
