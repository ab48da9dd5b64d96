"""Neuropixels sessions as the Allen Institute publishes them (NWB) → arrays of one area.

The result has the structure of the published pseudomouse file, so that ``allen`` reads both.
Source: ``cebra/datasets/allen/make_neuropixel.py``, cebra 0.6.1, whose units and bins are followed.
Ours differs where it goes wrong: it replaces the frame ids by four bins a frame though a block
lasts longer than that (``ideal_frames`` does so too), leaves the last unit empty, empties units
without a spike after the block, and counts a spike in a session's last bin edge twice.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cebra_kedro.recording import RecordingError

logger = logging.getLogger(__name__)

_STIMULUS = "general/stimulus"
_MOVIE = "intervals/natural_movie_one_presentations"
_ELECTRODES = "general/extracellular_ephys/electrodes"
_REQUIRED = (
    "identifier",
    *(f"{_MOVIE}/{name}" for name in ("start_time", "stop_time")),
    *(f"{_ELECTRODES}/{name}" for name in ("id", "location")),
    *(
        f"units/{name}"
        for name in (
            "id",
            "spike_times",
            "spike_times_index",
            "peak_channel_id",
            "quality",
            "isi_violations",
            "presence_ratio",
            "amplitude_cutoff",
        )
    ),
)


@dataclass(frozen=True)
class UnitFilter:
    """Which units are kept; the values are those of the AllenSDK. NaN fails.

    Attributes:
        max_isi_violations: violations of the refractory period, relative to the rate.
        min_presence_ratio: share of the session in which the unit fires.
        max_amplitude_cutoff: share of spikes estimated to lie below the detection threshold.
        quality: the publisher's verdict.
    """

    max_isi_violations: float = 0.5
    min_presence_ratio: float = 0.95
    max_amplitude_cutoff: float = 0.1
    quality: str = "good"


@dataclass(frozen=True, eq=False)
class _Session:
    """Counts (time, unit) of the units of an area; the presentation (time,) of each bin."""

    name: str
    areas: set[str]
    counts: np.ndarray
    units: np.ndarray
    presentation: np.ndarray
    frame_of_presentation: np.ndarray


def pseudomouse_from_nwb(
    paths: Sequence[str | Path],
    area: str,
    *,
    bin_width_s: float = 1 / 120,
    ideal_frames: bool = False,
    unit_filter: UnitFilter = UnitFilter(),
    stimulus: str = "brain",
    n_frames: int = 900,
    n_repeats: int = 10,
) -> dict[str, np.ndarray]:
    """Count the spikes of an area's units while movie one was shown, over all sessions.

    The bins run from the start of the first block of the movie to its end. A bin belongs to the
    presentation that is on the screen at its centre, so that most frames have four bins and some
    five. Sessions differ in which; of each presentation, the bins that all sessions have are
    kept, from its first one on. So the bins of every session keep their true frame.

    Args:
        paths: ``.nwb`` files, one a session.
        area: exact acronym of the electrodes' location, e.g. ``VISp``.
        bin_width_s: width of a bin in s.
        ideal_frames: the published shortcut: as many equal bins for each frame as its nominal
            duration (1/30 s) holds, whatever the presentation times were.
        unit_filter: which units are kept.
        stimulus: text in ``general/stimulus`` of the sessions to use; others are left out. The
            sessions of the Brain Observatory protocol have ``brain_observatory_1.1``.
        n_frames: frames of the movie.
        n_repeats: repeats in a block.

    Returns:
        ``neural``, unsigned integer counts (time, unit); ``frames``, int64 (time,); ``session``
        (unit,), identifier of the unit's file; ``unit`` (unit,), its id there. Sessions are in the
        order of ``paths``; those without a unit of the area leave no trace.

    Raises:
        RecordingError: a file or one of its tables is missing, the movie was shown otherwise than
            in this block, or no unit is left.
    """
    import h5py

    sessions = []
    for path in map(Path, paths):
        if not path.is_file():
            raise RecordingError(f"session {path} is missing; place its .nwb file there")
        with h5py.File(path, "r") as file:
            if not _is_wanted(file, path, stimulus):
                continue
            starts, stops, frames = _first_block(file, path, n_frames, n_repeats)
            if ideal_frames:
                edges, presentation = _ideal_bins(starts, bin_width_s)
            else:
                edges, presentation = _real_bins(starts, stops, bin_width_s)
            areas = _areas(file)
            rows = np.flatnonzero((areas == area) & _passes(file, unit_filter))
            logger.info("%s: %d units of %s pass the filter", path.name, len(rows), area)
            sessions.append(
                _Session(
                    name=_text(file["identifier"][()]),
                    areas=set(areas),
                    counts=_counts(file, rows, edges),
                    units=file["units/id"][...].astype(np.int64)[rows],
                    presentation=presentation,
                    frame_of_presentation=frames,
                )
            )
    return _joined(_with_units(sessions, area, len(paths), stimulus))


def _with_units(sessions: list[_Session], area: str, n_files: int, stimulus: str) -> list[_Session]:
    """The sessions that have units of the area."""
    if not sessions:
        raise RecordingError(
            f"none of {n_files} files is a session with {stimulus!r} in {_STIMULUS}; place "
            "sessions of the Brain Observatory protocol, or correct stimulus"
        )
    found = [session for session in sessions if len(session.units)]
    if not found:
        areas = sorted({name for session in sessions for name in session.areas} - {""})
        raise RecordingError(
            f"no unit of area {area} passes the filter in {len(sessions)} sessions, which have "
            f"units in {', '.join(areas) or 'no known area'}; correct the area, or add sessions"
        )
    return found


def _joined(sessions: list[_Session]) -> dict[str, np.ndarray]:
    """The units of all sessions side by side, on the bins of each presentation that all have."""
    n_presentations = len(sessions[0].frame_of_presentation)
    n_bins = np.array(
        [
            np.bincount(s.presentation[s.presentation >= 0], minlength=n_presentations)
            for s in sessions
        ]
    )
    kept = n_bins.min(axis=0)
    dropped = (n_bins - kept).sum(axis=1)
    if dropped.any():
        logger.info(
            "of %d bins a session, up to %d were dropped for frames that other sessions showed for "
            "fewer bins",
            int(n_bins.sum(axis=1).max()),
            int(dropped.max()),
        )
    counts = [s.counts[_first_bins(s.presentation, kept)] for s in sessions]
    neural = np.concatenate(counts, axis=1)
    return {
        "neural": neural.astype(np.min_scalar_type(int(neural.max(initial=0)))),
        "frames": np.repeat(sessions[0].frame_of_presentation, kept),
        "session": np.concatenate([np.full(len(s.units), s.name) for s in sessions]),
        "unit": np.concatenate([s.units for s in sessions]),
    }


def _first_bins(presentation: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Rows of the first ``kept[p]`` bins of each presentation p."""
    rows = np.flatnonzero(presentation >= 0)
    shown = presentation[rows]
    starts = np.searchsorted(shown, np.arange(len(kept)))
    return rows[np.arange(len(rows)) - starts[shown] < kept[shown]]


