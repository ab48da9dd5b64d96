"""A trained encoder embeds recordings exactly, in blocks, and survives its file."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_training import tiny_config, tiny_data

from cebra_kedro.training import model as module
from cebra_kedro.training.loop import train
from cebra_kedro.training.model import EncoderModel

ARCHITECTURES = [
    "offset1-model",
    "offset5-model",
    "offset10-model",
    "offset36-model-dropout",
    "offset20-model-4x-subsample",
    "offset4-model-2x-subsample",
]
ATOL = 1e-5  # float32 sums in another order, for embeddings of size 1


def trained(architecture: str = "offset5-model", **changes) -> EncoderModel:
    config = tiny_config(encoder={"architecture": architecture}, **changes)
    return train(tiny_data(n_trials=1), config, name=None)


def one_by_one(model: EncoderModel, neural: np.ndarray) -> np.ndarray:
    """cebra's own network on the window of each row, the border rows repeated."""
    import cebra.models

    encoder = model.config.encoder
    network = cebra.models.init(
        encoder.architecture, neural.shape[1], encoder.hidden_units, encoder.output_dimension
    )
    network.load_state_dict({key.removeprefix("0."): value for key, value in model.state.items()})
    network.eval()
    offset = network.get_offset()
    padded = np.pad(neural, ((offset.left, offset.right - 1), (0, 0)), mode="edge")
    with torch.no_grad():
        rows = [
            network(torch.from_numpy(padded[t : t + len(offset)].T.astype(np.float32)[None]))
            for t in range(len(neural))
        ]
    return torch.stack(rows).reshape(len(neural), -1).numpy()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_each_row_is_cebras_embedding_of_its_window(architecture):
    model, neural = trained(architecture), tiny_data(seed=3).neural
    np.testing.assert_allclose(model.transform(neural), one_by_one(model, neural), atol=ATOL)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_block_borders_leave_no_trace(architecture, monkeypatch):
    model, data = trained(architecture), tiny_data(n_trials=4)
    whole = model.transform(data.neural, data.segment)
    for rows_per_block in (1, 7, 50):
        reach = 1 if architecture.endswith("model") else 40
        monkeypatch.setattr(module, "_BLOCK_BYTES", 4 * 6 * reach * rows_per_block)
        blocks = model.transform(data.neural, data.segment)
        np.testing.assert_allclose(blocks, whole, atol=ATOL)


@settings(max_examples=20, deadline=None)
@given(lengths=st.lists(st.integers(1, 30), min_size=1, max_size=6), offset=st.integers(-5, 5))
def test_each_segment_is_embedded_as_if_alone(lengths, offset):
    model = trained_once()
    neural = np.random.default_rng(0).normal(size=(sum(lengths), 6)).astype(np.float32)
    segment = np.repeat(np.arange(len(lengths)) * 3 + offset, lengths)
    together = model.transform(neural, segment)
    alone = [model.transform(part) for part in np.split(neural, np.cumsum(lengths)[:-1])]
    np.testing.assert_allclose(together, np.concatenate(alone), atol=ATOL)


def trained_once(made: list[EncoderModel] = []) -> EncoderModel:  # noqa: B006 (made once)
    if not made:
        made.append(trained("offset10-model"))
    return made[0]


@pytest.mark.parametrize("dtype", ["u1", "i2", "u4", "i8", "f8", ">f4"])
def test_counts_are_embedded_as_floats(dtype):
    model = trained_once()
    counts = np.random.default_rng(0).integers(0, 9, (80, 6)).astype(dtype)
    before = counts.copy()
    counts.flags.writeable = False
    embedding = model.transform(counts)
    assert embedding.dtype == np.float32
    np.testing.assert_array_equal(embedding, model.transform(counts.astype(np.float32)))
    np.testing.assert_array_equal(counts, before)


def test_a_memory_mapped_file_is_embedded_as_an_array(tmp_path):
    neural = tiny_data().neural
    np.save(tmp_path / "neural.npy", neural)
    mapped = np.load(tmp_path / "neural.npy", mmap_mode="r")
    np.testing.assert_array_equal(
        trained_once().transform(mapped), trained_once().transform(neural)
    )


@pytest.mark.parametrize(
    ("neural", "segment", "message"),
    [
        (np.zeros((20, 5)), None, r"trained on 6 neurons, got an array of shape \(20, 5\)"),
        (np.zeros(6), None, r"trained on 6 neurons, got an array of shape \(6,\)"),
        (np.zeros((0, 6)), None, "at least one time bin"),
        (np.zeros((20, 6)), np.zeros(19, int), r"one id per time bin \(20\), got 19"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(neural, segment, message):
    with pytest.raises(ValueError, match=message):
        trained_once().transform(neural, segment)


@pytest.mark.parametrize("session", [-1, 1])
def test_a_session_that_was_not_trained_is_refused(session):
    with pytest.raises(ValueError, match=rf"session must be in 0 … 0.*got {session}"):
        trained_once().transform(tiny_data().neural, session=session)


def test_the_file_keeps_everything(tmp_path):
    data = [tiny_data(seed=0), tiny_data(seed=1, n_neurons=4)]
    config = tiny_config(
        pairs={"law": "time_delta", "time_offset_bins": 2},
        loss={"learnable_temperature": True},
        schedule={"name": "one_cycle"},
    )
    model = train(data, config, name=None)
    model.save(tmp_path / "model.pt")
    loaded = EncoderModel.load(tmp_path / "model.pt")
    for name in ("config", "n_neurons", "temperature", "train_seconds", "fingerprint"):
        assert getattr(loaded, name) == getattr(model, name)
    np.testing.assert_array_equal(loaded.loss, model.loss)
    np.testing.assert_array_equal(loaded.learning_rate, model.learning_rate)
    for session, recording in enumerate(data):
        np.testing.assert_array_equal(
            loaded.transform(recording.neural, session=session),
            model.transform(recording.neural, session=session),
        )


def test_a_file_of_a_newer_format_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "FORMAT_VERSION", 99)
    trained_once().save(tmp_path / "model.pt")
    monkeypatch.undo()
    with pytest.raises(ValueError, match=r"format version 99, .*upgrade cebra-kedro"):
        EncoderModel.load(tmp_path / "model.pt")


def test_the_history_counts_all_sessions_negatives_and_objectives():
    model = trained_once()
    history = model.history()
    assert list(history) == ["step", "loss", "goodness_of_fit_bits", "learning_rate"]
    np.testing.assert_array_equal(history["step"], np.arange(12))
    # float32
    np.testing.assert_allclose(
        history["goodness_of_fit_bits"], (np.log(16) - model.loss) / np.log(2), rtol=1e-5
    )
    two = [tiny_data(seed=0), tiny_data(seed=1)]
    several = train(two, tiny_config(pairs={"law": "discrete"}, negatives=50), name=None)
    np.testing.assert_allclose(
        several.history()["goodness_of_fit_bits"],
        (np.log(2 * 50) - several.loss) / np.log(2),
        rtol=1e-5,
        atol=1e-6,
    )
    hybrid = trained(pairs={"law": "hybrid", "time_offset_bins": 2})
    np.testing.assert_allclose(
        hybrid.history()["goodness_of_fit_bits"],
        (np.log(16) - hybrid.loss / 2) / np.log(2),
        rtol=1e-5,
        atol=1e-6,
    )
