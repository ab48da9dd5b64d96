"""Every encoder that cebra registers trains, transforms, and is decoded, whatever its window."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_training import tiny_config

from cebra_kedro.decoding import Samples, protocol
from cebra_kedro.simulate.demo import simulate_circular
from cebra_kedro.sources.synthetic import to_recording
from cebra_kedro.splits import contiguous_blocks, rows
from cebra_kedro.training.data import TrainingData
from cebra_kedro.training.encoder import known_architectures
from cebra_kedro.training.loop import train


@pytest.fixture(scope="module")
def recording():
    return to_recording(simulate_circular(seed=0, n_time=240, n_neurons=6), subject="ring")


def _slow_if_variant(architecture: str):
    """The hundred variants of one network take long together."""
    variant = any(mark in architecture for mark in ("-clip-", "-resnet-", "-mse-v2-"))
    return pytest.param(architecture, marks=[pytest.mark.slow] * variant)


@pytest.mark.parametrize("architecture", map(_slow_if_variant, known_architectures()))
def test_it_trains_transforms_and_is_decoded(recording, architecture):
    part = contiguous_blocks(recording.n_time)
    train_rows = rows(part, "train")
    config = tiny_config(
        encoder={"architecture": architecture},
        loss={"distance": "euclidean" if "-mse" in architecture else "cosine"},
        pairs={"law": "delta_normal", "delta": 0.1},
        steps=2,
    )
    data = TrainingData(
        recording.neural[train_rows],
        np.zeros(len(train_rows), np.int64),
        recording.labels["latent"].values[train_rows],
    )
    embedding = train(data, config, name=None).transform(recording.neural)
    assert embedding.shape == (recording.n_time, 3)
    samples = Samples(embedding, recording, part)
    (decoded,) = protocol("labels")(samples, labels=("angle",), decoders=("ridge",))
    assert decoded.predicted["angle"].shape == (len(rows(part, "test")),)
    (reconstructed,) = protocol("latent")(samples, labels=("latent",))
    scores = decoded.scores | reconstructed.scores
    assert {"angle_error_mean", "reconstruction_r2"} <= set(scores)
    assert np.isfinite(list(scores.values())).all()
    assert embedding.std(axis=0).min() > 0  # no dimension has collapsed
