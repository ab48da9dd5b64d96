"""The scores that stand at the end of a run."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from cebra_kedro.experiments import HIPPOCAMPUS
from cebra_kedro.run.summary import score_table, show_summary

METRIC = HIPPOCAMPUS.headline_metric


def metrics(subject, scores, chance=0.5, decoder="knn"):
    """The rows of ``metrics.csv`` with two seeds a variant, 0.1 above and below the given score."""
    return pd.DataFrame(
        [
            (variant, subject, seed, decoder, name, value, "m")
            for variant, score in scores.items()
            for seed, off in ((0, -0.1), (1, 0.1))
            for name, value in ((METRIC, score + off), (f"chance_{METRIC}", chance), ("r2", 9.0))
        ],
        columns=["variant", "subject", "seed", "decoder", "metric", "value", "unit"],
    )


def cells(table):
    return [list(column.cells) for column in table.columns]


def test_table_holds_the_mean_of_the_headline_score_and_chance_in_the_last_row():
    buddy = metrics("buddy", {"time": 0.2, "pca": 0.4}, chance=0.6)
    cicero = metrics("cicero", {"time": 0.3, "pca": 0.5}, chance=0.7)
    table = score_table(HIPPOCAMPUS, pd.concat([cicero, buddy]))
    assert [column.header for column in table.columns] == ["variant", "cicero", "buddy"]
    assert cells(table) == [
        ["time", "pca", "chance"],
        ["0.300", "0.500", "0.700"],
        ["0.200", "0.400", "0.600"],
    ]


def test_decoders_are_not_averaged_the_first_counts():
    first = metrics("buddy", {"time": 0.2})
    second = metrics("buddy", {"time": 0.9}, decoder="bayes")
    assert cells(score_table(HIPPOCAMPUS, pd.concat([first, second])))[1][0] == "0.200"


def test_an_experiment_that_decodes_nothing_shows_its_consistency(tmp_path, capsys):
    (tmp_path / "allen_consistency").mkdir()
    pd.DataFrame({"between": ["groups", "areas", "areas"], "r2": [0.9, 0.5, 0.7]}).to_csv(
        tmp_path / "allen_consistency" / "consistency.csv", index=False
    )
    text = shown(tmp_path, [Path("allen_consistency/consistency.csv")], capsys)
    assert [word for word in text.split() if word in ("0.900", "0.600")] == ["0.900", "0.600"]


@pytest.fixture
def folder(tmp_path):
    for subject, score in (("buddy", 0.2), ("cicero", 0.3)):
        (tmp_path / "hippocampus" / subject).mkdir(parents=True)
        metrics(subject, {"time": score}).to_csv(
            tmp_path / "hippocampus" / subject / "metrics.csv", index=False
        )
    return tmp_path


def shown(folder, results, capsys):
    show_summary(results, folder, folder / "report.html", 61.4)
    return capsys.readouterr().out


def test_only_subjects_of_this_run_are_shown(folder, capsys):
    text = shown(folder, [Path("hippocampus/buddy/metrics.csv"), Path("hippocampus/x.png")], capsys)
    assert "buddy" in text
    assert "0.200" in text
    assert "cicero" not in text


def test_heading_and_path_of_the_report_stand_on_one_line_each(folder, capsys):
    lines = shown(folder, [Path("hippocampus/buddy/metrics.csv")], capsys).splitlines()
    assert (
        f"hippocampus: {METRIC} on test data (m), decoder knn, mean over folds and seeds" in lines
    )
    assert lines[-1] == f"Finished in 61 s. Report: {folder / 'report.html'}"


def test_a_path_with_brackets_is_shown_as_it_is(tmp_path, capsys):
    folder = tmp_path / "[red]lab:smile:"
    assert str(folder / "report.html") in shown(folder, [], capsys)


def test_a_run_without_scores_shows_the_report_only(folder, capsys):
    assert len(shown(folder, [], capsys).splitlines()) == 1


def test_table_fits_an_ordinary_terminal_with_all_subjects():
    scores = dict.fromkeys(HIPPOCAMPUS.variants, 0.2)
    table = score_table(
        HIPPOCAMPUS, pd.concat([metrics(subject, scores) for subject in HIPPOCAMPUS.subjects])
    )
    assert np.shape(cells(table)) == (1 + len(HIPPOCAMPUS.subjects), len(HIPPOCAMPUS.variants) + 1)
    console = Console(width=80)
    assert console.measure(table).minimum <= 80
