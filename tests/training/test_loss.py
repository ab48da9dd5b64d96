"""InfoNCE over distinct rows equals cebra's criterions over all draws, with every gradient."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from cebra_twin import CebraTwin
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_training import LAWS, embed, tiny_config, tiny_counts, tiny_data

from cebra_kedro.training import LossConfig, TrainingConfig
from cebra_kedro.training import loss as module
from cebra_kedro.training.batch_embedder import batch_embedder
from cebra_kedro.training.batches import Batch
from cebra_kedro.training.loss import InfoNCE, goodness_of_fit_bits

COSINE, EUCLIDEAN = {"distance": "cosine"}, {"distance": "euclidean"}
LEARNED = {"learnable_temperature": True}
MANY = {"batch_size": 600}  # each of the 150 rows is drawn several times

# architecture, loss, law, sessions, other settings
CASES = {
    "cosine": ("offset10-model", COSINE, "time", 1, {}),
    "repeated rows": ("offset10-model", COSINE, "time", 1, MANY),
    "deep": ("offset36-model", COSINE, "discrete", 1, MANY),
    "one bin": ("offset1-model", COSINE, "mixed", 1, MANY),
    "resampled": ("offset20-model-4x-subsample", COSINE, "delta_normal", 1, {}),
    "few negatives": ("offset5-model", COSINE, "time_delta", 1, MANY | {"negatives": 5}),
    "many negatives": ("offset5-model", COSINE, "time_delta", 1, {"negatives": 900}),
    "cold": ("offset10-model", COSINE | {"temperature": 1e-2}, "time", 1, MANY),
    "learned, cold": ("offset5-model", COSINE | LEARNED | {"temperature": 1e-2}, "time", 1, MANY),
    "learned": ("offset5-model", COSINE | LEARNED | {"temperature": 0.5}, "time", 1, {}),
    "learned, above its minimum": (
        "offset5-model",
        COSINE | LEARNED | {"temperature": 0.5, "min_temperature": 0.3},
        "time",
        1,
        {},
    ),
    "hybrid": ("offset10-model", COSINE, "hybrid", 1, MANY),
    "hybrid, learned": ("offset5-model", COSINE | LEARNED, "hybrid", 1, {}),
    "euclidean": ("offset10-model-mse", EUCLIDEAN, "time_delta", 1, MANY),
    "euclidean, cold": ("offset1-model-mse", EUCLIDEAN | {"temperature": 1e-2}, "time", 1, MANY),
    "euclidean, learned": ("offset10-model-mse", EUCLIDEAN | LEARNED, "hybrid", 1, {}),
    "sessions": ("offset5-model", COSINE, "time_delta", 3, {}),
    "sessions, repeated rows": ("offset10-model", COSINE, "discrete", 2, MANY),
    "windows as in cebra": (
        "offset10-model",
        COSINE,
        {"law": "time", "time_offset_bins": 2, "windows": "cebra"},
        1,
        MANY,
    ),
}


def loss_with_graph(twin: CebraTwin, config: TrainingConfig, data: list, rows_per_step: int):
    """Our loss of step 0 and the parameters it depends on."""
    batch, criterion = twin.our_batch(0), InfoNCE(config.loss)
    clamp = config.pairs.windows == "cebra"
    parts = []
    for network, session, rows in zip(twin.networks, data, batch.rows, strict=True):
        embedder = batch_embedder(
            network, session.neural, rows_per_step, torch.device("cpu"), clamp=clamp
        )
        parts.append(embed(embedder, rows))
    return criterion(torch.cat(parts), batch), [
        *twin.networks.parameters(),
        *criterion.parameters(),
    ]


def assert_parity(case: tuple, rows_per_step: int, tolerance: float, make_data=tiny_data) -> None:
    architecture, loss, law, n_sessions, others = case
    data = [make_data(seed=seed) for seed in range(n_sessions)]
    config = tiny_config(
        encoder={"architecture": architecture, "hidden_units": 8},
        loss=loss,
        pairs=law if isinstance(law, dict) else LAWS[law],
        **others,
    )
    twin = CebraTwin(data, config)
    ours, parameters = loss_with_graph(twin, config, data, rows_per_step)
    expected = twin.cebra_loss(0)
    torch.testing.assert_close(ours, expected, rtol=tolerance, atol=0)
    ours.backward()
    expected.backward()
    largest = max(float(other.grad.abs().max()) for other in twin.cebra_parameters())
    for one, other in zip(parameters, twin.cebra_parameters(), strict=True):
        # relative to the largest gradient of the network, as an optimizer step sees it
        torch.testing.assert_close(one.grad, other.grad, atol=tolerance * largest, rtol=0)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("rows_per_step", [2, 10**4], ids=["windows", "series"])
def test_loss_and_gradients_equal_cebras(case, rows_per_step):
    assert_parity(CASES[case], rows_per_step, 1e-5)  # float32


@pytest.mark.parametrize(
    "case", ["cosine", "resampled", "learned", "sessions", "windows as in cebra"]
)
@pytest.mark.parametrize("rows_per_step", [2, 10**4], ids=["windows", "series"])
@pytest.mark.usefixtures("sums_for_any_network")
def test_so_they_do_for_counts_of_which_few_are_not_zero(case, rows_per_step):
    assert_parity(CASES[case], rows_per_step, 1e-5, tiny_counts)


def test_at_a_high_temperature_too():
    # Positives' pull and negatives' push cancel to about a tenth: one digit of float32 less.
    case = ("offset1-model", COSINE | {"temperature": 100.0}, "discrete", 2, MANY)
    assert_parity(case, 2, 1e-4)


def test_blocks_change_nothing(monkeypatch):
    monkeypatch.setattr(module, "_BLOCK_ELEMENTS", 7 * 100)  # 7 queries or fewer at a time
    assert_parity(CASES["hybrid"], 2, 1e-5)
    assert_parity(CASES["cold"], 2, 1e-5)


def batch_of(reference: np.ndarray, positive: np.ndarray, negative: np.ndarray) -> Batch:
    """A batch over embedding rows given by number."""
    query, query_count = np.unique(reference, return_counts=True)
    key, key_count = np.unique(negative, return_counts=True)
    return Batch(
        rows=(),
        reference=torch.from_numpy(reference),
        positives=(torch.from_numpy(positive),),
        query=torch.from_numpy(query),
        query_weight=torch.from_numpy((query_count / len(reference)).astype(np.float32)),
        key=torch.from_numpy(key),
        key_weight=torch.from_numpy(key_count.astype(np.float32)),
    )


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_rows=st.integers(1, 12),
    n_references=st.integers(1, 40),
    n_negatives=st.integers(1, 40),
    distance=st.sampled_from(["cosine", "euclidean"]),
    temperature=st.sampled_from([0.005, 0.02, 0.3, 1.0, 50.0]),
    learnable=st.booleans(),
)
def test_the_definition_holds_for_any_multiset(
    *, seed, n_rows, n_references, n_negatives, distance, temperature, learnable
):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n_rows, 3))
    if distance == "cosine":
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    rows = rows.astype(np.float32)
    reference, positive = rng.integers(0, n_rows, (2, n_references))
    negative = rng.integers(0, n_rows, n_negatives)
    criterion = InfoNCE(
        LossConfig(distance=distance, temperature=temperature, learnable_temperature=learnable)
    )
    ours = criterion(torch.from_numpy(rows), batch_of(reference, positive, negative))
    x = rows.astype(float)
    if distance == "cosine":
        phi = x @ x.T / temperature
    else:
        phi = -((x[:, None] - x[None]) ** 2).sum(axis=2) / temperature
    push = np.logaddexp.reduce(phi[reference][:, negative], axis=1)
    expected = (push - phi[reference, positive]).mean()
    # float32: about 1e-7 of |x|² / τ, from which distances are computed
    size = (x**2).sum(axis=1).max() / temperature
    assert float(ours.detach()) == pytest.approx(expected, abs=2e-6 * max(1, size))


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
@pytest.mark.parametrize("temperature", [1.0, 0.01])
@pytest.mark.parametrize("n_rows", [10, 200])  # fewer and more than rows are padded to
def test_a_gradient_in_bfloat16_belongs_to_the_same_loss(distance, temperature, n_rows):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(n_rows, 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    batch = batch_of(*rng.integers(0, n_rows, (3, 150)))
    config = LossConfig(distance=distance, temperature=temperature)
    losses, gradients = [], []
    for dtype in (torch.float32, torch.bfloat16):
        embedding = torch.from_numpy(rows).requires_grad_()
        loss = InfoNCE(config, dtype)(embedding, batch)
        loss.backward()
        losses.append(float(loss.detach()))
        gradients.append(embedding.grad)
    assert losses[1] == pytest.approx(losses[0], rel=1e-6)  # float32, other blocks
    assert not torch.equal(*gradients)
    # 8 bits, of terms as large as the largest gradient
    largest = float(gradients[0].abs().max())
    torch.testing.assert_close(gradients[1], gradients[0], atol=2**-7 * largest, rtol=0)


@pytest.mark.parametrize("minimum", [None, 0.4])
def test_a_learned_temperature_is_bounded_by_its_minimum_only(minimum):
    criterion = InfoNCE(
        LossConfig(temperature=0.5, min_temperature=minimum, learnable_temperature=True)
    )
    assert criterion.temperature == pytest.approx(0.5, rel=1e-6)  # float32 exp of a log
    with torch.no_grad():
        criterion.log_inverse_temperature.fill_(np.log(1 / 0.2))
    assert criterion.temperature == pytest.approx(minimum or 0.2, rel=1e-6)


def test_goodness_of_fit_is_cebras():
    from cebra.integrations.sklearn.metrics import infonce_to_goodness_of_fit

    loss = np.array([6.1, 5.0, 6.9])
    oracle = [infonce_to_goodness_of_fit(each, batch_size=512, num_sessions=1) for each in loss]
    np.testing.assert_allclose(goodness_of_fit_bits(loss, 512), oracle, rtol=1e-12)
    # the same encoder under two equal objectives fits as well as under one
    np.testing.assert_allclose(goodness_of_fit_bits(2 * loss, 512, 2), oracle, rtol=1e-12)


def test_goodness_of_fit_is_zero_at_chance():
    # all rows alike: nothing tells positives from negatives
    rows = torch.ones(4, 3) / 3**0.5
    draws = np.arange(4)
    loss = InfoNCE(LossConfig())(rows, batch_of(draws, draws[::-1].copy(), draws))
    # float32 log-sum-exp
    assert goodness_of_fit_bits(float(loss), 4) == pytest.approx(0.0, abs=1e-6)
