"""Calcium events of Allen visual cortex, session by session as published → a ``Pseudomouse``.

Source: ``cebra/datasets/allen/ca_movie_decoding.py``, cebra 0.6.1. Its quirks are arguments, and
where a file is not what it takes for granted, an error says so. Opening files is left to ``io``.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cebra_kedro.recording import RecordingError
from cebra_kedro.sources.pseudomouse import Pseudomouse

logger = logging.getLogger(__name__)

Containers = Mapping[int, Mapping[str, np.ndarray]]
"""Experiment container id → the variables of its ``.mat`` file."""

SESSION_TRACES = "filtered_traces_days_events"
MATCHED_TRACES = "united_traces_days_events"
SUMMARY_COLUMNS = ("exp", "target", "cre_line", "session_type", "neurons")
N_SESSIONS = 3
"""Sessions A, B and C of each container."""


@dataclass(frozen=True, eq=False)
class _Matched:
    """The cells of one container that were found in all of its sessions.

    ``rows[s]`` and ``cells[s]`` (cell,): rows of session s's traces, and the ids of these rows.
    ``n_cells[s]``: number of rows that session s should have.
    """

    rows: list[np.ndarray]
    cells: list[np.ndarray]
    n_cells: list[int]


def calcium_pseudomouse(
    containers: Containers,
    summary: pd.DataFrame,
    area: str,
    *,
    sessions: Sequence[int] = (0, 1, 2),
    align_cells: bool = False,
    excluded_cre_lines: Sequence[str] = ("Sst", "Pvalb", "Vip"),
    container_set_order: bool = False,
    n_frames: int = 900,
    n_repeats: int = 10,
) -> Pseudomouse:
    """Stack the cells that each mouse's three sessions have in common.

    Args:
        containers: container id → variables; ``filtered_traces_days_events`` is an object array
            (session, ≥ 1) whose [s, 0] is (cell, time), ``time = n_repeats · n_frames``.
        summary: one row a session, with the columns ``exp`` (container id), ``target`` (area),
            ``cre_line``, ``session_type`` (its alphabetical order is the order of the sessions)
            and ``neurons`` (text: the cell ids of the traces' rows).
        area: only containers with this ``target``.
        sessions: whose responses are stacked. (0, 1, 2), as published, has each cell three times,
            from three days; (0,) has it once.
        align_cells: give a container's sessions the same order of cells (by id). As published
            (False), each session keeps the order of its own traces: the same rows, but row j of
            two sessions need not be the same cell.
        excluded_cre_lines: containers whose cre line contains one of these are left out. Published
            is "SSt" for "Sst", which matches no mouse, without effect on the published folder.
        container_set_order: containers in the order in which Python iterates the set of ids, as
            published, instead of ascending. It decides which neurons a seed draws.
        n_frames: frames of the movie.
        n_repeats: repeats in a session.

    Returns:
        Float32 events; ``neurons`` has the columns ``container``, ``session`` and ``cell`` (id).

    Raises:
        RecordingError: no container is left, a session is missing, or traces and summary disagree.
    """
    _check_sessions(sessions)
    chosen = _containers_of(containers, summary, area, excluded_cre_lines, container_set_order)
    matched = {number: _matched(summary, number, align_cells) for number in chosen}
    n_rows = sum(len(matched[number].rows[s]) for number in chosen for s in sessions)
    if n_rows == 0:
        raise RecordingError(
            f"{area}: no cell was found in all three sessions of any of {len(chosen)} containers; "
            "check the column neurons of the summary"
        )
    neural = np.empty((n_rows, n_frames * n_repeats), np.float32)
    filled, neurons = 0, []
    for number in chosen:
        traces = _variable(containers, number, SESSION_TRACES)
        for s in sessions:
            rows, cells = matched[number].rows[s], matched[number].cells[s]
            session = _session_traces(
                traces, number, s, (matched[number].n_cells[s], neural.shape[1])
            )
            neural[filled : filled + len(rows)] = session[rows]
            filled += len(rows)
            neurons.append(pd.DataFrame({"container": number, "session": s, "cell": cells}))
    return Pseudomouse(neural, _frames(n_frames, n_repeats), _stacked(neurons), area)


def united_pseudomouse(
    containers: Containers,
    area: str,
    *,
    session: int = 0,
    n_frames: int = 900,
    n_repeats: int = 10,
) -> Pseudomouse:
    """Stack each mouse's matched cells from one session, as the published disjoint readers do.

    Args:
        containers: container id → variables; ``united_traces_days_events`` is (cell, time,
            session). All of them are used; published is the order of the folder's listing, ours is
            ascending.
        area: names the result; the summary is not read.
        session: which of the three. Published: 0.
        n_frames: frames of the movie.
        n_repeats: repeats in a session.

    Returns:
        Float32 events; ``neurons`` has the columns ``container``, ``session`` and ``cell`` (row
        in the file, as it holds no ids).

    Raises:
        RecordingError: there is no container, or one has other traces.
    """
    _check_sessions([session])
    blocks, neurons = [], []
    for number in sorted(containers):
        traces = np.asarray(_variable(containers, number, MATCHED_TRACES))
        if traces.ndim != 3 or traces.shape[1:] != (n_frames * n_repeats, N_SESSIONS):
            raise RecordingError(
                f"container {number}: {MATCHED_TRACES} must have shape (cell, "
                f"{n_frames * n_repeats}, {N_SESSIONS}), {n_repeats} repeats of {n_frames} frames "
                f"in each session, got {traces.shape}; remove its file or correct n_repeats"
            )
        blocks.append(traces[:, :, session].astype(np.float32))
        cells = np.arange(len(traces))
        neurons.append(pd.DataFrame({"container": number, "session": session, "cell": cells}))
    if sum(map(len, blocks)) == 0:
        raise RecordingError(
            f"{area}: {len(containers)} containers have no matched cell; place its .mat files"
        )
    frames = _frames(n_frames, n_repeats)
    return Pseudomouse(np.concatenate(blocks), frames, _stacked(neurons), area)


def _containers_of(
    containers: Containers,
    summary: pd.DataFrame,
    area: str,
    excluded_cre_lines: Sequence[str],
    container_set_order: bool,
) -> list[int]:
    """Ids of the containers of an area, in the order in which they are stacked."""
    if missing := [name for name in SUMMARY_COLUMNS if name not in summary]:
        raise RecordingError(
            f"summary must have the columns {', '.join(SUMMARY_COLUMNS)}; {', '.join(missing)} "
            f"missing among {', '.join(map(str, summary.columns))}; give data_summary.csv"
        )
    lines = summary["cre_line"].astype(str)
    excluded = np.zeros(len(summary), bool)
    for part in excluded_cre_lines:
        excluded |= lines.str.contains(part, regex=False).to_numpy(bool)
    known = summary[(summary["target"] == area) & ~excluded]["exp"]
    ids = [int(number) for number in known if int(number) in containers]
    if not ids:
        raise RecordingError(
            f"area {area}: none of its {known.nunique()} containers in the summary is among the "
            f"{len(containers)} given; the summary has the areas "
            f"{', '.join(sorted(set(summary['target'].astype(str))))}; place the .mat files of "
            "this area, or correct the area"
        )
    chosen = list(set(ids)) if container_set_order else sorted(set(ids))
    if len(chosen) < len(containers):
        logger.info(
            "%s: %d of %d containers are of this area and its cre lines",
            area,
            len(chosen),
            len(containers),
        )
    return chosen


def _matched(summary: pd.DataFrame, number: int, align_cells: bool) -> _Matched:
    of_container = summary[summary["exp"] == number].sort_values("session_type", kind="stable")
    types = of_container["session_type"].astype(str).tolist()
    if len(types) != N_SESSIONS or len(set(types)) != N_SESSIONS:
        raise RecordingError(
            f"container {number}: the summary must have one row for each of its {N_SESSIONS} "
            f"sessions, got {', '.join(types)}; a session is missing or comes twice: complete the "
            "summary, or remove the container's file"
        )
    lists = [_cell_ids(text, number, s) for s, text in enumerate(of_container["neurons"])]
    common = np.intersect1d(np.intersect1d(lists[0], lists[1]), lists[2])
    rows = [np.flatnonzero(np.isin(ids, common)) for ids in lists]
    if align_cells:
        rows = [found[np.argsort(ids[found])] for ids, found in zip(lists, rows, strict=True)]
    cells = [ids[found] for ids, found in zip(lists, rows, strict=True)]
    return _Matched(rows, cells, [len(ids) for ids in lists])


def _cell_ids(text: object, number: int, session: int) -> np.ndarray:
    """Cell ids of a session: ``[12 57 …]``, on one line or several."""
    words = str(text).replace("[", " ").replace("]", " ").replace(",", " ").split()
    try:
        ids = np.array([int(word) for word in words], np.int64)
    except ValueError:
        raise RecordingError(
            f"container {number}, session {session}: neurons in the summary must list all cell "
            f"ids, got {text!r:.80}; a list cut short by ... cannot be used"
        ) from None
    if len(np.unique(ids)) != len(ids):
        raise RecordingError(
            f"container {number}, session {session}: neurons in the summary lists a cell id twice"
        )
    return ids


def _variable(containers: Containers, number: int, name: str) -> np.ndarray:
    variables = containers[number]
    if name not in variables:
        raise RecordingError(
            f"container {number} has no {name}, only {', '.join(variables) or 'nothing'}; "
            "fetch its file again from the publisher"
        )
    return variables[name]


def _session_traces(
    traces: np.ndarray, number: int, session: int, shape: tuple[int, int]
) -> np.ndarray:
    """Events (cell, time) of one session during movie one."""
    if traces.dtype != object or traces.ndim != 2 or len(traces) != N_SESSIONS:
        raise RecordingError(
            f"container {number}: {SESSION_TRACES} must be a cell array of {N_SESSIONS} sessions "
            f"(an object array), got {traces.dtype} of shape {traces.shape}"
        )
    movie_one = np.asarray(traces[session, 0])
    if movie_one.shape != shape:
        raise RecordingError(
            f"container {number}, session {session}: movie one must have shape {shape}, a row for "
            f"each cell in the summary and a column for each frame of each repeat, got "
            f"{movie_one.shape}; if the session is missing, remove the container's file"
        )
    return movie_one


def _check_sessions(sessions: Sequence[int]) -> None:
    if not sessions or not set(sessions) <= set(range(N_SESSIONS)):
        raise ValueError(
            f"sessions must be some of 0, 1 and 2 (sessions A, B, C), got {list(sessions)}"
        )


def _frames(n_frames: int, n_repeats: int) -> np.ndarray:
    """These files hold no frame ids: they are cut to one bin a frame by their publisher."""
    return np.tile(np.arange(n_frames), n_repeats)


def _stacked(neurons: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(neurons, ignore_index=True)
