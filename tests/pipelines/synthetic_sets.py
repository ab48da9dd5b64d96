"""Small sets with each kind of label, and how they are trained and decoded."""

from __future__ import annotations

from cebra_kedro.parameters import SyntheticParameters
from cebra_kedro.pipelines.decoding.synthetic import decode_set
from cebra_kedro.pipelines.ingestion.synthetic import read_set, split_set
from cebra_kedro.pipelines.training.synthetic import train_synthetic_encoders
from cebra_kedro.simulate import demo
from cebra_kedro.simulate.synthetic import simulate_continuous_label
from cebra_kedro.training.store import ModelStore
from kedro_project import base_parameters

N = 150
SMALL = {"seed": 0, "n_time": N, "n_neurons": 6}
SETS = {
    "published": simulate_continuous_label(seed=0, noise="t", n_samples=N, n_neurons=8),
    "one_label": demo.simulate_continuous(**SMALL, n_label_dims=1),
    "many_labels": demo.simulate_continuous(**SMALL, n_label_dims=12),
    "circular": demo.simulate_circular(**SMALL),
    "discrete": demo.simulate_discrete(**SMALL, n_classes=3),
    "mixed": demo.simulate_mixed(**SMALL),
    "sessions": demo.simulate_multisession(**SMALL | {"n_neurons": [5, 7]}),
}
METRICS = {
    "published": {"label_r2"},
    "one_label": {"label_r2"},
    "many_labels": {"label_r2"},
    "circular": {"label_r2", "angular_error_mean"},
    "discrete": {"accuracy", "balanced_accuracy"},
    "mixed": {"label_r2", "accuracy", "balanced_accuracy"},
    "sessions": {"label_r2"},
}


def parameters(**blocks) -> SyntheticParameters:
    everything = base_parameters()["synthetic"]
    everything["training"] |= {"steps": 3, "batch_size": 32, "device": "cpu", "processes": 1}
    everything["sweep"] = {}
    for name, changes in blocks.items():
        everything[name] = everything[name] | changes
    return SyntheticParameters.model_validate(everything)


def trained(content, tmp_path, variant="default", **blocks):
    """Recording, splits and encoders of a set."""
    settings = parameters(**blocks)
    recording = read_set(content, settings.ingestion, "poisson")
    splits = split_set(recording, settings.ingestion)
    models = train_synthetic_encoders(
        recording,
        splits,
        ModelStore(tmp_path),
        settings.training,
        settings.variants[variant],
        settings.guidance,
        folder=f"poisson/{variant}",
    )
    return recording, splits, models


def decoded(embeddings, settings):
    partitions = {key: (lambda entry=entry: entry) for key, entry in embeddings.items()}
    return decode_set(partitions, settings.decoding, "synthetic", "poisson", "default")
