"""Seeded recordings of visual cortex during natural movie one, as the Allen files used by CEBRA.

This file lays simulated neurons out as the published files do; the movie is ``simulate.movie``'s,
what neurons do ``simulate.cortex``'s, and the way to a ``Recording`` ``sources.allen``'s. All
generators called with the same seed belong together: the same movie, the same areas, and the same
containers and cells in the calcium traces and in their summary.

The strength of tuning was set by hand on raw baselines alone, never on what an encoder reaches:
800 different VISp units, one frame, fitted on repeats 1-9 and correct if within 30 frames in
repeat 10. Over the seeds 0-7, nearest neighbours reach 52-63 % (mean 55.9; published 55.6) and
naive Bayes 63-74 % (mean 67.8; published 67.7). 800 units drawn with replacement hold less: of
1000, about 15 points less. Other areas follow the published order; calcium is below Neuropixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cebra_kedro.simulate.cortex import AREAS, Neurons, check_area, draw_neurons, rates_by_repeat
from cebra_kedro.simulate.movie import FRAME_RATE_HZ, N_FRAMES, generator

N_REPEATS = 10
BINS_PER_FRAME = 4
SESSION_TYPES = ("three_session_A", "three_session_B", "three_session_C")
"""Names of a container's sessions; their alphabetical order is that of the traces."""

_UNIT_RATE_HZ = 4.0
_CELL_RATE_HZ = 4.0
_CRE_LINES = ("Cux2-CreERT2", "Emx1-IRES-Cre", "Rbp4-Cre_KL100", "Slc17a7-IRES2-Cre")
# Cells that were not found in all three sessions, per cell that was.
_UNMATCHED = 0.4
# From day to day, excitability moves as in so many repeats.
_REPEATS_PER_DAY = 9
_EVENT_PER_SPIKE = 0.05
_EVENT_SHAPE = 4.0
_SMALLEST_EVENT = 0.025
_MAX_CELLS = 20_000


def simulate_neuropixels(
    area: str, seed: int, *, n_units: int = 800, n_sessions: int = 20
) -> dict[str, np.ndarray]:
    """Simulate the Neuropixels pseudomouse of one area: ten repeats of the movie at 120 Hz.

    A pure function of its arguments: the same seed gives the same bits.

    Args:
        area: acronym, one of ``simulate.cortex.AREAS``.
        seed: non-negative integer of the movie and of everything else.
        n_units: units of all sessions together, at least 1. They stand in the order of the
            sessions.
        n_sessions: recordings that they come from, at least 1; the units of one recording share
            their arousal.

    Returns:
        ``neural``: uint8 array (36000, unit) of spike counts per bin of 1/120 s (float64 in the
        published file); ``frames``: int64 array (36000,), the frame shown in each bin, four bins
        each, repeat after repeat.

    Raises:
        ValueError: an argument is out of its range.

    Source:
        ``neuropixel_pseudomouse_120_filtered.jl`` and its recipe,
        ``cebra/datasets/allen/make_neuropixel.py``.
    """
    check_area(area)
    _check_at_least_one(n_units=n_units, n_sessions=n_sessions)
    units = draw_neurons(area, seed, "neuropixels", n_units, mean_rate_hz=_UNIT_RATE_HZ)
    n_bins = N_FRAMES * BINS_PER_FRAME
    bin_width_s = 1 / (FRAME_RATE_HZ * BINS_PER_FRAME)
    neural = np.empty((N_REPEATS * n_bins, n_units), dtype=np.uint8)
    for session, columns in enumerate(np.array_split(np.arange(n_units), n_sessions)):
        rng = generator(seed, area, "neuropixels", session)
        rates = rates_by_repeat(
            rng, units[columns], n_repeats=N_REPEATS, bins_per_frame=BINS_PER_FRAME
        )
        for repeat, rate_hz in enumerate(rates):
            # Rates saturate far below the 255 spikes per bin that the type could not hold.
            shown = slice(repeat * n_bins, (repeat + 1) * n_bins)
            neural[shown, columns] = rng.poisson(rate_hz * bin_width_s)
    frames = np.tile(np.repeat(np.arange(N_FRAMES), BINS_PER_FRAME), N_REPEATS)
    return {"neural": neural, "frames": frames}


def simulate_calcium(
    area: str, seed: int, *, n_containers: int = 8, n_cells: int = 50
) -> dict[int, dict[str, np.ndarray]]:
    """Simulate the calcium files of one area: ten repeats of the movie at 30 Hz, on three days.

    A pure function of its arguments: the same seed gives the same bits.
    ``simulate_calcium_summary`` of the same arguments lists the cells.

    Args:
        area: acronym, one of ``simulate.cortex.AREAS``.
        seed: non-negative integer of the movie and of everything else.
        n_containers: mice (experiment containers), at least 1.
        n_cells: cells found in all three sessions of a container, 1 to 20000. Each session has
            a few more that were not. The published pseudomouse of all containers has
            ``3 * n_containers * n_cells`` rows.

    Returns:
        Container id → the variables of its ``.mat``, ids rising:
        ``filtered_traces_days_events``: object array (3, 4), whose element [s, 0] holds the
        events of session s, float32 array (cell, 9000), repeat-major; the other columns, which
        hold other stimuli in the published files, hold empty arrays.
        ``united_traces_days_events``: float32 array (matched cell, 9000, 3), the same events of
        the cells found in all sessions, by rising cell id.

    Raises:
        ValueError: an argument is out of its range.
    """
    containers = _containers(area, seed, n_containers, n_cells)
    n_pool = len(containers[0].cell_id)
    cells = draw_neurons(area, seed, "calcium", n_containers * n_pool, mean_rate_hz=_CELL_RATE_HZ)
    return {
        container.exp: _mat_variables(
            container,
            cells[np.arange(n_pool) + index * n_pool],
            generator(seed, area, "days", index),
        )
        for index, container in enumerate(containers)
    }


