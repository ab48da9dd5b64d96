"""Published Allen visual cortex arrays (movie one) as ``Recording``; one a modality and area.

Here the parts meet: the calcium events come from ``allen_calcium``, Neuropixels sessions can come
from ``allen_nwb``. Opening files is left to ``io``, the parts of the repeats to ``splits``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from cebra_kedro.recording import Label, Recording, RecordingError
from cebra_kedro.sources.allen_calcium import calcium_pseudomouse, united_pseudomouse
from cebra_kedro.sources.counts import as_counts
from cebra_kedro.sources.pseudomouse import Pseudomouse, choose_neurons
from cebra_kedro.sources.published_pickle import ChecksumStatus, PublishedFile

__all__ = [
    "BIN_WIDTH_S",
    "Modality",
    "Pseudomouse",
    "calcium_pseudomouse",
    "choose_neurons",
    "movie_features",
    "neuropixels_pseudomouse",
    "repeats_of",
    "to_recording",
    "united_pseudomouse",
]

Modality = Literal["ca", "neuropixels"]

BIN_WIDTH_S: Mapping[str, float] = MappingProxyType({"ca": 1 / 30, "neuropixels": 1 / 120})
"""Width of a time bin in the published arrays."""

_PROVENANCE = ("session", "unit")
"""What ``allen_nwb`` adds to the published keys."""


def neuropixels_pseudomouse(raw: PublishedFile, area: str) -> Pseudomouse:
    """The published Neuropixels arrays of one area, with counts kept small.

    Args:
        raw: content with the keys ``neural``, counts (time, unit), and ``frames``, whole frame ids
            (time,); from ``allen_nwb`` also ``session`` and ``unit`` (unit,).
        area: e.g. ``VISp``; names the result.

    Returns:
        ``neurons`` has the column ``unit`` (column in the file where it has no ids), and
        ``session`` where the file says it.

    Raises:
        RecordingError: a key is missing, or an array is not what is described above.
    """
    content = raw.content
    if missing := [key for key in ("neural", "frames") if key not in content]:
        raise RecordingError(
            f"{area}: the content must have the keys neural and frames, {', '.join(missing)} is "
            f"missing among {', '.join(map(str, content)) or 'none'}; check that this is a "
            "Neuropixels pseudomouse"
        )
    neural, frames = np.asarray(content["neural"]), np.asarray(content["frames"])
    if neural.ndim != 2 or 0 in neural.shape or not np.issubdtype(neural.dtype, np.number):
        raise RecordingError(
            f"{area}: neural must be a non-empty array (time, unit) of counts, got {neural.dtype} "
            f"of shape {neural.shape}"
        )
    if frames.shape != (len(neural),):
        raise RecordingError(
            f"{area}: frames must have one id for each of {len(neural)} bins of neural, got shape "
            f"{frames.shape}; a block of 300 s cut at its last edge lacks one bin"
        )
    neurons = {key: np.asarray(content[key]) for key in _PROVENANCE if key in content}
    return Pseudomouse(
        neural=as_counts(neural, owner=area, what="neural").T,
        frames=frames,
        neurons=pd.DataFrame({"unit": np.arange(neural.shape[1])} | neurons),
        area=area,
    )


def movie_features(raw: PublishedFile, *, n_frames: int = 900) -> np.ndarray:
    """The published features of the movie's frames.

    Args:
        raw: content is one array (frame, dim).
        n_frames: frames of the movie.

    Returns:
        float32 array (n_frames, dim), to be looked up by frame id.

    Raises:
        RecordingError: another shape, or values that are not finite.
    """
    features = np.asarray(raw.content)
    if features.ndim != 2 or len(features) != n_frames or features.shape[1] == 0:
        raise RecordingError(
            f"features must have shape ({n_frames}, dim), one row a frame, got {features.shape}; "
            "check that the file holds the features of movie one"
        )
    if not np.issubdtype(features.dtype, np.floating) or not np.isfinite(features).all():
        raise RecordingError(
            f"features must be finite floats, got {features.dtype} with other values; "
            "compute them again"
        )
    return features.astype(np.float32, copy=False)


def repeats_of(frames: np.ndarray) -> np.ndarray:
    """Number the repeats of a movie: one begins where the frame id falls.

    Args:
        frames: integer array (time,), not empty; any number of bins a frame.

    Returns:
        int64 array (time,): 0, 1, 2, ... in order of time.

    Example:
        >>> repeats_of(np.array([0, 0, 1, 2, 2, 0, 1, 1, 2])).tolist()
        [0, 0, 0, 0, 0, 1, 1, 1, 1]
    """
    return np.cumsum(np.diff(frames, prepend=frames[:1]) < 0)


def to_recording(
    neural: np.ndarray,
    frames: np.ndarray,
    *,
    area: str,
    modality: Modality,
    bin_width_s: float,
    simulated: bool,
    source: str,
    checksum: str,
    checksum_status: ChecksumStatus,
    scene_of_frame: np.ndarray | None = None,
    features: np.ndarray | None = None,
    n_frames: int = 900,
    n_repeats: int | None = 10,
    facts: Mapping[str, Any] = MappingProxyType({}),
) -> Recording:
    """Activity of the chosen neurons with the frame, repeat and scene of each bin.

    Args:
        neural: array (time, neuron), e.g. from :meth:`Pseudomouse.select`.
        frames: whole numbers (time,), the frame on the screen, 0 … n_frames − 1; as the file says.
        area: e.g. ``VISp``.
        modality: ``ca`` (events, kept as float32) or ``neuropixels`` (counts, kept as integers).
        bin_width_s: width of a time bin in s; published: :data:`BIN_WIDTH_S`.
        simulated: whether the arrays come from a generator.
        source: file or generator.
        checksum: of the file.
        checksum_status: whether it is that of the published file.
        scene_of_frame: integer array (n_frames,), the scene to which each frame belongs, or None.
        features: float32 array (n_frames, dim), e.g. from :func:`movie_features`, or None.
        n_frames: frames of the movie.
        n_repeats: repeats that there must be, or None to accept any number.
        facts: further facts for ``meta``, e.g. seed and number of neurons to choose from.

    Returns:
        A recording ``<area>_<modality>`` with the discrete labels ``frame``, ``repeat`` (from 0)
        and, with ``scene_of_frame``, ``scene``; with ``features``, the continuous label
        ``features``, whose table they are. A trial is a repeat.

    Raises:
        RecordingError: an array is not what is described above.
    """
    name = f"{area}_{modality}"
    if modality not in get_args(Modality):
        raise RecordingError(
            f"modality must be one of {', '.join(get_args(Modality))}, got {modality!r}"
        )
    frame = _frame_ids(frames, n_frames, name)
    repeat = _repeat_ids(frame, n_repeats, name)
    labels = {"frame": Label(frame, "discrete", "frame"), "repeat": Label(repeat, "discrete")}
    if scene_of_frame is not None:
        labels["scene"] = Label(_scenes(scene_of_frame, n_frames, name)[frame], "discrete")
    if features is not None:
        labels["features"] = Label(frame, "continuous", table=features)
    return Recording(
        neural=_small(neural, modality, name),
        labels=labels,
        bin_width_s=bin_width_s,
        name=name,
        trial=repeat,
        meta={
            **facts,
            "source": source,
            "checksum": checksum,
            "checksum_status": checksum_status,
            "subject": area,
            "area": area,
            "modality": modality,
            "simulated": simulated,
        },
    )


def _small(neural: np.ndarray, modality: Modality, name: str) -> np.ndarray:
    if neural.ndim != 2 or 0 in neural.shape:
        raise RecordingError(
            f"{name}: neural must be a non-empty array (time, neuron), got shape {neural.shape}"
        )
    if modality == "ca":
        return neural.astype(np.float32, copy=False)
    return as_counts(neural, owner=name, what="neural")


def _repeat_ids(frame: np.ndarray, n_repeats: int | None, name: str) -> np.ndarray:
    repeat = repeats_of(frame)
    if n_repeats is not None and repeat[-1] + 1 != n_repeats:
        raise RecordingError(
            f"{name}: frames must hold {n_repeats} repeats of the movie, but the frame id falls "
            f"{repeat[-1]} times, which makes {repeat[-1] + 1}; check the file, or n_repeats"
        )
    return repeat


def _frame_ids(frames: np.ndarray, n_frames: int, name: str) -> np.ndarray:
    if frames.ndim != 1 or frames.size == 0 or not np.issubdtype(frames.dtype, np.number):
        raise RecordingError(
            f"{name}: frames must be a non-empty numeric array (time,), got {frames.dtype} of "
            f"shape {frames.shape}"
        )
    wrong = ~np.isin(frames, np.arange(n_frames))
    if wrong.any():
        time = int(np.flatnonzero(wrong)[0])
        raise RecordingError(
            f"{name}: frames must be whole numbers in 0 … {n_frames - 1}, got {frames[time]} at "
            f"bin {time}; drop bins without a frame, or correct n_frames"
        )
    return frames.astype(np.int64)


def _scenes(scene_of_frame: np.ndarray, n_frames: int, name: str) -> np.ndarray:
    if scene_of_frame.shape != (n_frames,) or not np.issubdtype(scene_of_frame.dtype, np.integer):
        raise RecordingError(
            f"{name}: scene_of_frame must be an integer array ({n_frames},), got "
            f"{scene_of_frame.dtype} of shape {scene_of_frame.shape}"
        )
    return scene_of_frame.astype(np.int64)
