"""Adding up what is not zero gives the numbers of dense products, with their gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny_training import embed, tiny_counts

from cebra_kedro.training import EncoderConfig
from cebra_kedro.training.batch_embedder import batch_embedder
from cebra_kedro.training.encoder import build_network, window_of

CPU = torch.device("cpu")
# float32 sums in another order: about 1e-6 for embeddings of size 1
ATOL = 1e-5


SPARSE_FIRST_LAYERS = [
    "offset1-model",  # flattened, linear
    "offset1-model-mse",
    "offset5-model",  # convolution with several outputs
    "offset36-model-dropout",
    "offset4-model-2x-subsample",  # beside every second bin, then linear
    "offset20-model-4x-subsample",  # beside every second bin, then a convolution with a stride
    "offset40-model-4x-subsample",
]


@pytest.fixture(autouse=True)
def not_filled_up(monkeypatch):
    """As many rows as are asked for, whichever library multiplies."""
    monkeypatch.setattr("cebra_kedro.training.batch_embedder.onednn_is_faster", lambda: False)


@pytest.mark.parametrize("architecture", SPARSE_FIRST_LAYERS)
@pytest.mark.usefixtures("sums_for_any_network")
def test_sums_of_counts_and_their_gradients_equal_cebras(architecture):
    import cebra.models

    counts = tiny_counts().neural
    config = EncoderConfig(architecture=architecture, hidden_units=8, output_dimension=4)
    network = build_network(config, 6, seed=0).eval()
    original = cebra.models.init(architecture, 6, 8, 4).eval()
    original.load_state_dict(network.state_dict())
    window = window_of(network)
    rows = torch.arange(window.left, 150 - window.right + 1)
    embedder = batch_embedder(network, counts, 2, CPU)
    assert type(embedder).__name__ == "_SparseWindowEmbedder"
    windows = np.stack([counts[row - window.left : row + window.right].T for row in rows.tolist()])
    ours = embed(embedder, rows)
    theirs = original(torch.from_numpy(windows.astype(np.float32))).reshape(-1, 4)
    torch.testing.assert_close(ours, theirs, atol=ATOL, rtol=0)
    target = torch.randn(theirs.shape, generator=torch.Generator().manual_seed(0))
    (ours * target).sum().backward()
    (theirs * target).sum().backward()
    for one, other in zip(network.parameters(), original.parameters(), strict=True):
        # relative to the largest component: float32 rounding
        tolerance = 1e-5 * float(other.grad.abs().max())
        torch.testing.assert_close(one.grad, other.grad, atol=tolerance, rtol=0)


@pytest.mark.parametrize("architecture", ["offset1-model", "offset5-model"])
@pytest.mark.parametrize("rows_per_step", [2, 10**4])
@pytest.mark.usefixtures("sums_for_any_network")
def test_sums_in_bfloat16_round_as_dense_products_do(architecture, rows_per_step):
    values = tiny_counts().neural * np.float32(1.2345)  # neither is a number of 8 bits
    config = EncoderConfig(architecture=architecture, hidden_units=8)
    network = build_network(config, 6, seed=0)
    embedder = batch_embedder(network, values, rows_per_step, CPU, dtype=torch.bfloat16)
    found = embedder.look_up(torch.arange(5, 100))
    exact = embed(batch_embedder(network, values, rows_per_step, CPU), torch.arange(5, 100))
    exact.square()[:, 0].sum().backward()
    gradients = [parameter.grad.clone() for parameter in network.parameters()]
    network.zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = embedder(found)
    rounded.float().square()[:, 0].sum().backward()
    assert not torch.equal(rounded.float(), exact)
    # bfloat16 has 8 bits: 0.4 % of embeddings of size 1, through several layers
    torch.testing.assert_close(rounded.float(), exact, atol=0.03, rtol=0)
    for parameter, gradient in zip(network.parameters(), gradients, strict=True):
        assert parameter.grad.dtype == torch.float32
        tolerance = 0.05 * float(gradient.abs().max())
        torch.testing.assert_close(parameter.grad, gradient, atol=tolerance, rtol=0)


@pytest.mark.parametrize("architecture", ["offset5-model", "offset4-model-2x-subsample"])
@pytest.mark.parametrize("rows_per_step", [2, 10**4])
@pytest.mark.usefixtures("sums_for_any_network")
def test_silence_embeds_too(architecture, rows_per_step):
    network = build_network(EncoderConfig(architecture=architecture, hidden_units=4), 6, seed=0)
    silence, expected = np.zeros((40, 6), np.uint8), np.full((40, 6), 1e-9, np.float32)
    rows = torch.arange(5, 30)
    one, other = (
        embed(batch_embedder(network, neural, rows_per_step, CPU), rows)
        for neural in (silence, expected)
    )
    torch.testing.assert_close(one, other, atol=ATOL, rtol=0)
    one[:, 0].sum().backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in network.parameters())


@pytest.mark.usefixtures("sums_for_any_network")
def test_a_value_that_is_no_number_is_not_left_out():
    counts = np.zeros((60, 6), np.float32)
    counts[30, 2] = np.nan
    network = build_network(EncoderConfig(architecture="offset5-model", hidden_units=4), 6, seed=0)
    for rows_per_step in (2, 10**4):
        embedding = embed(batch_embedder(network, counts, rows_per_step, CPU), torch.arange(20, 40))
        # windows of 2 bins before and 3 from the row on
        np.testing.assert_array_equal(
            np.flatnonzero(torch.isnan(embedding).any(dim=1)), np.arange(28, 33) - 20
        )


@pytest.mark.usefixtures("sums_for_any_network")
def test_memory_of_what_is_looked_up_is_foretold():
    counts = tiny_counts(n_time=2000, n_neurons=50).neural
    for architecture in ("offset1-model", "offset5-model", "offset20-model-4x-subsample"):
        network = build_network(EncoderConfig(architecture=architecture), 50, seed=0)
        embedder = batch_embedder(network, counts, 2, CPU)
        found = embedder.look_up(torch.arange(100, 1900))
        assert found.nbytes == pytest.approx(1800 * embedder.bytes_of_row, rel=0.3)
