"""A killed training goes on where it was and ends with the bits of an uninterrupted one."""

from __future__ import annotations

import logging
import multiprocessing
import signal

import numpy as np
import pytest
import torch
from tiny_training import WatchedCheckpoint, tiny_config, tiny_counts, tiny_data, train_until_killed

from cebra_kedro.training.checkpoint import Checkpoint
from cebra_kedro.training.loop import train

CASES = {
    "plain": {},
    "dropout": {"encoder": {"architecture": "offset36-model-dropout"}},
    "early stopping": {
        "early_stop": {"every_steps": 1, "patience": 5, "draws": 2},
        "optimizer": {"learning_rate": 3e-2},
    },
    "learned temperature and schedule": {
        "loss": {"learnable_temperature": True},
        "schedule": {"name": "one_cycle"},
        "optimizer": {"name": "adamw", "weight_decay": 0.1, "clip_norm": 1.0},
    },
    "windows": {"batch_size": 2},
    "sums": {"encoder": {"architecture": "offset1-model", "hidden_units": 128}},
}


@pytest.fixture(scope="module")
def spawner():
    """Starts processes from a clean server, which has loaded torch and cebra once for all."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["cebra", "cebra_kedro.training.loop"])
    return context


def setting(case: str):
    config = tiny_config(steps=20, **CASES[case])
    if case == "sums":  # of counts, in a network so wide that they pay
        return config, tiny_counts(n_trials=1, n_neurons=64), None
    validation = tiny_data(n_trials=1, seed=5) if config.early_stop else None
    return config, tiny_data(n_trials=1), validation


def assert_same_bits(one, other):
    np.testing.assert_array_equal(one.loss, other.loss)
    np.testing.assert_array_equal(one.learning_rate, other.learning_rate)
    assert one.temperature == other.temperature
    assert one.state.keys() == other.state.keys()
    for key, weights in one.state.items():
        assert torch.equal(weights, other.state[key])


@pytest.mark.parametrize("case", CASES)
def test_a_killed_training_resumes_to_the_same_bits(case, spawner, tmp_path, caplog):
    config, data, validation = setting(case)
    uninterrupted = train(data, config, validation=validation, name=None)
    n_steps = len(uninterrupted.loss)
    assert (n_steps < 20) == (config.early_stop is not None)
    # any step after the first save; with early stopping, when some looks were in vain
    kill_at = int(np.random.default_rng(list(CASES).index(case)).integers(3, n_steps))
    if config.early_stop is not None:
        kill_at = n_steps - 1
    path = tmp_path / "run.checkpoint"
    process = spawner.Process(
        target=train_until_killed, args=(path, config, data, validation, kill_at)
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL

    checkpoint = WatchedCheckpoint(path, every_steps=3)
    with caplog.at_level(logging.INFO):
        resumed = train(data, config, validation=validation, checkpoint=checkpoint, name=None)
    saved = kill_at - kill_at % 3
    assert f"going on from step {saved}" in caplog.text
    assert checkpoint.asked_at[:1] in ([saved + 1], [])  # not asked when it stops at once
    assert_same_bits(resumed, uninterrupted)


def interrupted(path, every_steps=1, steps=4):
    """A checkpoint file of the tiny training after some steps."""
    checkpoint = WatchedCheckpoint(path, every_steps=every_steps)
    train(tiny_data(), tiny_config(steps=steps), checkpoint=checkpoint, name=None)
    return path


def test_a_finished_training_is_not_done_again(tmp_path):
    path = interrupted(tmp_path / "run.checkpoint", steps=12)
    checkpoint = WatchedCheckpoint(path)
    again = train(tiny_data(), tiny_config(), checkpoint=checkpoint, name=None)
    assert checkpoint.asked_at == []
    assert_same_bits(again, train(tiny_data(), tiny_config(), name=None))


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1],
        lambda content: b"no checkpoint at all" * 100,
        lambda content: content[:200] + bytes(400) + content[600:],
    ],
    ids=["empty", "half", "cut", "text", "zeros"],
)
def test_a_damaged_checkpoint_costs_only_time(damage, tmp_path, caplog):
    path = interrupted(tmp_path / "run.checkpoint", steps=12)
    path.write_bytes(damage(path.read_bytes()))
    checkpoint = WatchedCheckpoint(path, every_steps=100)
    model = train(tiny_data(), tiny_config(), checkpoint=checkpoint, name=None)
    assert "run.checkpoint cannot be read" in caplog.text
    assert "training from the start" in caplog.text
    assert checkpoint.asked_at[0] == 1
    assert_same_bits(model, train(tiny_data(), tiny_config(), name=None))


def test_another_torch_file_is_no_checkpoint(tmp_path, caplog):
    torch.save([1, 2], tmp_path / "run.checkpoint")
    checkpoint = WatchedCheckpoint(tmp_path / "run.checkpoint", every_steps=100)
    train(tiny_data(), tiny_config(), checkpoint=checkpoint, name=None)
    assert "cannot be read" in caplog.text
    assert checkpoint.asked_at[0] == 1


@pytest.mark.parametrize(
    ("data", "config"),
    [
        (tiny_data(seed=1), tiny_config()),
        (tiny_data(), tiny_config(seed=1)),
        (tiny_data(), tiny_config(steps=13)),
    ],
    ids=["data", "seed", "steps"],
)
def test_a_checkpoint_of_something_else_is_ignored(data, config, tmp_path, caplog):
    path = interrupted(tmp_path / "run.checkpoint", steps=12)
    checkpoint = WatchedCheckpoint(path, every_steps=100)
    with caplog.at_level(logging.INFO):
        model = train(data, config, checkpoint=checkpoint, name=None)
    assert "belongs to other data, parameters or code" in caplog.text
    assert checkpoint.asked_at[0] == 1
    assert_same_bits(model, train(data, config, name=None))


def test_a_kill_while_saving_leaves_the_older_checkpoint(tmp_path, monkeypatch):
    path = interrupted(tmp_path / "run.checkpoint", every_steps=3, steps=12)
    older = path.read_bytes()

    def half(content, file):
        file.write_bytes(b"half of ")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(KeyboardInterrupt):
        interrupted(path, every_steps=1, steps=13)
    assert path.read_bytes() == older
    assert list(tmp_path.iterdir()) == [path]


def test_by_default_a_checkpoint_is_due_by_the_clock(tmp_path):
    never = Checkpoint(tmp_path / "never", every_s=1e9)
    always = Checkpoint(tmp_path / "always", every_s=0.0)
    for checkpoint in (never, always):
        train(tiny_data(), tiny_config(), checkpoint=checkpoint, name=None)
    assert [path.name for path in tmp_path.iterdir()] == ["always"]
    always.remove()
    always.remove()  # no error if it is gone
    assert not list(tmp_path.iterdir())
