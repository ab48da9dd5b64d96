"""The scores that stand at the end of a run."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from cebra_kedro.run import summary
from cebra_kedro.run.summary import class_metric, headline, mean_table, show_summary

METRIC = "position_error_median"
FILE = Path("hippocampus/metrics.csv")


def metrics(subject, scores, chance=0.5, decoder="knn", metric=METRIC, unit="m"):
    """The rows of ``metrics.csv`` with two seeds a variant, 0.1 above and below the given score."""
    return pd.DataFrame(
        [
            (variant, subject, seed, decoder, name, value, "" if name == "r2" else unit)
            for variant, score in scores.items()
            for seed, off in ((0, -0.1), (1, 0.1))
            for name, value in ((metric, score + off), (f"chance_{metric}", chance), ("r2", 9.0))
        ],
        columns=["variant", "subject", "seed", "decoder", "metric", "value", "unit"],
    )


def score_table(metrics, metric):
    """The table on a terminal that has room for it."""
    return summary.score_table(metrics, metric, width=1000)


def cells(table):
    return [list(column.cells) for column in table.columns]


def heads(table):
    return [str(column.header).strip() for column in table.columns]


def test_table_holds_the_mean_of_the_headline_score_and_chance_in_the_last_row():
    buddy = metrics("buddy", {"time": 0.2, "pca": 0.4}, chance=0.6)
    cicero = metrics("cicero", {"time": 0.3, "pca": 0.5}, chance=0.7)
    table = score_table(pd.concat([cicero, buddy]), METRIC)
    assert heads(table) == ["variant", "cicero", "buddy"]
    assert cells(table) == [
        ["time", "pca", "chance"],
        ["0.300", "0.500", "0.700"],
        ["0.200", "0.400", "0.600"],
    ]


def test_more_sessions_than_variants_stand_down():
    table = score_table(
        pd.concat([metrics(name, {"time": 0.2}, chance=0.6) for name in ("zoe", "abe")]), METRIC
    )
    assert heads(table) == ["session", "time", "chance"]
    assert cells(table) == [["zoe", "abe"], ["0.200", "0.200"], ["0.600", "0.600"]]


def test_a_variant_that_a_session_lacks_has_an_empty_cell():
    a = metrics("a", {"zebra": 0.2})
    b = metrics("b", {"ape": 0.4, "zebra": 0.3})
    table = score_table(pd.concat([a, b]), METRIC)
    assert cells(table) == [
        ["zebra", "ape", "chance"],
        ["0.200", "–", "0.500"],
        ["0.300", "0.400", "0.500"],
    ]


def test_decoders_are_not_averaged_the_first_counts():
    first = metrics("buddy", {"time": 0.2}, chance=0.6)
    second = metrics("buddy", {"time": 0.9}, chance=0.1, decoder="bayes")
    assert cells(score_table(pd.concat([first, second]), METRIC)) == [
        ["time", "chance"],
        ["0.200", "0.600"],
    ]


def test_the_headline_is_the_metric_that_is_wanted_else_the_first_that_there_is():
    table = metrics("buddy", {"time": 0.2}).iloc[::-1]
    assert headline(table, METRIC) == METRIC
    assert headline(table, "frame_accuracy_1s") == "r2"
    assert headline(table.query("metric == 'chance_position_error_median'"), METRIC) == ""


def test_an_experiment_that_decodes_nothing_shows_its_consistency(tmp_path, capsys):
    (tmp_path / "allen_consistency").mkdir()
    pd.DataFrame({"between": ["groups", "areas", "areas"], "r2": [0.9, 0.5, 0.7]}).to_csv(
        tmp_path / "allen_consistency" / "consistency.csv", index=False
    )
    text = shown(tmp_path, [Path("allen_consistency/consistency.csv")], capsys)
    assert "allen_consistency: mean R² of the linear map, on training data" in text
    assert [word for word in text.split() if word in ("0.900", "0.600")] == ["0.900", "0.600"]


def test_an_experiment_without_any_pairs_shows_nothing(tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "consistency.csv").write_text("experiment,between,source,target,r2\n")
    assert len(shown(tmp_path, [Path("mine/consistency.csv")], capsys).splitlines()) == 1


def write(folder, *tables, experiment="hippocampus"):
    (folder / experiment).mkdir(exist_ok=True)
    pd.concat(tables).to_csv(folder / experiment / "metrics.csv", index=False)


@pytest.fixture
def folder(tmp_path):
    write(tmp_path, *(metrics(s, {"time": x}) for s, x in (("buddy", 0.2), ("cicero", 0.3))))
    return tmp_path


def shown(folder, results, capsys, headlines=None):
    headlines = {"hippocampus": METRIC} if headlines is None else headlines
    show_summary(results, folder, folder / "report.html", 61.4, headlines)
    return capsys.readouterr().out


def test_only_sessions_of_this_run_are_shown(folder, capsys):
    runs = {f"{FILE}": "new", f"{FILE}#buddy": "new", f"{FILE}#cicero": "old"}
    (folder / "provenance.json").write_text(
        json.dumps({key: {"run_id": run} for key, run in runs.items()})
    )
    text = shown(folder, [FILE, Path("hippocampus/x.png")], capsys)
    assert "buddy" in text
    assert "0.200" in text
    assert "cicero" not in text


@pytest.mark.parametrize("content", ["{", "[]", '{"hippocampus/metrics.csv": 1}', "{}"])
def test_sessions_of_which_no_run_is_known_are_shown(folder, content, capsys):
    (folder / "provenance.json").write_text(content)
    text = shown(folder, [FILE], capsys)
    assert "buddy" in text
    assert "cicero" in text


def test_tables_that_the_run_has_not_written_are_not_shown(folder, capsys):
    assert "buddy" not in shown(folder, [Path("hippocampus/x.png")], capsys)


def test_an_experiment_of_which_only_classes_are_decoded_has_a_table(folder, capsys):
    odour = {"metric": "odour_balanced_accuracy", "unit": "%"}
    write(folder, metrics("NA", {"odour": 81.234}, **odour), experiment="mine")
    lines = shown(folder, [Path("mine/metrics.csv"), FILE], capsys).splitlines()
    heading = "odour_balanced_accuracy on test data (%), decoder knn, mean over folds and seeds"
    assert f"mine: {heading}" in lines
    text = " ".join(lines)
    assert "NA" in text
    assert "81.2" in text
    assert text.index("hippocampus:") < text.index("mine:"), "those with a headline come first"


def test_a_table_without_scores_shows_nothing(folder, capsys):
    write(folder, metrics("buddy", {}))
    assert len(shown(folder, [FILE], capsys).splitlines()) == 1


def test_heading_and_path_of_the_report_stand_on_one_line_each(folder, capsys):
    lines = shown(folder, [FILE], capsys).splitlines()
    assert (
        f"hippocampus: {METRIC} on test data (m), decoder knn, mean over folds and seeds" in lines
    )
    assert lines[-1] == f"Finished in 61 s. Report: {folder / 'report.html'}"


def test_a_score_without_unit_and_decoder_has_neither_in_its_heading(folder, capsys):
    write(folder, metrics("buddy", {"time": 0.4}, metric="x_r2", unit="", decoder=""))
    lines = shown(folder, [FILE], capsys, headlines={}).splitlines()
    assert lines[0] == "hippocampus: x_r2 on test data, mean over folds and seeds"


def test_a_path_with_brackets_is_shown_as_it_is(tmp_path, capsys):
    folder = tmp_path / "[red]lab:smile:"
    assert str(folder / "report.html") in shown(folder, [], capsys)


def test_a_run_without_scores_shows_the_report_only(folder, capsys):
    assert len(shown(folder, [], capsys).splitlines()) == 1


def printed(table, width):
    console = Console(width=width, file=io.StringIO())
    console.print(table)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 100, 120, 200])
@pytest.mark.parametrize(
    ("n_variants", "n_sessions", "fits"),
    [(10, 4, True), (8, 12, False), (3, 30, True), (30, 3, True), (20, 20, False), (12, 1, True)],
)
def test_tables_fit_the_terminal_and_cut_nothing(n_variants, n_sessions, fits, width):
    scores = {f"a_variant_{n}": -10 - n / 10 for n in range(n_variants)}
    metrics_of = [metrics(f"a_long_session_{n}", scores) for n in range(n_sessions)]
    table = summary.score_table(pd.concat(metrics_of), METRIC, width)
    text = printed(table, width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    for name in cells(table)[0]:
        assert f" {name} " in text
    for number in np.ravel(cells(table)[1:]):
        assert f" {number} " in text
    if fits:
        assert len(cells(table)) * len(cells(table)[0]) > n_variants * n_sessions
    if not fits and width == 80:
        assert heads(table) == ["variant", f"mean of {n_sessions} sessions", "lowest", "highest"]


def test_a_table_that_is_too_wide_is_turned_before_its_heads_are_broken():
    scores = {f"a_rather_long_variant_{n}": 0.5 for n in range(4)}
    table = pd.concat([metrics(f"day{n}", scores) for n in range(5)])
    assert heads(summary.score_table(table, METRIC, 200))[0] == "session"
    turned = summary.score_table(table, METRIC, 80)
    assert heads(turned) == ["variant", *(f"day{n}" for n in range(5))]


def test_heads_are_broken_at_underscores_where_the_table_is_too_wide_both_ways():
    scores = {f"position_direction_{n}": 0.5 for n in range(7)}
    table = pd.concat([metrics(f"monday_morning_{n}", scores) for n in range(4)])
    broken = summary.score_table(table, METRIC, 80)
    assert heads(broken)[1] == "monday_\nmorning_\n0"
    assert max(map(len, printed(broken, 80).splitlines())) <= 80


def test_a_name_that_is_wider_than_the_terminal_is_folded_not_cut():
    text = printed(summary.score_table(metrics("buddy", {"x" * 90: 0.2}), METRIC, 80), 80)
    assert "…" not in text
    assert text.count("x") == 90


def test_where_many_sessions_meet_many_variants_their_mean_and_range_are_shown():
    tables = [
        metrics(f"day_{n}", {f"v{v}": v + n / 100 for v in range(9)}, chance=n) for n in range(11)
    ]
    table = score_table(pd.concat(tables), METRIC)
    assert heads(table) == ["variant", "mean of 11 sessions", "lowest", "highest"]
    assert cells(table)[1] == [*(f"{v + 0.05:.3f}" for v in range(9)), "5.000"]
    assert cells(table)[2] == [*(f"{v:.3f}" for v in range(9)), "0.000"]
    assert cells(table)[3] == [*(f"{v + 0.1:.3f}" for v in range(9)), "10.000"]


DIRECTION = {"metric": "direction_accuracy", "unit": "%"}


def test_a_class_that_is_decoded_beside_the_headline_has_a_small_table(folder, capsys):
    tables = [metrics(s, {"time": x}) for s, x in (("buddy", 0.2), ("cicero", 0.3))]
    tables += [metrics(s, {"time": x}, **DIRECTION) for s, x in (("buddy", 80), ("cicero", 90))]
    write(folder, *tables)
    text = shown(folder, [FILE], capsys)
    first, second = text.index(f"hippocampus: {METRIC}"), text.index("direction_accuracy on test")
    assert first < second
    assert "(%)" in text[second:]
    for part in ("mean of 2 sessions", "85.0", "80.0", "90.0"):
        assert part in text[second:]
    assert text.count("hippocampus: ") == 2


def test_one_more_metric_at_most_and_none_of_the_same_label_is_shown():
    both = [metrics("a", {"time": 80.0}, metric=f"{n}_accuracy", unit="%") for n in ("x", "y")]
    again = metrics("a", {"time": 80.0}, metric="x_balanced_accuracy", unit="%")
    table = pd.concat([again, *both])
    assert class_metric(table, METRIC) == "x_balanced_accuracy"
    assert class_metric(table, "x_balanced_accuracy") == "y_accuracy"
    assert class_metric(pd.concat([again, both[0]]), "x_accuracy") == ""
    assert class_metric(metrics("a", {"time": 0.2}), METRIC) == ""


def test_of_an_accuracy_the_balanced_one_is_shown():
    """Its chance is 1 / classes; the other's can lie below what always the same class reaches."""
    names = ("side_accuracy", "side_balanced_accuracy")
    both = pd.concat([metrics("a", {"time": 80.0}, metric=name, unit="%") for name in names])
    assert class_metric(pd.concat([metrics("a", {"time": 0.2}), both]), METRIC) == names[1]
    assert headline(both, "") == names[1]
    assert headline(both, names[0]) == names[0]  # as the description says


def test_of_one_session_the_small_table_has_its_name():
    table = mean_table(metrics("buddy", {"time": 80.0}, **DIRECTION), "direction_accuracy", 80)
    assert heads(table) == ["variant", "buddy"]
    assert cells(table) == [["time", "chance"], ["80.0", "0.5"]]
