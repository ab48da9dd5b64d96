"""One table says how every score is called, in which unit it is, and which direction is better."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cebra_kedro.metrics import (
    CHANCE_PREFIX,
    METRIC_COLUMNS,
    SCORES,
    better,
    decimals,
    decoded_label,
    format_value,
    metric_label,
    metrics_rows,
    with_unit,
)

WHERE = {
    "experiment": "hippocampus",
    "subject": "buddy",
    "variant": "behaviour",
    "fold": 1,
    "seed": 7,
    "decoder": "knn",
}
UNITS = {"position_error_median": "m", "total_r2": "", "direction_accuracy": "%"}


def test_each_score_is_one_row_in_the_contracts_columns():
    scores = {"position_error_median": 0.13, "total_r2": 0.5, "direction_accuracy": 91.0}
    table = metrics_rows(scores, units=UNITS, **WHERE)
    assert tuple(table.columns) == METRIC_COLUMNS
    assert dict(zip(table["metric"], table["value"], strict=True)) == scores
    assert list(table["unit"]) == ["m", "", "%"]
    assert table[list(WHERE)].drop_duplicates().to_dict("records") == [WHERE]


def test_a_chance_score_has_the_unit_of_its_metric():
    scores = {"chance_position_error_median": 0.4, "chance_total_r2": 0.0}
    assert list(metrics_rows(scores, units=UNITS, **WHERE)["unit"]) == ["m", ""]


def test_a_metric_without_unit_is_refused():
    with pytest.raises(KeyError, match="happiness has no unit"):
        metrics_rows({"chance_happiness": 1.0}, units=UNITS, **WHERE)


@pytest.mark.parametrize(
    ("metric", "text"),
    [
        ("position_error_median", "median position error"),
        ("position_r2", "position R²"),
        ("total_r2", "position and direction R²"),
        ("direction_accuracy", "direction accuracy"),
        ("angle_error_mean", "mean angle error"),
        ("class_accuracy", "class accuracy"),
        ("class_balanced_accuracy", "balanced class accuracy"),
        ("label_r2", "label R²"),
        ("label_r2_train", "label R² (training rows)"),
        ("frame_accuracy_1s", "frames decoded within 1 s"),
        ("frame_error_mean", "mean frame error"),
        ("frame_error_median", "median frame error"),
        ("scene_accuracy", "scene accuracy"),
        ("reconstruction_r2", "reconstruction R²"),
        ("reconstruction_r2_all_rows", "reconstruction R² (fitted on all rows)"),
        ("goodness_of_fit", "goodness of fit"),
        ("train_seconds", "training time"),
        ("r2", "R²"),
        ("accuracy", "accuracy"),
        ("balanced_accuracy", "balanced accuracy"),
        ("speed_cm_s_error_median", "median speed cm s error"),
        ("chance_position_r2", "chance position R²"),
        ("made_up_score", "made up score"),
    ],
)
def test_metrics_are_called_by_label_and_score(metric, text):
    assert metric_label(metric) == text


@pytest.mark.parametrize(
    ("metric", "text"),
    [
        ("grand_total_r2", "grand total R²"),
        ("my_goodness_of_fit", "my goodness of fit"),
        ("accuracy_r2", "accuracy R²"),
        ("r2_accuracy", "r2 accuracy"),
    ],
)
def test_a_label_that_reads_like_a_score_is_a_label(metric, text):
    assert metric_label(metric) == text


@given(
    st.from_regex(r"[a-z][a-z0-9]{0,5}(_[a-z0-9]{1,5}){0,3}", fullmatch=True),
    st.sampled_from([name for name, score in SCORES.items() if "{label}" in score.template]),
)
def test_any_label_stands_once_in_the_text_of_its_score(label, ending):
    metric = f"{label}_{ending}"
    longer = [name for name in SCORES if len(name) > len(ending) and metric.endswith(name)]
    words = label.replace("_", " ")
    if not longer and not metric.startswith(CHANCE_PREFIX):
        assert metric_label(metric) == SCORES[ending].template.format(label=words)
        assert better(metric) == SCORES[ending].better
        assert metric_label(CHANCE_PREFIX + metric) == f"chance {metric_label(metric)}"


@pytest.mark.parametrize(
    ("metric", "direction"),
    [
        ("position_error_median", "lower"),
        ("speed_cm_s_error_mean", "lower"),
        ("error_r2", "higher"),
        ("frame_accuracy_1s", "higher"),
        ("reconstruction_r2_all_rows", "higher"),
        ("goodness_of_fit", "higher"),
        ("chance_position_error_median", "lower"),
        ("train_seconds", ""),
        ("made_up_score", ""),
    ],
)
def test_the_better_direction_is_that_of_the_score(metric, direction):
    assert better(metric) == direction


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.13478, "m", "0.135"),
        (13.478, "cm", "13.5"),
        (81.94, "%", "81.9"),
        (1.0372, "bits", "1.04"),
        (12.34, "deg", "12.3"),
        (12.345, "cm/s", "12.345"),
        (0.92109, "", "0.921"),
        (-0.0421, "", "-0.042"),
        (0.0, "m", "0.000"),
        (0.000123, "m", "0.00012"),
        (float("nan"), "m", "–"),
        (float("inf"), "m", "–"),
    ],
)
def test_numbers_have_the_decimals_of_their_unit(value, unit, text):
    assert format_value(value, unit) == text


@given(
    st.floats(-1e6, 1e6).filter(lambda v: v == 0 or abs(v) > 1e-12),
    st.sampled_from(["m", "cm", "%", "frames", "deg", "s", "bits", ""]),
)
def test_formatted_number_is_close_and_never_turns_into_zero(value, unit):
    shown = float(format_value(value, unit))
    # Half of the last decimal shown, which is the first for the coarsest units, or, for tiny
    # values, half a unit in the second significant digit (at most 5 %).
    coarsest = {"m": 5e-4, "": 5e-4, "bits": 5e-3}.get(unit, 5e-2)
    assert coarsest == pytest.approx(0.5 * 10 ** -decimals(unit))
    assert abs(shown - value) <= min(coarsest * (1 + 1e-9) + 1e-9, max(coarsest, abs(value)))
    assert (shown == 0) == (value == 0)


def test_a_bare_number_has_no_brackets_for_a_unit():
    assert with_unit("speed", "cm/s") == "speed (cm/s)"
    assert with_unit("R²", "") == "R²"


@pytest.mark.parametrize(
    ("metric", "label"),
    [
        ("position_error_median", "position"),
        ("chance_head_direction_r2", "head_direction"),
        ("class_balanced_accuracy", "class"),
        ("reconstruction_r2_all_rows", "reconstruction"),
        ("total_r2", ""),
        ("frame_accuracy_1s", ""),
        ("score_of_my_own", ""),
    ],
)
def test_the_decoded_label_is_what_comes_before_the_score(metric, label):
    assert decoded_label(metric) == label
