"""Movie: published or simulated arrays → features, recordings of sampled neurons, splits."""

from __future__ import annotations

from typing import Any

import numpy as np

from cebra_kedro.parameters import MovieIngestionParameters
from cebra_kedro.recording import Recording
from cebra_kedro.sources import allen
from cebra_kedro.sources.published_pickle import PublishedFile
from cebra_kedro.splits import repeat_split

N_GROUPS = 2


def read_movie(raw: PublishedFile) -> dict[str, np.ndarray]:
    """Features of each frame, and the scene of each where the source knows it."""
    content = raw.content
    if not isinstance(content, dict):  # the published file holds the features and nothing else
        return {"features": allen.movie_features(raw)}
    features = PublishedFile(content["features"], raw.checksum, raw.checksum_status, raw.source)
    return {"features": allen.movie_features(features), "scene": content["scene_of_frame"]}


def read_calcium(
    raw: PublishedFile, summary: PublishedFile, parameters: MovieIngestionParameters, area: str
) -> Recording:
    """Sampled cells of the three sessions of each container, as published."""
    pool = allen.calcium_pseudomouse(raw.content, summary.content, area)
    return _sampled(pool, raw, parameters, "ca")


def read_neuropixels(
    raw: PublishedFile, parameters: MovieIngestionParameters, area: str
) -> Recording:
    """Sampled units of an area."""
    pool = allen.neuropixels_pseudomouse(raw, area)
    return _sampled(pool, raw, parameters, "neuropixels")


def read_calcium_groups(
    raw: PublishedFile, parameters: MovieIngestionParameters, area: str
) -> tuple[Recording, ...]:
    """Two disjoint groups of cells, each cell of the first session once, as published."""
    pool = allen.united_pseudomouse(raw.content, area)
    return tuple(_sampled(pool, raw, parameters, "ca", group) for group in range(N_GROUPS))


def read_neuropixels_groups(
    raw: PublishedFile, parameters: MovieIngestionParameters, area: str
) -> tuple[Recording, ...]:
    """Two disjoint groups of units."""
    pool = allen.neuropixels_pseudomouse(raw, area)
    return tuple(_sampled(pool, raw, parameters, "neuropixels", group) for group in range(N_GROUPS))


def split_repeats(
    recording: Recording, parameters: MovieIngestionParameters
) -> dict[str, np.ndarray]:
    """The split by repeat: ``part`` (1, time) with 0 train, 1 valid, 2 test."""
    part = repeat_split(
        recording.labels["repeat"].values,
        test_repeat=parameters.test_repeat - 1,
        n_repeats=parameters.n_repeats,
    )
    return {"part": part[None]}


def _sampled(
    pool: allen.Pseudomouse,
    raw: PublishedFile,
    parameters: MovieIngestionParameters,
    modality: allen.Modality,
    group: int | None = None,
) -> Recording:
    chosen = allen.choose_neurons(
        pool.n_neurons,
        parameters.n_neurons,
        parameters.seed,
        replace=parameters.replace and group is None,
        group=group,
        n_groups=N_GROUPS,
    )
    facts: dict[str, Any] = {"neurons_available": pool.n_neurons, "neuron_seed": parameters.seed}
    return allen.to_recording(
        pool.select(chosen),
        pool.frames,
        area=pool.area,
        modality=modality,
        bin_width_s=allen.BIN_WIDTH_S[modality],
        n_repeats=parameters.n_repeats,
        simulated=raw.checksum_status == "simulated",
        source=raw.source,
        checksum=raw.checksum,
        checksum_status=raw.checksum_status,
        facts=facts | ({} if group is None else {"group": group}),
    )
