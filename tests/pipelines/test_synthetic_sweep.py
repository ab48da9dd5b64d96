"""A sweep over the parameters of the synthetic experiment: resumable, and equal to single runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from synthetic_sets import SETS, decoded, parameters, trained

from cebra_kedro.pipelines.decoding import synthetic as decoding
from cebra_kedro.pipelines.decoding.synthetic import run_sweep
from cebra_kedro.pipelines.ingestion.synthetic import read_set, split_set
from cebra_kedro.pipelines.training.synthetic import embed_set
from cebra_kedro.training.store import ModelStore

GRID = {
    "training.steps": [1, 2],
    "variants.default.pairs.delta": [0.1, 0.5, 1.0],
    "decoding.neighbours": [[1, 2], [4]],
}


def swept(tmp_path, grid=GRID, subjects=("demo_continuous",)):
    settings = parameters(sweep={"grid": grid, "subjects": subjects, "processes": 1})
    sets = {}
    for subject, name in {"demo_continuous": "one_label", "demo_discrete": "discrete"}.items():
        recording = read_set(SETS[name], settings.ingestion, subject)
        sets |= {
            f"{subject}_recording": recording,
            f"{subject}_splits": split_set(recording, settings.ingestion),
        }
    return run_sweep(settings.model_dump(), ModelStore(tmp_path), **sets)


def test_an_interrupted_sweep_of_twelve_cells_ends_with_the_same_table(tmp_path, monkeypatch):
    whole = swept(tmp_path / "whole")
    assert len(whole[list(GRID)].map(str).drop_duplicates()) == 12
    score_cell, scored = decoding.score_cell, []

    def interrupted(*arguments, **names):
        if len(scored) == 5:
            raise KeyboardInterrupt
        scored.append(names)
        return score_cell(*arguments, **names)

    monkeypatch.setattr(decoding, "score_cell", interrupted)
    with pytest.raises(KeyboardInterrupt):
        swept(tmp_path / "resumed")
    monkeypatch.undo()

    def counted(*arguments, **names):
        scored.append(names)
        return score_cell(*arguments, **names)

    monkeypatch.setattr(decoding, "score_cell", counted)
    resumed = swept(tmp_path / "resumed")
    pd.testing.assert_frame_equal(resumed, whole, check_exact=True)
    assert len(scored) == 12


def test_a_sweep_runs_on_each_set_by_its_kind_of_label(tmp_path):
    table = swept(
        tmp_path, {"training.steps": [1, 2]}, subjects=("demo_continuous", "demo_discrete")
    )
    metrics = table.groupby("subject")["metric"].agg(set)
    assert "label_r2" in metrics["demo_continuous"]
    assert "accuracy" in metrics["demo_discrete"]


def test_a_cell_gives_the_scores_of_the_run_with_its_values(tmp_path):
    table = swept(tmp_path, {"training.steps": [2]})
    recording, splits, models = trained(SETS["one_label"], tmp_path / "run", training={"steps": 2})
    expected, _ = decoded(embed_set(recording, splits, models), parameters())
    np.testing.assert_array_equal(table["value"], expected["value"])
    np.testing.assert_array_equal(table["metric"], expected["metric"])


def test_no_grid_is_no_sweep(tmp_path):
    assert swept(tmp_path, {}).empty
