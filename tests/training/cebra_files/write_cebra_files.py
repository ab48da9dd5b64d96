"""What the installed version of cebra saves: run with each, the files beside this one are its.

Those here were written with Python 3.10, torch 1.12.1 and numpy 1.23.5 (of cebra 0.5.0: 1.26.4).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cebra
import numpy as np
import torch

SETTINGS = {
    "batch_size": 16,
    "max_iterations": 3,
    "num_hidden_units": 4,
    "output_dimension": 3,
    "time_offsets": 2,
    "device": "cpu",
}
RNG = np.random.default_rng(0)
NEURAL = [RNG.normal(size=(60, n)).astype("float32") for n in (5, 4)]
POSITION, CLASSES = RNG.normal(size=(60, 2)).astype("float32"), RNG.integers(0, 3, 60)
TEN = {"model_architecture": "offset10-model"}
# name → arguments and labels
CASES: dict[str, tuple[dict[str, Any], tuple[np.ndarray, ...]]] = {
    "one_bin": ({"model_architecture": "offset1-model"}, (POSITION,)),
    "ten_bins": ({**TEN, "conditional": "time_delta"}, (POSITION,)),
    "time": ({"model_architecture": "offset5-model", "temperature_mode": "auto"}, ()),
    "classes": (TEN, (CLASSES,)),
    "hybrid": ({**TEN, "hybrid": True}, (POSITION,)),
}


def write(folder: Path) -> None:
    """``<version>_<case>_<backend>.pt``, and the embedding of each beside it as ``.npy``."""
    for number, one in enumerate(NEURAL):
        np.save(folder / f"neural_{number}.npy", one)
    for name, (arguments, labels) in CASES.items():
        torch.manual_seed(0)
        model = cebra.CEBRA(**SETTINGS, **arguments).fit(NEURAL[0], *labels)
        save(model, folder, name, [model.transform(NEURAL[0])])
    model = cebra.CEBRA(**SETTINGS, **TEN).fit(NEURAL, [POSITION, POSITION])
    both = [model.transform(one, session_id=number) for number, one in enumerate(NEURAL)]
    save(model, folder, "two_sessions", both)


def save(model: Any, folder: Path, name: str, embeddings: list[np.ndarray]) -> None:
    """By both backends, of which version 0.2 has one."""
    for backend in ("torch",) if cebra.__version__ < "0.3" else ("torch", "sklearn"):
        file = folder / f"{cebra.__version__}_{name}_{backend}.pt"
        model.save(file, backend=backend)
        np.save(file.with_suffix(".npy"), np.stack(embeddings))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
