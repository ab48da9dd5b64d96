"""The fingerprint changes with everything that could change the encoder, and with nothing else."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tiny_training import tiny_config, tiny_data

from cebra_kedro import on_disk
from cebra_kedro.training import fingerprint as module
from cebra_kedro.training.fingerprint import fingerprint


@pytest.fixture(scope="module")
def original() -> str:
    return fingerprint([tiny_data()], tiny_config())


def test_the_same_data_and_settings_give_the_same_fingerprint(original):
    assert fingerprint([tiny_data()], tiny_config()) == original


@pytest.mark.parametrize("name", ["neural", "segment", "labels", "classes"])
def test_one_changed_value_of_any_array_is_seen(name, original):
    changed = getattr(tiny_data(), name).copy()
    changed[(-1,) * changed.ndim] += 1
    data = dataclasses.replace(tiny_data(), **{name: changed})
    assert fingerprint([data], tiny_config()) != original


def test_a_missing_array_a_dtype_and_a_shape_are_seen(original):
    data = tiny_data()
    others = [
        dataclasses.replace(data, labels=None),
        dataclasses.replace(data, neural=data.neural.astype(np.float64)),
        dataclasses.replace(data, labels=np.zeros((150, 4))),
        dataclasses.replace(data, labels=np.zeros((150, 2, 2))),
    ]
    fingerprints = {fingerprint([other], tiny_config()) for other in others}
    assert len(fingerprints | {original}) == 5


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"steps": 13},
        {"batch_size": 17},
        {"negatives": 5},
        {"threads": 2},
        {"precision": "bfloat16"},
        {"cuda_graphs": True},
        {"loss": {"temperature": 0.9}},
        {"optimizer": {"clip_norm": 1.0}},
        {"schedule": {"name": "cosine"}},
        {"pairs": {"law": "time", "time_offset_bins": 3}},
        {"encoder": {"hidden_units": 5}},
    ],
    ids=str,
)
def test_any_changed_setting_is_seen(change, original):
    assert fingerprint([tiny_data()], tiny_config(**change)) != original


def test_further_sessions_and_validation_data_are_seen(original):
    one, other = tiny_data(), tiny_data(seed=1)
    several = fingerprint([one, other], tiny_config())
    validated = fingerprint([one], tiny_config(), [tiny_data(seed=2)])
    assert len({original, several, validated}) == 3


@pytest.mark.parametrize("library", ["cebra", "numpy", "scipy", "torch"])
def test_another_version_of_a_library_is_seen(library, original, monkeypatch):
    version = module.version
    monkeypatch.setattr(module, "version", lambda name: "0.0" if name == library else version(name))
    module._code_version.cache_clear()
    changed = fingerprint([tiny_data()], tiny_config())
    monkeypatch.undo()
    module._code_version.cache_clear()
    assert changed != original
    assert fingerprint([tiny_data()], tiny_config()) == original


def test_changed_code_is_seen(original, monkeypatch, tmp_path):
    (tmp_path / "loss.py").write_text("TEMPERATURE = 1\n")
    monkeypatch.setattr(module, "_CODE", (tmp_path,))
    module._code_version.cache_clear()
    before = fingerprint([tiny_data()], tiny_config())
    (tmp_path / "loss.py").write_text("TEMPERATURE = 2\n")
    module._code_version.cache_clear()
    after = fingerprint([tiny_data()], tiny_config())
    monkeypatch.undo()
    module._code_version.cache_clear()
    assert len({original, before, after}) == 3


def test_how_an_array_is_stored_is_not_seen(original, tmp_path, monkeypatch):
    data = tiny_data()
    np.save(tmp_path / "neural.npy", data.neural)
    stored = [
        np.load(tmp_path / "neural.npy", mmap_mode="r"),
        np.asfortranarray(data.neural),
        np.repeat(data.neural, 2, axis=0)[::2],
    ]
    # several blocks, the last one shorter
    monkeypatch.setattr(on_disk, "BLOCK_BYTES", 7 * data.neural[:1].nbytes)
    for neural in stored:
        assert fingerprint([dataclasses.replace(data, neural=neural)], tiny_config()) == original
