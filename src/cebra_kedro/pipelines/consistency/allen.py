"""Movie: embeddings of disjoint groups of neurons → consistency within and between areas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from cebra_kedro.consistency import consistency_between_runs
from cebra_kedro.decoding.presentations import average_over_frames
from cebra_kedro.pipelines import fold_and_seed
from cebra_kedro.pipelines.consistency.nodes import consistency_table
from cebra_kedro.splits import rows


def between_areas(experiment: str, **embeddings: Any) -> pd.DataFrame:
    """R² both ways between every two embeddings, frame by frame of the training repeats.

    ``embeddings`` are named ``<area>_<group>_<modality>``; the first seed is compared. Rows are
    the presentations of each frame, Neuropixels averaged over their bins; the n-th repeat of one
    mouse stands beside the n-th of the other, the only thing they share being the movie.

    ``between`` says what sets the two apart: ``modalities`` (one area, one group), ``groups``
    (one area, one modality, disjoint neurons), ``areas`` (one modality, disjoint groups) or
    ``areas and modalities``. Pairs that differ in nothing of interest are left out.
    """
    runs = {}
    for name, partitions in embeddings.items():
        area, group, modality = name.split("_")
        runs[f"{area}/{group}/{modality}"] = _presentations(partitions)
    lengths = {name: len(values) for name, values in runs.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(
            "all areas and modalities must show the same frames in the training repeats, got "
            + ", ".join(f"{name}: {n} presentations" for name, n in lengths.items())
        )
    table = consistency_between_runs(runs)
    kinds = [_kind(*pair) for pair in zip(table["source"], table["target"], strict=True)]
    tables = []
    for kind in dict.fromkeys(filter(None, kinds)):
        of_kind = table[[k == kind for k in kinds]]
        tables.append(consistency_table([of_kind], experiment, kind))
    return pd.concat(tables, ignore_index=True)


def _presentations(partitions: dict[str, Callable[[], dict[str, np.ndarray]]]) -> np.ndarray:
    entry = partitions[min(partitions, key=fold_and_seed)]()
    chosen = rows(entry["part"], "train", "valid")
    shown = average_over_frames(
        entry["embedding"][chosen], entry["frame"][chosen], entry["repeat"][chosen]
    )
    return shown.values


def _kind(source: str, target: str) -> str | None:
    """What sets two embeddings apart; None for pairs that are not compared."""
    (area, group, modality), (other_area, other_group, other_modality) = (
        source.split("/"),
        target.split("/"),
    )
    if area == other_area:
        if group == other_group:
            return "modalities"
        return "groups" if modality == other_modality else None
    if group == other_group:
        return None
    return "areas" if modality == other_modality else "areas and modalities"
