"""Tiny files in the formats of the Allen data, for the tests of the readers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.io

SESSION_TYPES = ("three_session_A", "three_session_B", "three_session_C")
N_FRAMES, N_REPEATS = 6, 10
N_TIME = N_FRAMES * N_REPEATS
MATCHED = {101: 4, 7: 3, 55: 0}
"""Container → number of cells found in all three sessions; ids are not in ascending order."""


def calcium(seed: int = 0) -> tuple[dict[int, dict[str, np.ndarray]], pd.DataFrame]:
    """Containers and summary; event [cell, time] of session s is ``id + s/10 + time/1000``.

    So a row tells which cell and session it is. Every session lists its cells in its own order,
    and has two cells that no other session has.
    """
    rng = np.random.default_rng(seed)
    containers, rows = {}, []
    for number, n_matched in MATCHED.items():
        common = rng.permutation(np.arange(10, 60))[:n_matched]
        filtered = np.empty((3, 4), dtype=object)
        for s, kind in enumerate(SESSION_TYPES):
            own = 100 * (s + 1) + np.arange(2)
            cells = rng.permutation(np.concatenate([common, own]))
            filtered[s, 0] = events(cells, s)
            for other in range(1, 4):
                filtered[s, other] = np.zeros((len(cells), 2))
            rows.append((number, "VISp", "Cux2-CreERT2", kind, as_text(cells)))
        united = np.stack([events(np.sort(common), s) for s in range(3)], axis=-1)
        containers[number] = {
            "filtered_traces_days_events": filtered,
            "united_traces_days_events": united,
        }
    summary = pd.DataFrame(rows, columns=["exp", "target", "cre_line", "session_type", "neurons"])
    return containers, summary.iloc[rng.permutation(len(summary))].reset_index(drop=True)


def events(cells: np.ndarray, session: int) -> np.ndarray:
    return cells[:, None] + session / 10 + np.arange(N_TIME) / 1000


def as_text(cells: np.ndarray) -> str:
    """As numpy prints it, so with line breaks where it is long."""
    return np.array2string(cells, max_line_width=12, threshold=10**6)


def write_calcium(folder: Path, containers: dict[int, dict[str, np.ndarray]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, variables in containers.items():
        scipy.io.savemat(
            folder / f"{number}.mat", {**variables, "cre_line": "Cux2"}, do_compression=True
        )
    return folder


@dataclass
class Unit:
    """One unit of a session; the defaults pass the filter."""

    times: list[float]
    channel: int = 1
    quality: str = "good"
    isi_violations: float = 0.1
    presence_ratio: float = 0.99
    amplitude_cutoff: float = 0.01


@dataclass
class Session:
    """What a test says of a session; frames of 1/30 s from second 5 on unless it says otherwise."""

    units: list[Unit]
    starts: np.ndarray = field(default_factory=lambda: 5 + np.arange(N_TIME) / 30)
    stops: np.ndarray | None = None
    channels: dict[int, str] = field(default_factory=lambda: {1: "VISp", 2: "VISl"})
    stimulus: str | None = "brain_observatory_1.1"
    frames: np.ndarray | None = None
    movie: bool = True


def write_nwb(path: Path, session: Session) -> Path:
    """A session as NWB, with the tables of the Allen files."""
    from pynwb import NWBHDF5IO, NWBFile

    file = NWBFile(
        session_description="tiny",
        identifier=path.stem,
        session_start_time=datetime(2020, 1, 1, tzinfo=UTC),
        stimulus_notes=session.stimulus,
    )
    _add_electrodes(file, session.channels)
    _add_units(file, session.units)
    if session.movie:
        _add_movie(file, session)
    path.parent.mkdir(parents=True, exist_ok=True)
    with NWBHDF5IO(path, "w") as opened:
        opened.write(file)
    return path


def _add_electrodes(file, channels: dict[int, str]) -> None:
    probe = file.create_device(name="probe")
    group = file.create_electrode_group("probe", "d", location="cortex", device=probe)
    for number, area in channels.items():
        file.add_electrode(id=number, location=area, group=group)


def _add_units(file, units: list[Unit]) -> None:
    for name in ("quality", "isi_violations", "presence_ratio", "amplitude_cutoff"):
        file.add_unit_column(name, name)
    file.add_unit_column("peak_channel_id", "electrode")
    for number, unit in enumerate(units):
        file.add_unit(
            id=900 + number,
            spike_times=np.array(unit.times, float),
            quality=unit.quality,
            isi_violations=unit.isi_violations,
            presence_ratio=unit.presence_ratio,
            amplitude_cutoff=unit.amplitude_cutoff,
            peak_channel_id=unit.channel,
        )


def _add_movie(file, session: Session) -> None:
    from pynwb.epoch import TimeIntervals

    stops = session.stops
    if stops is None:
        stops = np.append(session.starts[1:], session.starts[-1] + 1 / 30)
    table = TimeIntervals(name="natural_movie_one_presentations", description="movie one")
    if session.frames is not None:
        table.add_column("frame", "frame on the screen")
    for row, (start, stop) in enumerate(zip(session.starts, stops, strict=True)):
        frame = {} if session.frames is None else {"frame": float(session.frames[row])}
        table.add_interval(start_time=float(start), stop_time=float(stop), **frame)
    file.add_time_intervals(table)
