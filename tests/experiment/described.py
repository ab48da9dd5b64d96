"""A small description of an experiment, to be changed by each test."""

from __future__ import annotations

import copy
from typing import Any

from cebra_kedro.experiment import Experiment

NETWORK = {"architecture": "offset1-model", "hidden_units": 4, "output_dimension": 3}
DELTA = {"law": "time_delta", "time_offset_bins": 10}
TIME = {"law": "time", "time_offset_bins": 5}
POSITION = {"labels": ["position"], "pairs": DELTA}

RATS: dict[str, Any] = {
    "sessions": ["ann", "ben", "cat"],
    "source": "recording",
    "split": {"by": "trial"},
    "training": {"encoder": NETWORK, "steps": 100, "seeds": [0, 1]},
    "encoders": {"position": POSITION, "time": {"pairs": TIME}},
    "baselines": ["raw", "pca"],
    "decode": ["position"],
    "figures": ["loss"],
}
AREAS: dict[str, Any] = {
    "sessions": ["VISp"],
    "populations": ["ca", "neuropixels"],
    "source": "movie_areas",
    "split": {"by": "repeat"},
    "training": {"encoder": NETWORK, "steps": 100},
    "encoders": {
        "ca": POSITION | {"populations": ["ca"]},
        "joint": POSITION | {"populations": ["ca", "neuropixels"]},
    },
    "baselines": {"raw_ca": {"name": "raw", "population": "ca"}},
}


def rats(**blocks: Any) -> Experiment:
    """Three rats, one recording each; what is given replaces blocks."""
    return Experiment.model_validate(copy.deepcopy(RATS | blocks))


def areas(**blocks: Any) -> Experiment:
    """An area with two recordings; what is given replaces blocks."""
    return Experiment.model_validate(copy.deepcopy(AREAS | blocks))


def encoders(**more: Any) -> dict[str, Any]:
    """The encoders of the rats and others."""
    return {**copy.deepcopy(RATS["encoders"]), **more}


def changed(block: Any, path: str, value: Any) -> Any:
    """A copy with the value at a path (``encoders.time.pairs``) replaced, or removed if ``...``."""
    block = copy.deepcopy(block)
    *above, last = path.split(".")
    inner = block
    for name in above:
        inner = inner[name]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return block
