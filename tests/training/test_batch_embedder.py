"""Whatever way is cheapest, a batch embeds as its windows do, one by one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny_training import embed, tiny_data

from cebra_kedro.training import EncoderConfig
from cebra_kedro.training.batch_embedder import batch_embedder
from cebra_kedro.training.encoder import build_network, window_of

CPU = torch.device("cpu")
# float32 sums in another order: about 1e-6 for embeddings of size 1
ATOL = 1e-5


def embedders(architecture: str, neural: np.ndarray, *, clamp: bool = False):
    """The network with its embedder for few and for many rows."""
    network = build_network(EncoderConfig(architecture=architecture, hidden_units=4), 6, seed=0)
    few, many = (batch_embedder(network, neural, rows, CPU, clamp=clamp) for rows in (2, 10**4))
    return network, few, many


@pytest.mark.parametrize("architecture", ["offset10-model", "offset5-model"])
def test_few_rows_and_many_rows_embed_alike(architecture):
    neural = tiny_data().neural
    network, few, many = embedders(architecture, neural)
    assert type(few) is not type(many)  # windows, and the whole series
    window = window_of(network)
    rows = torch.arange(window.left, 150 - window.right + 1)
    with torch.no_grad():
        expected = torch.stack(
            [
                network(torch.from_numpy(neural[row - window.left : row + window.right].T)[None])[0]
                for row in rows.tolist()
            ]
        )
        torch.testing.assert_close(embed(few, rows), expected, atol=ATOL, rtol=0)
        torch.testing.assert_close(embed(many, rows), expected, atol=ATOL, rtol=0)


def test_windows_over_the_ends_are_shifted_inside_as_in_cebra():
    from cebra.data import TensorDataset

    neural = tiny_data().neural
    network, few, many = embedders("offset10-model", neural, clamp=True)
    dataset = TensorDataset(torch.from_numpy(neural), continuous=torch.zeros(150, 1))
    dataset.configure_for(network)
    rows = torch.tensor([0, 1, 4, 5, 6, 144, 145, 146, 149])
    with torch.no_grad():
        expected = network(dataset[rows])
        torch.testing.assert_close(embed(few, rows), expected, atol=ATOL, rtol=0)
        torch.testing.assert_close(embed(many, rows), expected, atol=ATOL, rtol=0)


@pytest.mark.parametrize(
    "dtype", ["u1", "i2", "u2", "i4", "u4", "i8", "f2", "f4", ">f4", "f8", "?"]
)
@pytest.mark.parametrize("stored_in_file", [False, True])
@pytest.mark.parametrize("share", [0.05, 0.5])
@pytest.mark.usefixtures("sums_for_any_network")
def test_counts_of_any_type_embed_as_floats(dtype, stored_in_file, share, tmp_path):
    counts = (np.random.default_rng(0).random((60, 6)) < share).astype(dtype)
    if stored_in_file:
        np.save(tmp_path / "counts.npy", counts)
        counts = np.load(tmp_path / "counts.npy", mmap_mode="r")
    counts.flags.writeable = False
    _, few, many = embedders("offset5-model", counts)
    _, expected, _ = embedders("offset5-model", np.array(counts, np.float32))
    rows = torch.arange(2, 57)
    with torch.no_grad():
        torch.testing.assert_close(embed(few, rows), embed(expected, rows), atol=ATOL, rtol=0)
        torch.testing.assert_close(embed(many, rows), embed(expected, rows), atol=ATOL, rtol=0)


@pytest.mark.parametrize("rows_per_step", [2, 10**4])
def test_dropout_is_drawn_for_each_window(rows_per_step):
    # cebra drops channels window by window; one mask for a whole series would be another network
    neural = np.tile(tiny_data().neural[:1], (100, 1))  # every window is the same
    config = EncoderConfig(architecture="offset36-model-dropout", hidden_units=8)
    network = build_network(config, 6, seed=0).train()
    embedder = batch_embedder(network, neural, rows_per_step, CPU)
    torch.manual_seed(0)
    with torch.no_grad():
        embedding = embed(embedder, torch.arange(18, 80))
    assert len(np.unique(embedding.numpy().round(5), axis=0)) > 10


@pytest.fixture(params=[True, False], ids=["onednn", "mkl"])
def onednn(request, monkeypatch):
    """Whether products are left to oneDNN, which prepares them for each number of rows."""
    monkeypatch.setattr(
        "cebra_kedro.training.batch_embedder.onednn_is_faster", lambda: request.param
    )
    return request.param


def test_windows_are_embedded_in_numbers_that_are_prepared_already(onednn):
    network = build_network(EncoderConfig(architecture="offset1-model"), 6, seed=0)
    embedder = batch_embedder(network, tiny_data().neural, 2, CPU)
    assert (type(embedder).__name__ == "_PaddedEmbedder") == onednn


def test_the_way_suits_the_recording(tmp_path, monkeypatch):
    monkeypatch.setattr("cebra_kedro.training.batch_embedder.onednn_is_faster", lambda: False)

    def way(counts, architecture="offset1-model", units=128, rows=2, dtype=torch.float32):
        config = EncoderConfig(architecture=architecture, hidden_units=units)
        network = build_network(config, counts.shape[1], seed=0)
        return type(batch_embedder(network, counts, rows, CPU, dtype=dtype)).__name__

    rng = np.random.default_rng(0)
    sparse, dense = ((rng.random((500, 400)) < share).astype(np.uint8) for share in (0.05, 0.5))
    np.save(tmp_path / "counts.npy", sparse)
    in_file = np.load(tmp_path / "counts.npy", mmap_mode="r")
    assert way(sparse) == "_SparseWindowEmbedder"
    assert way(sparse, units=2) == "_WindowEmbedder"  # little to save
    assert way(dense) == "_WindowEmbedder"
    assert way(in_file) == "_FileEmbedder"  # sums would need all of it in memory
    assert way(sparse, "offset1-model-mse-resnet-3layers") == "_WindowEmbedder"
    assert way(sparse, "offset10-model", rows=10**4) == "_SparseSeriesEmbedder"
    assert way(dense, "offset10-model", rows=10**4) == "_SeriesEmbedder"
    assert way(dense, dtype=torch.bfloat16) == "_PaddedEmbedder"


@pytest.mark.parametrize("n_rows", [1, 64, 100])
def test_padding_changes_no_row(n_rows):
    neural = tiny_data().neural
    network = build_network(EncoderConfig(architecture="offset5-model", hidden_units=4), 6, seed=0)
    rows = torch.arange(5, 5 + n_rows)
    padded, plain = (
        batch_embedder(network, neural, 2, CPU, dtype=dtype)
        for dtype in (torch.bfloat16, torch.float32)
    )
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        ours = embed(padded, rows)
    with torch.no_grad():
        expected = embed(plain, rows)
    # 8 bits of mantissa
    torch.testing.assert_close(ours.float(), expected, atol=0.03, rtol=0)
