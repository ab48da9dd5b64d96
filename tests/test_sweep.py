"""A sweep computes every cell once, whatever happens in between, and ends with one tidy table."""

import functools
import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cebra_kedro.sweep import Job, cell_key, cells_of, run_jobs, with_values

GRID = {"training.steps": [1, 2, 3], "training.rate": [0.1, 0.2], "variant": ["a", "b"]}


def score(steps, rate, variant, log, fail_at=None):
    """The scores of a cell, and a line in a log; fails once the log has so many lines."""
    done = log.read_text().splitlines() if log.exists() else []
    if fail_at is not None and len(done) >= fail_at:
        raise KeyboardInterrupt
    log.write_text("\n".join([*done, f"{steps} {rate} {variant}"]) + "\n")
    return pd.DataFrame(
        {"metric": ["r2", "seconds"], "value": [steps * rate / 3, len(variant)], "unit": ["", "s"]}
    )


def jobs(log, fingerprint="one", **options):
    return {
        cell_key(cell): Job(
            cell, functools.partial(score, *cell.values(), log, **options), fingerprint
        )
        for cell in cells_of(GRID)
    }


def test_cells_are_all_combinations_the_last_changing_fastest():
    cells = cells_of(GRID)
    assert len(cells) == 12
    assert cells[0] == {"training.steps": 1, "training.rate": 0.1, "variant": "a"}
    assert cells[1] == {"training.steps": 1, "training.rate": 0.1, "variant": "b"}
    assert len({cell_key(cell) for cell in cells}) == 12
    assert cells_of({}) == []


def test_the_table_has_the_values_of_the_cell_in_front(tmp_path):
    table = run_jobs(jobs(tmp_path / "log"), tmp_path)
    assert list(table) == [*GRID, "metric", "value", "unit"]
    assert len(table) == 24
    for row in table[table["metric"] == "r2"].to_dict("records"):
        # JSON keeps all digits of a float
        assert row["value"] == row["training.steps"] * row["training.rate"] / 3


@pytest.mark.parametrize("finished_before", [0, 1, 5, 11])
def test_an_interrupted_sweep_resumes_and_ends_with_the_same_table(tmp_path, finished_before):
    whole = run_jobs(jobs(tmp_path / "whole_log"), tmp_path / "whole")
    log = tmp_path / "log"
    with pytest.raises(KeyboardInterrupt):
        run_jobs(jobs(log, fail_at=finished_before), tmp_path / "resumed")
    assert len(list((tmp_path / "resumed").glob("*.json"))) == finished_before
    resumed = run_jobs(jobs(log), tmp_path / "resumed")
    pd.testing.assert_frame_equal(resumed, whole, check_exact=True)
    # every cell once, none twice
    assert sorted(log.read_text().splitlines()) == sorted(
        (tmp_path / "whole_log").read_text().splitlines()
    )


def test_a_finished_sweep_computes_nothing(tmp_path):
    log = tmp_path / "log"
    first = run_jobs(jobs(log), tmp_path)
    again = run_jobs(jobs(log, fail_at=0), tmp_path)
    pd.testing.assert_frame_equal(again, first, check_exact=True)


def test_several_processes_give_the_same_table(tmp_path):
    logs = {key: tmp_path / key for key in jobs(tmp_path)}
    several = {
        key: Job(job.cell, functools.partial(score, *job.cell.values(), logs[key]), "one")
        for key, job in jobs(tmp_path).items()
    }
    table = run_jobs(several, tmp_path / "cells", processes=2)
    expected = run_jobs(jobs(tmp_path / "log"), tmp_path / "one")
    pd.testing.assert_frame_equal(table, expected, check_exact=True)


def test_a_changed_fingerprint_computes_again(tmp_path):
    log = tmp_path / "log"
    run_jobs(jobs(log), tmp_path)
    run_jobs(jobs(log, fingerprint="two"), tmp_path)
    assert len(log.read_text().splitlines()) == 24


def test_a_damaged_file_is_computed_again(tmp_path):
    log = tmp_path / "log"
    first = run_jobs(jobs(log), tmp_path)
    damaged = sorted(tmp_path.glob("*.json"))[3]
    damaged.write_text(damaged.read_text()[:20])
    pd.testing.assert_frame_equal(run_jobs(jobs(log), tmp_path), first, check_exact=True)
    assert len(log.read_text().splitlines()) == 13


def test_a_cell_is_written_with_its_values(tmp_path):
    run_jobs(jobs(tmp_path / "log"), tmp_path)
    cell = cells_of(GRID)[7]
    content = json.loads((tmp_path / f"{cell_key(cell)}.json").read_text())
    assert content["cell"] == cell


@given(
    steps=st.integers(1, 100),
    rate=st.floats(0, 1),
    name=st.sampled_from(["training.steps", "training.optimizer.rate"]),
)
def test_only_the_named_value_changes_and_the_original_stays(steps, rate, name):
    parameters = {"training": {"steps": 1, "optimizer": {"rate": 0.5, "name": "adam"}}}
    value = steps if name == "training.steps" else rate
    changed = with_values(parameters, {name: value})
    assert parameters == {"training": {"steps": 1, "optimizer": {"rate": 0.5, "name": "adam"}}}
    expected = {"training": {"steps": 1, "optimizer": {"rate": 0.5, "name": "adam"}}}
    if name == "training.steps":
        expected["training"]["steps"] = value
    else:
        expected["training"]["optimizer"]["rate"] = value
    assert changed == expected


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("training.step", "sweep.grid names training.step, but training has no step; it has steps"),
        ("trained.steps", "but the experiment has no trained; it has training"),
        ("training.steps.x", "but training.steps has no x; it has no parameters"),
    ],
)
def test_a_name_that_leads_nowhere_is_refused(name, message):
    with pytest.raises(ValueError, match=message):
        with_values({"training": {"steps": 1}}, {name: 2})
