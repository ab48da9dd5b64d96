"""A folder of encoders: what is finished is kept, what changed is trained again."""

from __future__ import annotations

import functools
import json

import numpy as np
import pytest
import torch
from tiny_training import tiny_config, tiny_counts, tiny_data

from cebra_kedro.training import checkpoint, fingerprint, loop
from cebra_kedro.training.store import ModelStore

KEYS = ("fold0_seed0", "fold0_seed1", "fold1_seed0")


def jobs(**changes):
    """Three encoders: two seeds of one recording, and another recording."""
    config = tiny_config(steps=2)
    return {
        "fold0_seed0": ([tiny_data()], config),
        "fold0_seed1": ([tiny_data()], tiny_config(steps=2, seed=1)),
        "fold1_seed0": ([tiny_data(seed=1)], config),
    } | changes


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
    return tmp_path / "subject" / "variant"


def test_everything_missing_is_trained_once(folder, trained):
    store = ModelStore(folder).train_missing(jobs())
    assert len(trained) == 3
    assert tuple(store) == KEYS
    assert sorted(path.name for path in folder.iterdir()) == [f"{key}.pt" for key in KEYS]
    for key, ([data], config) in jobs().items():
        expected = loop.train(data, config, name=None)
        assert store[key].config == config
        np.testing.assert_array_equal(
            store[key].transform(data.neural), expected.transform(data.neural)
        )


def test_finished_encoders_are_not_trained_again(folder, trained):
    ModelStore(folder).train_missing(jobs())
    trained.clear()
    store = ModelStore(folder).train_missing(jobs())
    assert trained == []
    assert tuple(store) == KEYS


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
    ModelStore(folder).train_missing(jobs())
    trained.clear()
    ModelStore(folder).train_missing(jobs(**{key: job}))
    assert trained == [job]


def test_other_code_trains_everything_again(folder, trained, monkeypatch):
    ModelStore(folder).train_missing(jobs())
    trained.clear()
    monkeypatch.setattr(fingerprint, "_code_version", lambda: "another version")
    ModelStore(folder).train_missing(jobs())
    assert len(trained) == 3


@pytest.mark.parametrize("damage", [b"", b"not a model", None], ids=["empty", "text", "cut"])
def test_an_unreadable_file_is_trained_again(damage, folder, trained, caplog):
    ModelStore(folder).train_missing(jobs())
    trained.clear()
    file = folder / "fold0_seed1.pt"
    file.write_bytes(file.read_bytes()[:-9] if damage is None else damage)
    store = ModelStore(folder).train_missing(jobs())
    assert [config.seed for _, config in trained] == [1]
    assert "fold0_seed1.pt cannot be read" in caplog.text
    assert store["fold0_seed1"].config.seed == 1


def test_an_interrupted_store_keeps_what_is_finished(folder, trained, monkeypatch):
    counted = loop.train

    def interrupted(data, config, **options):
        if config.seed == 1:
            raise KeyboardInterrupt
        return counted(data, config, **options)

    monkeypatch.setattr(loop, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ModelStore(folder).train_missing(jobs())
    assert [path.name for path in folder.iterdir()] == ["fold0_seed0.pt"]
    trained.clear()
    monkeypatch.setattr(loop, "train", counted)
    ModelStore(folder).train_missing(jobs())
    assert [config.seed for _, config in trained] == [1, 0]


def test_an_interrupted_encoder_goes_on_from_its_checkpoint(folder, monkeypatch):
    job = {"fold0_seed0": ([tiny_data()], tiny_config(steps=6))}
    expected = loop.train(*job["fold0_seed0"], name=None)
    eager = functools.partial(checkpoint.Checkpoint, every_s=0.0)  # saves at each step
    monkeypatch.setattr(checkpoint, "Checkpoint", eager)
    step = torch.optim.Adam.step
    taken = []

    def failing(self, closure=None):
        taken.append(None)
        if len(taken) == 4:
            raise KeyboardInterrupt
        return step(self, closure)

    monkeypatch.setattr(torch.optim.Adam, "step", failing)
    with pytest.raises(KeyboardInterrupt):
        ModelStore(folder).train_missing(job)
    assert [path.name for path in folder.iterdir()] == ["fold0_seed0.checkpoint"]
    taken[:] = [None] * 4
    store = ModelStore(folder).train_missing(job)
    assert len(taken) == 4 + 3
    np.testing.assert_array_equal(store["fold0_seed0"].loss, expected.loss)
    assert [path.name for path in folder.iterdir()] == ["fold0_seed0.pt"]


def test_the_index_says_which_encoders_count(folder):
    store = ModelStore(folder).train_missing(jobs())
    assert len(ModelStore.open(folder)) == 0
    store.write_index()
    opened = ModelStore.open(folder)
    assert tuple(opened) == KEYS
    assert opened["fold1_seed0"].n_neurons == (6,)
    index = json.loads((folder / "index.json").read_text())
    assert index == {key: opened[key].fingerprint for key in KEYS}
    # an encoder that an earlier run left behind does not count
    fewer = ModelStore(folder).train_missing({"fold0_seed0": jobs()["fold0_seed0"]})
    fewer.write_index()
    assert tuple(ModelStore.open(folder)) == ("fold0_seed0",)
    with pytest.raises(KeyError, match=r"no encoder 'fold0_seed1' in .*; there are fold0_seed0"):
        ModelStore.open(folder)["fold0_seed1"]


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
    one_by_one = ModelStore(folder).train_missing(make_jobs())
    other = ModelStore(tmp_path / "other" / "variant")
    side_by_side = other.train_missing(make_jobs(), processes=2)
    assert tuple(side_by_side) == tuple(one_by_one)
    for key, model in one_by_one.items():
        np.testing.assert_array_equal(side_by_side[key].loss, model.loss)
        for name, weights in model.state.items():
            assert torch.equal(side_by_side[key].state[name], weights)
