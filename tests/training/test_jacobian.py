"""The Jacobian of an encoder, and the penalty on it: by differences, and as cebra computes it."""

from __future__ import annotations

import cebra.models
import numpy as np
import pytest
import torch
from cebra.models.jacobian_regularizer import JacobianReg

from cebra_kedro.training import EncoderConfig
from cebra_kedro.training.batches import Batch
from cebra_kedro.training.config import (
    JacobianConfig,
    OptimizerConfig,
    PairsConfig,
    TrainingConfig,
)
from cebra_kedro.training.data import TrainingData
from cebra_kedro.training.encoder import build_network, embed_windows, window_of
from cebra_kedro.training.jacobian import JacobianPenalty, jacobian, windows_around
from cebra_kedro.training.loop import train

N_NEURONS, N_BINS = 6, 200
ARCHITECTURES = ["offset1-model", "offset5-model", "offset10-model", "offset10-model-mse"]


def recording(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(N_BINS, N_NEURONS)).astype(np.float32)


def network(architecture: str) -> torch.nn.Module:
    return build_network(EncoderConfig(architecture=architecture, hidden_units=8), N_NEURONS, 3)


def twin(architecture: str) -> torch.nn.Module:
    """Cebra's own network with the same weights."""
    own = cebra.models.init(architecture, N_NEURONS, 8, 3)
    own.load_state_dict(network(architecture).state_dict())
    return own


def batch_of(rows: list[int], counts: list[int]) -> Batch:
    """A batch with these references, so many of each, and no matter what else."""
    query = torch.arange(len(rows))
    weight = torch.tensor(counts, dtype=torch.float32) / sum(counts)
    nothing = torch.zeros(0, dtype=torch.int64)
    return Batch((torch.tensor(rows),), nothing, (), query, weight, nothing, torch.zeros(0))


def penalty_of(architecture: str, **options) -> tuple[JacobianPenalty, torch.nn.Module]:
    one = network(architecture)
    data = TrainingData(recording(), np.zeros(N_BINS, np.int64))
    penalty = JacobianPenalty(
        torch.nn.ModuleList([one]),
        [data],
        JacobianConfig(**{"weight": 1.0, "ramp_up": (0, 0)} | options),
        steps=100,
        seed=0,
        clamp=False,
    )
    return penalty, one


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_jacobian_is_that_of_small_differences(architecture):
    one = network(architecture).double()
    window = window_of(one)
    windows = windows_around(recording(), np.array([20, 33]), window.left, window.right).double()
    found = jacobian(one, windows)
    assert found.shape == (2, 3, N_NEURONS, window.length)
    step = 1e-5
    for neuron, lag in ((0, 0), (4, window.length - 1)):
        moved = windows.clone()
        moved[:, lag, neuron] += step
        with torch.no_grad():
            difference = (embed_windows(one, moved) - embed_windows(one, windows)) / step
        torch.testing.assert_close(found[:, :, neuron, lag], difference, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("rows", [[20, 33, 90], [50]])
def test_the_penalty_and_its_gradient_are_cebras(architecture, rows):
    counts = [2, 1, 4][: len(rows)]
    penalty, one = penalty_of(architecture)
    value = penalty(batch_of(rows, counts), step=50)
    value.backward()

    theirs, window = twin(architecture), window_of(one)
    repeated = np.repeat(rows, counts)
    inputs = windows_around(recording(), repeated, window.left, window.right).transpose(1, 2)
    inputs.requires_grad_()
    expected = JacobianReg(n=-1)(inputs, theirs(inputs).flatten(start_dim=1))
    expected.backward()
    torch.testing.assert_close(value, expected, atol=1e-6, rtol=1e-5)
    own = dict(one.named_parameters())
    for name, parameter in theirs.named_parameters():
        # the last bias moves an embedding that has no norm and changes no gradient
        gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        found = own[name].grad
        found = torch.zeros_like(parameter) if found is None else found
        torch.testing.assert_close(found, gradient, atol=1e-6, rtol=1e-4)


def test_random_directions_give_the_same_on_average():
    exact, _ = penalty_of("offset5-model")
    rough, _ = penalty_of("offset5-model", projections=1)
    batch = batch_of(list(range(20, 180)), [1] * 160)
    drawn = torch.stack([rough(batch, step).detach() for step in range(50, 90)])
    torch.testing.assert_close(drawn.mean(), exact(batch, 50).detach(), rtol=0.05, atol=0)
    assert drawn.std() > 0
    assert rough(batch, 50) == drawn[0]


def test_the_weight_rises_in_a_straight_line():
    penalty, _ = penalty_of("offset1-model", weight=2.0, ramp_up=(0.2, 0.6))
    assert [penalty.weight(step) for step in (0, 20, 40, 60, 99)] == [0, 0, 1, 2, 2]
    sudden, _ = penalty_of("offset1-model", weight=2.0, ramp_up=(0.5, 0.5))
    assert [sudden.weight(step) for step in (49, 50)] == [0, 2]


@pytest.mark.parametrize("ramp_up", [(0.5, 0.2), (-0.1, 0.5), (0.0, 1.0)])
def test_a_ramp_that_does_not_rise_is_refused(ramp_up):
    with pytest.raises(ValueError, match="ramp_up must be two shares of the steps"):
        JacobianConfig(weight=1.0, ramp_up=ramp_up)


def trained(weight: float | None, n_sessions: int = 1):
    rng = np.random.default_rng(1)
    labels = np.sin(np.arange(N_BINS) / 8)[:, None]
    sessions = []
    for number in range(n_sessions):
        neural = rng.normal(size=(N_BINS, N_NEURONS + number)).astype(np.float32)
        neural[:, 0] += 2 * labels[:, 0]
        sessions.append(TrainingData(neural, np.zeros(N_BINS, np.int64), labels))
    regularisation = None if weight is None else JacobianConfig(weight=weight, ramp_up=(0, 0.2))
    config = TrainingConfig(
        encoder=EncoderConfig(architecture="offset5-model", hidden_units=8, output_dimension=3),
        pairs=PairsConfig(law="time_delta", time_offset_bins=2),
        optimizer=OptimizerConfig(learning_rate=3e-3),
        steps=60,
        batch_size=64,
        threads=1,
        device="cpu",
        jacobian_regularisation=regularisation,
    )
    return train(sessions, config, name=None), sessions


@pytest.mark.parametrize("n_sessions", [1, 2])
def test_a_regularised_encoder_has_smaller_gradients(n_sessions):
    sizes = []
    for weight in (None, 5.0):
        model, sessions = trained(weight, n_sessions)
        one = model.network(n_sessions - 1)
        window = window_of(one)
        rows = np.arange(10, 150)
        windows = windows_around(sessions[-1].neural, rows, window.left, window.right)
        sizes.append(float(jacobian(one, windows).square().mean()))
    assert sizes[1] < 0.5 * sizes[0]


def test_training_with_it_is_reproducible_and_the_loss_is_infonce_alone():
    first, second = trained(0.5)[0], trained(0.5)[0]
    assert np.array_equal(first.loss, second.loss)
    plain = trained(None)[0]
    assert first.loss[0] == plain.loss[0]  # the penalty of the first step is 0
    assert first.fingerprint != plain.fingerprint
