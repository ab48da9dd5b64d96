"""Trainings as cells: what is finished is kept, what changed is trained again."""

from __future__ import annotations

import functools
import gc
import subprocess
import sys
import weakref

import numpy as np
import pytest
import torch
from tiny_training import tiny_config, tiny_counts, tiny_data

from cebra_kedro.cells import complete
from cebra_kedro.io.formats import format_of
from cebra_kedro.store import Store
from cebra_kedro.training import checkpoint, fingerprint, loop, progress
from cebra_kedro.training.jobs import training_cells
from cebra_kedro.training.optimizer import Optimizer

KEYS = ("buddy/fold0_seed0", "buddy/fold0_seed1", "buddy/fold1_seed0")
FORMAT = format_of("models")


def jobs(**changes):
    """Three encoders: two seeds of one recording, and another recording."""
    config = tiny_config(steps=2)
    some = {
        "fold0_seed0": ([tiny_data()], config),
        "fold0_seed1": ([tiny_data()], tiny_config(steps=2, seed=1)),
        "fold1_seed0": ([tiny_data(seed=1)], config),
    }
    return {f"buddy/{key}": job for key, job in (some | changes).items()}


def as_functions(jobs):
    """Each job as a function that gives it, picklable."""
    return {key: functools.partial(tuple, (*job, ())) for key, job in jobs.items()}


def run(folder, jobs, processes=1):
    """What a node and the dataset of its models do."""
    cells = training_cells(as_functions(jobs), title="position", processes=processes)
    entries = complete(cells, folder, FORMAT, processes=processes, title="position", bar=False)
    return Store(FORMAT, entries)


@pytest.fixture
def trained(monkeypatch) -> list[tuple]:
    """The (data, config) of every training from now on."""
    calls, train = [], loop.train

    def counted(data, config, **options):
        calls.append((data, config))
        return train(data, config, **options)

    monkeypatch.setattr(loop, "train", counted)
    return calls


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "experiment" / "position"


def files(folder):
    return sorted(path.name for path in (folder / "buddy").iterdir())


def test_everything_missing_is_trained_once(folder, trained):
    store = run(folder, jobs())
    assert len(trained) == 3
    assert tuple(store) == KEYS
    assert files(folder) == ["fold0_seed0.pt", "fold0_seed1.pt", "fold1_seed0.pt"]
    for key, ([data], config) in jobs().items():
        expected = loop.train(data, config, name=None)
        assert store[key].config == config
        assert store.fingerprint(key) == store[key].fingerprint
        np.testing.assert_array_equal(
            store[key].transform(data.neural), expected.transform(data.neural)
        )


def test_finished_encoders_are_not_trained_again(folder, trained):
    run(folder, jobs())
    trained.clear()
    assert tuple(run(folder, jobs())) == KEYS
    assert trained == []


@pytest.mark.parametrize(
    ("key", "job"),
    [
        ("fold0_seed0", ([tiny_data(seed=7)], tiny_config(steps=2))),
        ("fold1_seed0", ([tiny_data(seed=1)], tiny_config(steps=3))),
        ("fold2_seed0", ([tiny_data()], tiny_config(steps=2))),
    ],
    ids=["data", "parameters", "new key"],
)
def test_what_changed_is_trained_again_and_nothing_else(key, job, folder, trained):
    run(folder, jobs())
    trained.clear()
    run(folder, jobs(**{key: job}))
    assert trained == [job]


def test_other_code_trains_everything_again(folder, trained, monkeypatch):
    run(folder, jobs())
    trained.clear()
    monkeypatch.setattr(fingerprint, "_code_version", lambda: "another version")
    run(folder, jobs())
    assert len(trained) == 3


@pytest.mark.parametrize("damage", [b"", b"not a model", None], ids=["empty", "text", "cut"])
def test_an_unreadable_file_is_trained_again(damage, folder, trained, caplog):
    run(folder, jobs())
    trained.clear()
    file = folder / "buddy" / "fold0_seed1.pt"
    file.write_bytes(file.read_bytes()[:-9] if damage is None else damage)
    store = run(folder, jobs())
    assert [config.seed for _, config in trained] == [1]
    assert "fold0_seed1.pt cannot be read" in caplog.text
    assert store["buddy/fold0_seed1"].config.seed == 1


