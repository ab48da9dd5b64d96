"""cebra's networks give cebra's numbers, on windows and on whole series."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny_training import tiny_config, tiny_data

from cebra_kedro.training import EncoderConfig
from cebra_kedro.training.encoder import (
    build_network,
    embed_series,
    embed_windows,
    known_architectures,
    window_of,
)
from cebra_kedro.training.loop import train

# Every registered architecture; of the parametrised variants, one of each kind.
ARCHITECTURES = [
    "offset1-model",
    "offset1-model-mse",
    "offset1-model-mse-clip-10-5",
    "offset1-model-mse-resnet-3layers",
    "offset1-model-mse-resnet-2layers-tanh",
    "offset1-model-mse-tanh",
    "offset1-model-mse-v2-3layers",
    "offset1-model-mse-v2-2layers-tanh",
    "offset1-model-v2",
    "offset1-model-v3",
    "offset1-model-v4",
    "offset1-model-v5",
    "offset10-model",
    "offset10-model-mse",
    "offset10-model-mse-tanh",
    "offset15-model",
    "offset20-model",
    "offset20-model-4x-subsample",
    "offset36-model",
    "offset36-model-dropout",
    "offset36-model-more-dropout",
    "offset4-model-2x-subsample",
    "offset40-model",
    "offset40-model-4x-subsample",
    "offset5-model",
    "offset50-model",
    "resample-model",
    "resample1-model",
    "resample5-model",
]
# float32 sums in another order: about 1e-6 for embeddings of size 1
ATOL = 1e-5


def untouched(network: torch.nn.Module, config: EncoderConfig, n_neurons: int) -> torch.nn.Module:
    """cebra's own network with the same weights."""
    import cebra.models

    original = cebra.models.init(
        config.architecture, n_neurons, config.hidden_units, config.output_dimension
    )
    original.load_state_dict(network.state_dict())
    return original


def windows_of(network: torch.nn.Module, n_rows: int, n_neurons: int) -> torch.Tensor:
    """Random windows (row, time, neuron)."""
    generator = torch.Generator().manual_seed(1)
    return torch.randn(n_rows, window_of(network).length, n_neurons, generator=generator)


def test_the_list_above_is_complete():
    variants = ("-clip-", "-resnet-", "-mse-v2-")
    plain = [name for name in known_architectures() if not any(v in name for v in variants)]
    listed = [name for name in ARCHITECTURES if not any(v in name for v in variants)]
    assert sorted(listed) == plain
    assert set(ARCHITECTURES) <= set(known_architectures())


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_windows_embed_as_in_cebra(architecture):
    config = EncoderConfig(architecture=architecture, hidden_units=8, output_dimension=4)
    network = build_network(config, n_neurons=6, seed=0).eval()
    original = untouched(network, config, 6).eval()
    windows = windows_of(network, 9, 6)
    with torch.no_grad():
        ours, expected = embed_windows(network, windows), original(windows.transpose(1, 2))
    assert ours.shape == (9, 4)
    torch.testing.assert_close(ours, expected.reshape(9, 4), atol=ATOL, rtol=0)


@pytest.mark.parametrize("architecture", ["offset5-model", "offset10-model-mse", "offset36-model"])
@pytest.mark.parametrize("n_neurons", [1, 6])
def test_a_series_embeds_as_its_windows_and_as_in_cebra(architecture, n_neurons):
    config = EncoderConfig(architecture=architecture, hidden_units=8, output_dimension=4)
    network = build_network(config, n_neurons, seed=0).eval()
    series = windows_of(network, 60, n_neurons)[:, 0]
    length = window_of(network).length
    with torch.no_grad():
        whole = embed_series(network, series)
        windows = embed_windows(network, series.unfold(0, length, 1).transpose(1, 2))
        original = untouched(network, config, n_neurons).eval()(series.T[None])[0].T
    assert whole.shape == (60 - length + 1, 4)
    torch.testing.assert_close(whole, windows, atol=ATOL, rtol=0)
    torch.testing.assert_close(whole, original, atol=ATOL, rtol=0)


@pytest.mark.parametrize("architecture", ["resample-model", "resample5-model"])
@pytest.mark.parametrize("n_outputs", [1, 2, 23])
def test_a_resampled_series_has_one_output_for_each_window(architecture, n_outputs):
    config = EncoderConfig(architecture=architecture, hidden_units=8, output_dimension=4)
    network = build_network(config, n_neurons=6, seed=0).eval()
    length = window_of(network).length
    series = windows_of(network, length + n_outputs - 1, 6)[:, 0]
    with torch.no_grad():
        whole = embed_series(network, series)
        windows = embed_windows(network, series.unfold(0, length, 1).transpose(1, 2))
        original = untouched(network, config, 6).eval()(series.T[None])
    torch.testing.assert_close(whole, windows, atol=ATOL, rtol=0)
    # cebra gives every fourth
    torch.testing.assert_close(whole[::4].T, original.reshape(4, -1), atol=ATOL, rtol=0)


@pytest.mark.parametrize("architecture", ["offset10-model", "offset36-model-dropout"])
def test_gradients_equal_cebras(architecture):
    config = EncoderConfig(architecture=architecture, hidden_units=8, output_dimension=4)
    network = build_network(config, n_neurons=6, seed=0).eval()
    original = untouched(network, config, 6).eval()
    windows = windows_of(network, 9, 6)
    target = torch.arange(36.0).reshape(9, 4)
    (embed_windows(network, windows) * target).sum().backward()
    (original(windows.transpose(1, 2)) * target).sum().backward()
    for ours, theirs in zip(network.parameters(), original.parameters(), strict=True):
        # relative to the largest component: float32 rounding
        torch.testing.assert_close(
            ours.grad, theirs.grad, atol=1e-5 * float(theirs.grad.abs().max()), rtol=0
        )


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_trains_and_transforms(architecture):
    distance = "euclidean" if "-mse" in architecture else "cosine"
    config = tiny_config(
        encoder={"architecture": architecture}, loss={"distance": distance}, steps=3
    )
    data = tiny_data(n_trials=1)
    model = train(data, config, name=None)
    untrained = build_network(config.encoder, 6, config.seed).state_dict()
    assert any(not torch.equal(model.state[f"0.{key}"], untrained[key]) for key in untrained)
    assert np.isfinite(model.loss).all()
    embedding = model.transform(data.neural)
    assert embedding.shape == (150, 3)
    assert np.isfinite(embedding).all()
    if distance == "cosine":  # normalised in float32
        np.testing.assert_allclose(np.linalg.norm(embedding, axis=1), 1.0, atol=1e-5)


def test_an_unknown_architecture_lists_similar_names():
    with pytest.raises(ValueError, match=r"got 'offset10-modle'; did you mean .*offset10-model"):
        build_network(EncoderConfig(architecture="offset10-modle"), 6, seed=0)
    with pytest.raises(ValueError, match=r"got 'xyz'; Known are offset1-model, .*offset50-model"):
        build_network(EncoderConfig(architecture="xyz"), 6, seed=0)


def test_a_classifier_is_no_encoder():
    with pytest.raises(ValueError, match="got 'supervised10-model'"):
        build_network(EncoderConfig(architecture="supervised10-model"), 6, seed=0)


def test_weights_depend_on_the_seed_alone():
    config = EncoderConfig(hidden_units=4)
    torch.manual_seed(5)
    state = torch.get_rng_state()
    one = build_network(config, 6, seed=1).state_dict()
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(6)
    same, other = (build_network(config, 6, seed=seed).state_dict() for seed in (1, 2))
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert not any(torch.equal(one[key], other[key]) for key in one)
