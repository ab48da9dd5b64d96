"""Areas of the visual cortex during a movie: raw parts of an area → one of its recordings.

The parts are the movie's features, and what was published of an area; which neurons are sampled is
decided in ``pseudomouse``, the layout of the arrays in ``allen`` and ``allen_calcium``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from cebra_kedro.recording import Recording, RecordingError
from cebra_kedro.sources import allen
from cebra_kedro.sources.published_pickle import PublishedFile

N_GROUPS = 2
MODALITIES = ("ca", "neuropixels")

Parts = Mapping[str, PublishedFile]


def read_area(
    raw: Parts,
    *,
    session: str,
    population: str,
    n_neurons: int,
    seed: int,
    replace: bool = True,
    n_repeats: int = 10,
) -> Recording:
    """Sampled neurons of an area; of calcium, the cells of all sessions of a container.

    Args:
        raw: ``movie``, and ``ca`` with ``summary``, or ``neuropixels``.
        session: the area.
        population: ``ca`` or ``neuropixels``.
        n_neurons: how many are sampled.
        seed: of the sampling.
        replace: sample with replacement, as published; false needs as many neurons as asked for.
        n_repeats: repeats of the movie that there must be.
    """
    if population not in MODALITIES:
        raise RecordingError(
            f"{session}: population must be {' or '.join(MODALITIES)}, got {population!r}; correct "
            "populations"
        )
    if population == "ca":
        pool = allen.calcium_pseudomouse(raw["ca"].content, raw["summary"].content, session)
    else:
        pool = allen.neuropixels_pseudomouse(raw[population], session)
    chosen = allen.choose_neurons(pool.n_neurons, n_neurons, seed, replace=replace)
    return _recording(raw, pool, chosen, population, n_repeats, {"neuron_seed": seed})


def read_group(
    raw: Parts, *, session: str, population: str, n_neurons: int, seed: int, n_repeats: int = 10
) -> Recording:
    """One of two groups of an area's neurons that have no neuron in common.

    Of calcium, each cell of the first session of a container once, as published.

    Args:
        raw: ``movie``, and ``ca`` or ``neuropixels``.
        session: the area.
        population: ``group0_ca``, ``group1_neuropixels`` …
        n_neurons: how many are in a group.
        seed: of the grouping.
        n_repeats: repeats of the movie that there must be.
    """
    found = re.fullmatch(rf"group(\d+)_({'|'.join(MODALITIES)})", population)
    if found is None or int(found[1]) >= N_GROUPS:
        there = [f"group{number}_{name}" for number in range(N_GROUPS) for name in MODALITIES]
        raise RecordingError(
            f"{session}: population must be one of {', '.join(there)}, got {population!r}; correct "
            "populations"
        )
    group, modality = int(found[1]), found[2]
    if modality == "ca":
        pool = allen.united_pseudomouse(raw["ca"].content, session)
    else:
        pool = allen.neuropixels_pseudomouse(raw[modality], session)
    chosen = allen.choose_neurons(
        pool.n_neurons, n_neurons, seed, replace=False, group=group, n_groups=N_GROUPS
    )
    facts = {"neuron_seed": seed, "group": group}
    return _recording(raw, pool, chosen, modality, n_repeats, facts)


def _recording(
    raw: Parts,
    pool: allen.Pseudomouse,
    chosen: np.ndarray,
    modality: str,
    n_repeats: int,
    facts: dict[str, Any],
) -> Recording:
    features, scene = _movie(raw["movie"])
    file = raw[modality]
    return allen.to_recording(
        pool.select(chosen),
        pool.frames,
        area=pool.area,
        modality=modality,  # type: ignore[arg-type]
        bin_width_s=allen.BIN_WIDTH_S[modality],
        n_repeats=n_repeats,
        simulated=file.checksum_status == "simulated",
        source=file.source,
        checksum=file.checksum,
        checksum_status=file.checksum_status,
        scene_of_frame=scene,
        features=features,
        facts={"neurons_available": pool.n_neurons} | facts,
    )


def _movie(raw: PublishedFile) -> tuple[np.ndarray, np.ndarray | None]:
    """Features of each frame, and its scene where the source knows it."""
    content = raw.content
    if not isinstance(content, dict):  # the published file holds the features and nothing else
        return allen.movie_features(raw), None
    features = PublishedFile(content["features"], raw.checksum, raw.checksum_status, raw.source)
    return allen.movie_features(features), content["scene_of_frame"]