def test_an_interrupted_run_keeps_what_is_finished(folder, trained, monkeypatch):
    counted = loop.train

    def interrupted(data, config, **options):
        if config.seed == 1:
            raise KeyboardInterrupt
        return counted(data, config, **options)

    monkeypatch.setattr(loop, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(folder, jobs())
    assert files(folder) == ["fold0_seed0.pt"]
    trained.clear()
    monkeypatch.setattr(loop, "train", counted)
    run(folder, jobs())
    assert [config.seed for _, config in trained] == [1, 0]


def test_an_interrupted_encoder_goes_on_from_its_checkpoint(folder, monkeypatch):
    job = {"buddy/fold0_seed0": ([tiny_data()], tiny_config(steps=6))}
    expected = loop.train(*job["buddy/fold0_seed0"], name=None)
    eager = functools.partial(checkpoint.Checkpoint, every_s=0.0)  # saves at each step
    monkeypatch.setattr(checkpoint, "Checkpoint", eager)
    step = Optimizer.step
    taken = []

    def failing(self, learning_rate):
        taken.append(None)
        if len(taken) == 4:
            raise KeyboardInterrupt
        return step(self, learning_rate)

    monkeypatch.setattr(Optimizer, "step", failing)
    with pytest.raises(KeyboardInterrupt):
        run(folder, job)
    assert files(folder) == ["fold0_seed0.checkpoint"]
    taken[:] = [None] * 4
    store = run(folder, job)
    assert len(taken) == 4 + 3
    np.testing.assert_array_equal(store["buddy/fold0_seed0"].loss, expected.loss)
    assert files(folder) == ["fold0_seed0.pt"]


def test_the_checkpoint_of_a_finished_encoder_is_removed(folder, trained):
    """As of a process killed between the rename of the model and the removal."""
    run(folder, jobs())
    trained.clear()
    (folder / "buddy" / "fold0_seed1.checkpoint").write_bytes(b"state")
    run(folder, jobs())
    assert trained == []
    assert files(folder) == ["fold0_seed0.pt", "fold0_seed1.pt", "fold1_seed0.pt"]


def test_a_training_that_fails_says_which(folder):
    data = tiny_data()
    data.neural[:] = np.nan
    with pytest.raises(progress.TrainingError, match="the loss is nan at step 0") as raised:
        run(folder, {"buddy/fold0_seed0": ([data], tiny_config(steps=2))})
    assert raised.value.__notes__ == ["in position buddy/fold0_seed0"]


@pytest.mark.parametrize(("processes", "name"), [(1, "position buddy/fold0_seed0"), (2, None)])
def test_a_training_shows_its_own_bar_in_this_process_only(processes, name, tmp_path, monkeypatch):
    names = []
    monkeypatch.setattr(loop, "train", lambda *_, name, **__: names.append(name))
    cells = training_cells(as_functions(jobs()), title="position", processes=processes)
    cells["buddy/fold0_seed0"].compute(tmp_path / "fold0_seed0.pt")
    assert names == [name]


def test_cells_do_not_hold_the_data():
    """Of many encoders, that would be many times the recording."""
    made = []

    def job():
        made.append(weakref.ref(data := tiny_data()))
        return [data], tiny_config(steps=2)

    cells = training_cells({"a": job, "b": job}, title="position", processes=1)
    gc.collect()
    assert len(cells) == len(made) == 2
    assert [reference() for reference in made] == [None, None]


def large_jobs():
    """Two encoders of counts that are added up, and above a size that joblib maps to a file."""
    wide = {"architecture": "offset1-model", "hidden_units": 128}
    counts = tiny_counts(n_time=20_000, n_neurons=64)
    assert counts.neural.nbytes > 2**20
    return {
        f"seed{seed}": ([counts], tiny_config(encoder=wide, steps=5, seed=seed))
        for seed in range(2)
    }


@pytest.mark.slow
@pytest.mark.parametrize("make_jobs", [jobs, large_jobs])
def test_encoders_trained_side_by_side_have_the_same_bits(folder, tmp_path, make_jobs):
    one_by_one = run(folder, make_jobs())
    side_by_side = run(tmp_path / "other", make_jobs(), processes=2)
    assert tuple(side_by_side) == tuple(one_by_one)
    for key, model in one_by_one.items():
        other = side_by_side[key]
        np.testing.assert_array_equal(other.loss, model.loss)
        for name, weights in model.state.items():
            assert torch.equal(other.state[name], weights)


def test_making_cells_loads_no_torch():
    program = "import sys, cebra_kedro.training.jobs; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