def simulate_calcium_summary(
    seed: int, *, areas: Sequence[str] = tuple(AREAS), n_containers: int = 8, n_cells: int = 50
) -> pd.DataFrame:
    """Simulate ``data_summary.csv`` of the calcium files of several areas.

    Args:
        seed: as given to ``simulate_calcium``.
        areas: acronyms, at least one.
        n_containers: as given to ``simulate_calcium``.
        n_cells: as given to ``simulate_calcium``.

    Returns:
        One row for each session of each container, with the columns ``exp`` (container id),
        ``target`` (area), ``cre_line`` (excitatory), ``session_type`` and ``neurons``, a text
        list of cell ids: the position in the list is the row in that session's traces.

    Raises:
        ValueError: an argument is out of its range.
    """
    if isinstance(areas, str) or len(areas) == 0 or len(set(areas)) < len(areas):
        raise ValueError(
            f"areas must be a list of at least one acronym, each named once, got {areas!r}"
        )
    rows = [
        {
            "exp": container.exp,
            "target": area,
            "cre_line": container.cre_line,
            "session_type": session_type,
            "neurons": "[" + " ".join(map(str, container.cell_id[in_session])) + "]",
        }
        for area in areas
        for container in _containers(area, seed, n_containers, n_cells)
        for session_type, in_session in zip(SESSION_TYPES, container.in_session, strict=True)
    ]
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class _Container:
    """One mouse: all cells ever found in it, and those of each session.

    Attributes:
        exp: container id.
        cre_line: which cells are labelled.
        cell_id: int64 array (cell,), rising.
        in_session: for each session, indices into ``cell_id`` in the order of the traces.
        matched: indices of the cells found in all sessions, rising.
    """

    exp: int
    cre_line: str
    cell_id: np.ndarray
    in_session: tuple[np.ndarray, ...]
    matched: np.ndarray


def _containers(area: str, seed: int, n_containers: int, n_cells: int) -> list[_Container]:
    """Who was recorded where, ids rising; all have the same number of cells."""
    check_area(area)
    _check_at_least_one(n_containers=n_containers, n_cells=n_cells)
    if n_containers * n_cells > _MAX_CELLS:
        raise ValueError(
            f"n_containers * n_cells must be at most {_MAX_CELLS}, got {n_containers} * {n_cells}; "
            "lower one of them"
        )
    rng = generator(seed, area, "containers")
    n_pool = n_cells + round(_UNMATCHED * n_cells)
    # A range of ids for each area keeps them unique in the summary.
    first_id = 1_000_000 * list(AREAS).index(area)
    exp = 510_000_000 + first_id + np.sort(rng.choice(1_000_000, n_containers, replace=False))
    cell_id = 517_000_000 + first_id + rng.choice(1_000_000, (n_containers, n_pool), replace=False)
    return [
        _container(rng, int(exp[index]), np.sort(cell_id[index]), n_cells)
        for index in range(n_containers)
    ]


def _container(
    rng: np.random.Generator, exp: int, cell_id: np.ndarray, n_matched: int
) -> _Container:
    order = rng.permutation(len(cell_id))
    matched, others = np.sort(order[:n_matched]), order[n_matched:]
    # A cell that was not always found was found in one session or in two.
    found = rng.permuted(np.tile([True, False, False], (len(others), 1)), axis=1)
    found ^= rng.uniform(size=(len(others), 1)) < 0.5
    return _Container(
        exp=exp,
        cre_line=str(rng.choice(_CRE_LINES)),
        cell_id=cell_id,
        in_session=tuple(
            rng.permutation(np.concatenate([matched, others[found[:, session]]]))
            for session in range(len(SESSION_TYPES))
        ),
        matched=matched,
    )


def _mat_variables(
    container: _Container, cells: Neurons, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    n_sessions, n_time = len(SESSION_TYPES), N_REPEATS * N_FRAMES
    filtered = np.empty((n_sessions, 4), dtype=object)
    united = np.empty((len(container.matched), n_time, n_sessions), dtype=np.float32)
    for session, rows in enumerate(container.in_session):
        if session > 0:
            cells = cells.drifted(rng, _REPEATS_PER_DAY)
        events = np.zeros((len(container.cell_id), n_time), dtype=np.float32)
        rates = rates_by_repeat(rng, cells, n_repeats=N_REPEATS, bins_per_frame=1)
        for repeat, rate_hz in enumerate(rates):
            shown = slice(repeat * N_FRAMES, (repeat + 1) * N_FRAMES)
            events[:, shown] = _events(rng, rate_hz).T
        filtered[session, 0] = events[rows]
        for other_stimulus in range(1, filtered.shape[1]):
            filtered[session, other_stimulus] = np.empty((0, 0), dtype=np.float32)
        united[:, :, session] = events[container.matched]
    return {"filtered_traces_days_events": filtered, "united_traces_days_events": united}


def _events(rng: np.random.Generator, rate_hz: np.ndarray) -> np.ndarray:
    """Deconvolved events: one of random size for each spike, summed, the smallest not detected."""
    n_spikes = rng.poisson(rate_hz / FRAME_RATE_HZ)
    fired = n_spikes > 0
    size = np.zeros(rate_hz.shape)
    size[fired] = _EVENT_PER_SPIKE * rng.gamma(_EVENT_SHAPE * n_spikes[fired], 1 / _EVENT_SHAPE)
    size[size < _SMALLEST_EVENT] = 0
    return size


def _check_at_least_one(**numbers: int) -> None:
    for name, number in numbers.items():
        if number < 1:
            raise ValueError(f"{name} must be at least 1, got {number}")
