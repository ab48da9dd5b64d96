"""Whether what a run reads was made from the blocks of the description that the run names.

With what an encoder was trained it says itself, see ``kept``. Of all else, the manifest says it of
the run that made it; what no manifest tells of is let pass.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from kedro.io import CatalogProtocol

from cebra_kedro.experiment import Experiment
from cebra_kedro.io import StoreDataset
from cebra_kedro.run.kept import flat
from cebra_kedro.run.provenance import Provenance

_BLOCKS = {
    "recordings": ("source", "populations"),
    "splits": ("split",),
    "predictions": ("decode", "decoders"),
}
_MADE_OF_ALL = ("models", "embeddings", "predictions")
_NOT_OF_NUMBERS = {"sessions", "joint", "from_file"}
"""What a part of a description, as of ``kedro run`` alone, may have otherwise."""
_MOST_SHOWN = 3


def check_blocks(
    catalog: CatalogProtocol,
    reporting: Path,
    descriptions: Mapping[str, Experiment],
    sessions: Mapping[str, Sequence[str]],
    read: set[str],
) -> None:
    """Raise unless entries that a run reads were made from the description as it is.

    Args:
        catalog: entries of the run.
        reporting: the reporting folder.
        descriptions: experiment → its description.
        sessions: experiment → the sessions that the run works on.
        read: entries that the run finds written.

    Raises:
        ValueError: names the entry, what it was made with, what is asked for, and what to do.
    """
    made = _Made(reporting)
    for name, chosen in sessions.items():
        now = descriptions[name].model_dump(mode="json")
        for entry, blocks in _entries(name, descriptions[name], read):
            dataset: Any = catalog.get(entry)
            if not isinstance(dataset, StoreDataset) or not dataset.exists():
                continue
            for session in (*chosen, "all"):
                before = made.parameters(dataset.index, session).get(name, {})
                found = [text for one in blocks for text in _differences(one, before, now)]
                if found:
                    raise ValueError(
                        f"this run reads {entry} and does not make it, but that of {session} was "
                        f"made with {'; '.join(found[:_MOST_SHOWN])}; let it be made too "
                        f"(--pipelines {name}), or leave the parameter as it was"
                    )


def _entries(
    name: str, experiment: Experiment, read: set[str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The entries that are read, with the blocks of the description that they depend on."""
    for entry, blocks in _BLOCKS.items():
        if f"{name}.{entry}" in read:
            yield f"{name}.{entry}", blocks
    of_all = any(f"{name}.{entry}" in read for entry in _MADE_OF_ALL)
    variants = {**dict.fromkeys(experiment.encoders, "encoders")}
    variants |= dict.fromkeys(experiment.stored_baselines, "baselines")
    for variant, block in variants.items():
        entry = f"{name}.{variant}.embeddings"
        if of_all or {entry, f"{name}.{variant}.models"} & read:
            yield entry, (f"{block}.{variant}",)


class _Made:
    """What the manifests say of the runs that results are of."""

    def __init__(self, reporting: Path) -> None:
        self._reporting = reporting
        self._known = Provenance(reporting, {"run_id": "", "manifest": ""})
        self._read = cache(_parameters)

    def parameters(self, index: Path, session: str) -> dict[str, Any]:
        """Of the run that made a session of a store; empty where that is not known."""
        place = self._known.place(index.resolve(), session)
        manifest = self._known.run_of(place)["manifest"]
        return self._read(self._reporting / manifest) if manifest else {}


def _parameters(manifest: Path) -> dict[str, Any]:
    try:
        found = json.loads(manifest.read_text(encoding="utf-8"))["parameters"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def _differences(block: str, before: Any, now: Any) -> Iterator[str]:
    for part in block.split("."):
        before, now = ((one or {}).get(part) for one in (before, now))
    if before is None or now is None:
        return
    old, new = (dict(flat(one, block, _NOT_OF_NUMBERS)) for one in (before, now))
    free = block == "source" or block.startswith("baselines.")  # has the options that are given
    for key in dict.fromkeys([*old, *new]):
        if (free or (key in old and key in new)) and old.get(key) != new.get(key):
            yield f"{key} {old.get(key)}, while the run says {new.get(key)}"
