"""Experiments and recordings small enough for tests; every value tells its row and session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from cebra_kedro.cells import Pieces
from cebra_kedro.experiment import Experiment
from cebra_kedro.io import StoreDataset
from cebra_kedro.pipelines.ingestion.nodes import split_recordings
from cebra_kedro.pipelines.training.nodes import embed, join_stores, train_encoder
from cebra_kedro.recording import Label, Recording
from cebra_kedro.store import Store

N_TRIALS, BINS_PER_TRIAL = 16, 12
N_FRAMES, N_REPEATS = 12, 4
CICERO_BEGINS = 1000
"""The number of the first row of rat cicero; that of buddy is 0."""

DELTA = {"law": "time_delta", "time_offset_bins": 2}
TIME = {"law": "time", "time_offset_bins": 2}
POSITION = {"labels": ["position"], "pairs": DELTA}
ONE_BIN = {"architecture": "offset1-model", "hidden_units": 4, "output_dimension": 3}
FOUR_BINS = ONE_BIN | {"architecture": "resample1-model"}
TRAINING = {
    "encoder": ONE_BIN,
    "optimizer": {"learning_rate": 0.001},
    "steps": 2,
    "batch_size": 8,
    "seeds": [0, 10],
    "device": "cpu",
    "processes": 1,
}


def experiment(**blocks: Any) -> Experiment:
    """Two rats; what is given replaces blocks."""
    description = {
        "sessions": ["buddy", "cicero"],
        "source": "recording",
        "split": {"by": "trial"},
        "training": TRAINING,
        "encoders": {"position": POSITION},
        "decode": {"position": {}},
        "decoders": {"neighbours": [1, 3]},
    }
    return Experiment.model_validate(description | blocks)


def movie(**blocks: Any) -> Experiment:
    """An area of the cortex, recorded in two ways during a movie."""
    description = {
        "sessions": ["VISp"],
        "populations": ["ca", "neuropixels"],
        "source": "movie_areas",
        "split": {"by": "repeat", "test_repeat": N_REPEATS, "n_repeats": N_REPEATS},
        "training": TRAINING | {"encoder": None},
        "encoders": {
            "joint": {
                "populations": ["ca", "neuropixels"],
                "encoder": {"ca": ONE_BIN, "neuropixels": FOUR_BINS},
                "labels": ["features"],
                "pairs": DELTA,
                "fit_on": "train_and_valid",
            }
        },
    }
    return Experiment.model_validate(description | blocks)


def rat(name: str, n_neurons: int = 3, begins: int = 0, n_trials: int = N_TRIALS) -> Recording:
    """Neuron 0 holds the row number; so does the position, in mm."""
    row = np.arange(n_trials * BINS_PER_TRIAL)
    increasing = row // (BINS_PER_TRIAL // 2) % 2
    others = [row % (3 + 2 * neuron) for neuron in range(1, n_neurons)]
    return Recording(
        neural=np.stack([row + begins, *others], axis=1).astype(np.uint16),
        labels={
            "position": Label(((row + begins) / 1000).astype(np.float32), "continuous", "m"),
            "direction": Label(1 - increasing, "discrete"),
            "increasing": Label(increasing, "discrete"),
        },
        bin_width_s=0.025,
        name=name,
        trial=row // BINS_PER_TRIAL,
        meta={"simulated": True},
    )


def rats() -> dict[str, Recording]:
    """Rats with different numbers of neurons and trials."""
    return {"buddy": rat("buddy"), "cicero": rat("cicero", 5, CICERO_BEGINS, N_TRIALS + 2)}


def shown(modality: str) -> Recording:
    """Neuron 0 is the frame, neuron 1 the row; the features of a frame are a row of a table."""
    bins = {"ca": 1, "neuropixels": 4}[modality]
    frame = np.tile(np.repeat(np.arange(N_FRAMES), bins), N_REPEATS)
    repeat = np.repeat(np.arange(N_REPEATS), N_FRAMES * bins)
    features = np.random.default_rng(0).normal(size=(N_FRAMES, 6)).astype(np.float32)
    neural = np.column_stack([frame, np.arange(len(frame)), (frame * 7) % 5])
    return Recording(
        neural=neural[:, : 3 if modality == "ca" else 2].astype(np.uint16),
        labels={
            "frame": Label(frame, "discrete", "frame"),
            "repeat": Label(repeat, "discrete"),
            "features": Label(frame, "continuous", table=features),
        },
        bin_width_s=1 / (30 * bins),
        name=f"VISp_{modality}",
        trial=repeat,
    )


def area() -> dict[str, Recording]:
    """Both recordings of an area."""
    return {f"VISp/{modality}": shown(modality) for modality in ("ca", "neuropixels")}


def with_labels(recording: Recording, **labels: Label) -> Recording:
    """The recording with some labels added or replaced."""
    return Recording(
        recording.neural,
        {**recording.labels, **labels},
        recording.bin_width_s,
        recording.name,
        recording.trial,
        recording.meta,
    )


def split(recordings: dict[str, Recording], described: Experiment) -> dict[str, dict]:
    """The splits of all sessions, as ingestion makes them."""
    return split_recordings(recordings, described, None, "rats")


def computed(pieces: Pieces) -> dict[str, Any]:
    """Every value of some pieces, kept nowhere."""
    return {key: cell.compute(Path("nowhere")) for key, cell in pieces.cells.items()}


def saved(data: Any, folder: Path, contents: str, index: str | None = None) -> Store:
    """What an entry of the catalog loads after it has saved this."""
    dataset = StoreDataset(path=folder, contents=contents, index=index)
    dataset.save(data)
    return dataset.load()


def trained(
    recordings: dict[str, Recording], described: Experiment, folder: Path, only: Any = None
) -> tuple[Store, Store]:
    """Models and embeddings of every encoder of an experiment."""
    splits = split(recordings, described)
    models, embeddings = {}, {}
    for encoder in described.encoders:
        names = {"name": "rats", "encoder": encoder}
        pieces = train_encoder(recordings, splits, described, only, **names)
        models[encoder] = saved(pieces, folder / "models" / encoder, "models")
        pieces = embed(models[encoder], recordings, described, only, **names)
        embeddings[encoder] = saved(pieces, folder / "embeddings" / encoder, "arrays")
    return join_stores(**models), join_stores(**embeddings)
