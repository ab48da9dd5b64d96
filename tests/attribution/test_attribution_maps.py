"""Attribution maps are cebra's on the same weights, and find the neurons that carry a latent."""

from __future__ import annotations

import sys
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from cebra_kedro.attribution.maps import attribution_maps
from cebra_kedro.attribution.ranking import METHODS
from cebra_kedro.training import EncoderConfig
from cebra_kedro.training.config import (
    LossConfig,
    OptimizerConfig,
    PairsConfig,
    TrainingConfig,
)
from cebra_kedro.training.data import TrainingData
from cebra_kedro.training.loop import train
from cebra_kedro.training.model import EncoderModel


@pytest.fixture
def cebras(monkeypatch) -> Any:
    """cebra.attribution without two packages that it loads, but does not need for the Jacobian."""
    captum = ModuleType("captum.attr")
    for name in ("FeatureAblation", "Gradient", "GradientShap", "IntegratedGradients"):
        setattr(captum, f"Neuron{name}", None)
    for name, module in {"cvxpy": ModuleType("cvxpy"), "captum.attr": captum}.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setitem(sys.modules, "captum", ModuleType("captum"))
    import cebra.attribution.attribution_models

    return cebra.attribution.attribution_models


N_BINS, N_NEURONS = 400, 8
THEIRS = {
    "jacobian": "jf",
    "jacobian_abs": "jf-convabs",
    "inverse": "jf-inv-svd",
    "inverse_abs": "jf-convabs-inv-svd",
}


def trained(architecture: str, steps: int = 20) -> tuple[EncoderModel, TrainingData]:
    """An encoder guided by a latent that the first four neurons carry."""
    rng = np.random.default_rng(0)
    latent = np.sin(np.arange(N_BINS) / 15)[:, None]
    neural = rng.normal(size=(N_BINS, N_NEURONS)).astype(np.float32)
    neural[:, :4] += 3 * latent * [1, -1, 1, -1]
    data = TrainingData(neural, np.repeat([0, 1], N_BINS // 2), latent)
    config = TrainingConfig(
        encoder=EncoderConfig(architecture=architecture, hidden_units=8, output_dimension=3),
        pairs=PairsConfig(law="time_delta", time_offset_bins=5),
        loss=LossConfig(distance="euclidean" if "mse" in architecture else "cosine"),
        optimizer=OptimizerConfig(learning_rate=3e-3),
        steps=steps,
        batch_size=128,
        threads=1,
        device="cpu",
    )
    return train(data, config, name=None), data


def cebra_network(model: EncoderModel) -> torch.nn.Module:
    import cebra.models

    encoder = model.config.encoder
    network = cebra.models.init(encoder.architecture, N_NEURONS, 8, 3)
    network.load_state_dict(model.network().state_dict())
    return network.eval()


@pytest.mark.parametrize("architecture", ["offset10-model", "offset10-model-mse", "offset5-model"])
def test_all_maps_are_cebras(architecture, cebras, monkeypatch):
    model, data = trained(architecture)
    inputs = torch.from_numpy(data.neural).requires_grad_()
    # of single precision, cebra's default, the inverses agree in three digits only
    exact = partial(cebras.cebra.attribution._jacobian.compute_jacobian, double_precision=True)
    monkeypatch.setattr(
        cebras.JFMethodBased, "_compute_jacobian", lambda one, data: exact(one.model, [data])
    )
    method = cebras.JFMethodBased(cebra_network(model), inputs, output_dimension=3)
    theirs = method.compute_attribution_map()
    whole = len(theirs["jf"])
    rows = np.arange(N_BINS)
    found = attribution_maps(model, data.neural, np.zeros(N_BINS, np.int64), rows)
    assert abs(len(found["row"]) - whole) <= 1  # cebra leaves the last one out
    left = model.network().get_offset().left
    rows = np.arange(left, left + whole)
    found = attribution_maps(model, data.neural, np.zeros(N_BINS, np.int64), rows)
    for name in METHODS:
        if name == "inverse" and "mse" not in architecture:
            continue  # see the next test
        expected = np.abs(theirs[THEIRS[name]]).mean(axis=0)
        np.testing.assert_allclose(found[name], expected, rtol=1e-4)


def test_what_a_normalised_embedding_lacks_is_not_inverted(cebras):
    """It does not move along itself; in cebra, the inverse of what rounding leaves is 1e14."""
    model, data = trained("offset10-model")
    found = attribution_maps(model, data.neural, data.segment, np.arange(20, 120))
    windows = [torch.from_numpy(data.neural[row - 5 : row + 5].T) for row in found["row"]]
    compute = cebras.cebra.attribution._jacobian.compute_jacobian
    inputs = [torch.stack(windows).requires_grad_()]
    exact = compute(cebra_network(model), inputs, double_precision=True).mean(axis=-1)
    sizes = np.linalg.svd(exact, compute_uv=False)
    assert (sizes[:, -1] < 1e-10 * sizes[:, 0]).all()
    expected = np.abs(np.linalg.pinv(exact, rcond=1e-10)).mean(axis=0).T
    np.testing.assert_allclose(found["inverse"], expected, rtol=1e-4)


def test_gradients_in_time_are_those_of_each_bin(cebras):
    model, data = trained("offset5-model")
    found = attribution_maps(
        model, data.neural, np.zeros(N_BINS, np.int64), np.arange(50, 90, dtype=np.int64)
    )
    assert found["in_time"].shape == (N_NEURONS, 5)
    network = cebra_network(model)
    windows = [torch.from_numpy(data.neural[row - 2 : row + 3].T) for row in found["row"]]
    full = cebras.cebra.attribution._jacobian.compute_jacobian(
        network, [torch.stack(windows).requires_grad_()], cuda_device="cpu"
    )
    np.testing.assert_allclose(found["in_time"], np.abs(full).mean(axis=(0, 1)), rtol=1e-4)


def test_blocks_change_nothing(monkeypatch):
    model, data = trained("offset5-model")
    rows = np.arange(N_BINS)
    whole = attribution_maps(model, data.neural, data.segment, rows)
    monkeypatch.setattr("cebra_kedro.attribution.maps._BLOCK_BYTES", 100_000)
    parts = attribution_maps(model, data.neural, data.segment, rows)
    for name in METHODS:
        np.testing.assert_allclose(parts[name], whole[name], rtol=1e-5)


def test_windows_stay_inside_trials():
    model, data = trained("offset10-model")
    found = attribution_maps(model, data.neural, data.segment, np.arange(N_BINS))
    border, near = N_BINS // 2, set(found["row"].tolist())
    assert not near & {*range(5), *range(border - 4, border + 5), *range(N_BINS - 4, N_BINS)}
    assert {5, border - 5, border + 5, N_BINS - 5} <= near


def test_trials_shorter_than_a_window_are_refused():
    model, data = trained("offset10-model")
    with pytest.raises(ValueError, match="none of 400 rows has a whole window of 10 bins"):
        attribution_maps(model, data.neural, np.arange(N_BINS) // 5, np.arange(N_BINS))


def test_neurons_that_carry_the_latent_have_the_largest_gradients():
    model, data = trained("offset5-model", steps=300)
    found = attribution_maps(model, data.neural, data.segment, np.arange(N_BINS))
    share = found["jacobian_abs"].mean(axis=0)
    assert share[:4].min() > share[4:].max()