def _is_wanted(file: Any, path: Path, stimulus: str) -> bool:
    if _STIMULUS in file and stimulus not in _text(file[_STIMULUS][()]):
        logger.info("%s: stimulus %s is another protocol", path.name, _text(file[_STIMULUS][()]))
        return False
    missing = [name for name in (_STIMULUS, *_REQUIRED) if name not in file]
    if missing:
        raise RecordingError(
            f"{path} lacks {', '.join(missing)}; expected a session of the Allen Visual Coding "
            "Neuropixels data with movie one and sorted units: fetch it with the AllenSDK, or "
            "remove it"
        )
    return True


def _first_block(
    file: Any, path: Path, n_frames: int, n_repeats: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Start and stop (s) and frame id of each presentation (presentation,) of the first block."""
    n_rows = n_frames * n_repeats
    table = file[_MOVIE]
    starts, stops = table["start_time"][:n_rows], table["stop_time"][:n_rows]
    expected = np.tile(np.arange(n_frames), n_repeats)
    if len(starts) < n_rows or len(stops) < n_rows:
        raise RecordingError(
            f"{path}: {_MOVIE} must have at least {n_rows} rows, {n_repeats} repeats of {n_frames} "
            f"frames, got {len(starts)}; this session did not show a whole block: remove it"
        )
    frames = (
        [float(_text(frame)) for frame in table["frame"][:n_rows]] if "frame" in table else expected
    )
    if not np.array_equal(frames, expected):
        raise RecordingError(
            f"{path}: the first {n_rows} rows of {_MOVIE}/frame must be {n_repeats} times 0 … "
            f"{n_frames - 1}; correct n_frames and n_repeats, or remove this session"
        )
    if not (np.isfinite(starts).all() and (np.diff(starts) > 0).all() and (stops > starts).all()):
        raise RecordingError(
            f"{path}: {_MOVIE} must have rising start_time, each before its stop_time; the times "
            "are damaged: remove this session"
        )
    return starts, stops, expected


def _real_bins(
    starts: np.ndarray, stops: np.ndarray, bin_width_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """Bin edges in s, and the presentation on the screen at each bin's centre, -1 for none."""
    n_bins = int(np.ceil((stops[-1] - starts[0]) / bin_width_s))
    edges = starts[0] + np.arange(n_bins + 1) * bin_width_s
    centre = (edges[1:] + edges[:-1]) / 2
    presentation = np.searchsorted(starts, centre, side="right") - 1
    return edges, np.where(centre < stops[presentation], presentation, -1)


def _ideal_bins(starts: np.ndarray, bin_width_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Edges in s and presentations of equal numbers of bins for each, from the first start on."""
    bins_a_frame = round(1 / 30 / bin_width_s)
    if bins_a_frame < 1 or not np.isclose(bins_a_frame * bin_width_s, 1 / 30):
        raise ValueError(
            f"bin_width_s must divide 1/30 s, the nominal duration of a frame, for ideal_frames, "
            f"got {bin_width_s}; use the real frames"
        )
    presentation = np.repeat(np.arange(len(starts)), bins_a_frame)
    return starts[0] + np.arange(len(presentation) + 1) * bin_width_s, presentation


def _counts(file: Any, rows: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Spikes (time, unit) of the units in these rows; a bin holds its left edge, not its right."""
    ends = file["units/spike_times_index"][...].astype(np.int64)
    begins = np.concatenate([[0], ends[:-1]])
    spike_times = file["units/spike_times"]
    counts = np.zeros((len(edges) - 1, len(rows)), np.uint16)
    for column, row in enumerate(rows):
        times = np.sort(spike_times[begins[row] : ends[row]])
        counts[:, column] = np.diff(np.searchsorted(times, edges, side="left"))
    return counts


def _areas(file: Any) -> np.ndarray:
    """Area (unit,) at each unit's peak channel; empty where the channel is not in the table."""
    locations = map(_text, file[f"{_ELECTRODES}/location"][...])
    area_of = dict(zip(file[f"{_ELECTRODES}/id"][...].tolist(), locations, strict=True))
    channels = file["units/peak_channel_id"][...].tolist()
    return np.array([area_of.get(channel, "") for channel in channels], dtype=object)


def _passes(file: Any, unit_filter: UnitFilter) -> np.ndarray:
    """Bool array (unit,)."""
    quality = np.array([_text(value) for value in file["units/quality"][...]], dtype=object)
    return (
        (file["units/isi_violations"][...] <= unit_filter.max_isi_violations)
        & (file["units/presence_ratio"][...] >= unit_filter.min_presence_ratio)
        & (file["units/amplitude_cutoff"][...] <= unit_filter.max_amplitude_cutoff)
        & (quality == unit_filter.quality)
    )


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
