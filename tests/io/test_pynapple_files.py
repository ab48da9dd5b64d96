"""Files that pynapple saves are read without opening the pickles in them.

The arrays are those of pynapple 0.9 to 0.10 (``TsGroup.save``, ``Tsd.save``, ``IntervalSet.save``).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from kedro.io import DatasetError

from cebra_kedro.cli import cli
from cebra_kedro.io import NpzDataset, SessionsDataset
from cebra_kedro.sources.registry import typed_options
from cebra_kedro.sources.signals import read_signals

EPOCHS = {"start": np.array([0.0, 50.0]), "end": np.array([40.0, 100.0])}


class Trap:
    """Leaves a file when it is unpickled."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


def save(path: Path, kind: str, mark: Path, **arrays: np.ndarray) -> None:
    metadata = np.array(Trap(mark), dtype=object)
    np.savez(path, **arrays, **EPOCHS, type=np.array([kind]), _metadata=metadata)


@pytest.fixture
def session(tmp_path):
    """Three units, the head's direction and the time it was awake; and the mark of a pickle."""
    rng, mark = np.random.default_rng(0), tmp_path / "ran"
    time = np.arange(0, 100, 0.01)
    times = np.sort(rng.uniform(0, 100, 900))
    index = rng.choice([3, 5, 9], 900)
    keys = np.array([3, 5, 9])
    save(tmp_path / "units.npz", "TsGroup", mark, t=times, index=index, keys=keys)
    save(tmp_path / "hd.npz", "Tsd", mark, t=time, d=np.mod(time, 6.28))
    save(tmp_path / "wake.npz", "IntervalSet", mark)
    return tmp_path, mark


def test_groups_series_and_intervals_are_read_and_no_pickle_is_opened(session):
    folder, mark = session
    parts = {name: NpzDataset(filepath=folder / f"{name}.npz").load() for name in ("units", "hd")}
    assert set(parts["hd"]) == {"t", "d", "start", "end", "type"}
    assert not mark.exists()
    options = {
        "bin_width_s": 0.5,
        "spikes": {"times": "units/t", "units": "units/index"},
        "labels": {"hd": {"values": "hd/d", "times": "hd/t", "kind": "circular"}},
        "epochs": {"intervals": {"start": "hd/start", "stop": "hd/end"}},
    }
    recording = read_signals(parts, session="mouse", **typed_options("signals", options))
    assert (recording.n_neurons, recording.n_time) == (3, 180)
    kept = (parts["units"]["t"] < 40) | (parts["units"]["t"] >= 50)
    assert recording.neural.sum() == kept.sum()
    assert recording.labels["hd"].kind == "circular"


def test_they_are_drafted_by_what_they_are(session, monkeypatch):
    folder, mark = session
    (folder / "conf" / "local").mkdir(parents=True)
    monkeypatch.chdir(folder)
    files = ["units.npz", "hd.npz", "wake.npz"]
    result = CliRunner().invoke(cli, ["new-recording", *files, "--name", "mouse"])
    assert result.exit_code == 0, result.output
    description = yaml.safe_load((folder / "conf/local/parameters_mouse.yml").read_text())["mouse"]
    source = description["source"]
    assert source["spikes"] == {"times": "units/t", "units": "units/index"}
    assert source["labels"] == {
        "hd": {"values": "hd/d", "times": "hd/t", "kind": "circular", "unit": "rad"}
    }
    assert source["epochs"] == {"intervals": {"start": "wake/start", "stop": "wake/end"}}
    assert not mark.exists()


def test_pickles_of_other_files_are_refused_as_ever(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.ones(3), _metadata=np.array({}, dtype=object))
    file = {"type": "cebra_kedro.io.NpzDataset", "filepath": str(tmp_path / "a.npz")}
    with pytest.raises(DatasetError, match=r"a.npz: _metadata holds Python objects"):
        SessionsDataset(sessions={"a": file}).load()["a"]
