"""Synthetic sets, published or simulated, as a ``Recording``.

Two layouts are read. The published one has ``z``, ``u``, ``lam`` and ``x``. The other is that of
the demonstrations: ``neural`` (time, neuron) and at least one of

- ``label``: float (time,) or (time, dim), continuous;
- ``angle``: float (time,), circular, in rad;
- ``class``: integer (time,), discrete;
- ``latent``: float (time, dim), the truth, if it is known: only scored, never shown to an encoder.

Opening files is left to ``io``, splits to ``splits``, sets of one's own to ``arrays``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cebra_kedro.on_disk import OnDisk, Rows, blocks
from cebra_kedro.recording import Label, LabelKind, Recording, RecordingError

if TYPE_CHECKING:
    from cebra_kedro.sources.published_pickle import PublishedFile

_PUBLISHED = ("z", "u", "lam", "x")
_KINDS: dict[str, tuple[LabelKind, str]] = {
    "label": ("continuous", ""),
    "angle": ("circular", "rad"),
    "class": ("discrete", ""),
    "latent": ("continuous", ""),
}
SCORED_LABELS = ("label", "angle", "class")
"""Labels that can guide an encoder and be decoded, in this order."""


def to_recording(
    raw: PublishedFile | Mapping[str, Any],
    *,
    subject: str,
    bin_width_s: float = 1.0,
    simulated: bool | None = None,
) -> Recording:
    """Turn a published, simulated or own set into a recording.

    Args:
        raw: content and provenance of a file, or the arrays of one's own set.
        subject: e.g. ``poisson``; becomes the recording's name.
        bin_width_s: width of a time bin in s; the samples of the published sets have no time.
        simulated: whether the arrays come from a generator here; None asks the provenance.

    Returns:
        A recording with ``neural`` in the smallest type that holds it (whole numbers as integers,
        others as float32) and the labels there are, of the published layout ``label`` (u, in rad:
        the latent follows it without wrapping round, so it is continuous) and ``latent``
        (time, 2), the columns of z that are not zero.

    Raises:
        RecordingError: a key is missing, or an array is not what is described above.
    """
    content: Mapping[str, Any] = raw if isinstance(raw, Mapping) else raw.content
    status = getattr(raw, "checksum_status", "unverified")
    arrays = _published(content, subject) if _is_published(content) else _own(content, subject)
    labels = {name: _label(name, arrays[name], subject) for name in _KINDS if name in arrays}
    if _is_published(content):
        labels["label"] = Label(labels["label"].values, "continuous", "rad")
    neural = arrays["neural"]
    if neural.ndim != 2 or 0 in neural.shape:
        raise RecordingError(
            f"{subject}: neural must be a non-empty array (time, neuron), got {neural.shape}"
        )
    return Recording(
        neural=smallest(neural, subject),
        labels=labels,
        bin_width_s=bin_width_s,
        name=subject,
        meta={
            "source": getattr(raw, "source", "arrays"),
            "checksum": getattr(raw, "checksum", ""),
            "checksum_status": status,
            "subject": subject,
            "area": "",
            "modality": "synthetic",
            "simulated": status == "simulated" if simulated is None else simulated,
        },
    )


def read_set(raw: Any, *, session: str, bin_width_s: float = 1.0) -> Recording:
    """A set with a known latent, published or simulated.

    Args:
        raw: content and provenance of a file, or the arrays themselves.
        session: the set.
        bin_width_s: width of a time bin in s.
    """
    return to_recording(raw, subject=session, bin_width_s=bin_width_s)


def _is_published(content: Mapping[str, Any]) -> bool:
    return "neural" not in content and any(key in content for key in _PUBLISHED)


def _published(content: Mapping[str, Any], subject: str) -> dict[str, np.ndarray]:
    missing = [key for key in ("x", "u", "z") if key not in content]
    if missing:
        raise RecordingError(
            f"{subject}: the content lacks {', '.join(missing)}; a published synthetic file has "
            f"{', '.join(_PUBLISHED)}, got {', '.join(map(str, content))}"
        )
    u, z = np.asarray(content["u"]), np.asarray(content["z"])
    if u.ndim != 2 or u.shape[1] != 1 or z.ndim != 2:
        raise RecordingError(
            f"{subject}: u must have shape (time, 1) and z (time, dim), got {u.shape} and {z.shape}"
        )
    used = np.flatnonzero(np.any(z != 0, axis=0))
    if not len(used):
        raise RecordingError(f"{subject}: z must hold a latent, but all of its columns are zero")
    return {"neural": np.asarray(content["x"]), "label": u[:, 0], "latent": z[:, used]}


def _own(content: Mapping[str, Any], subject: str) -> dict[str, np.ndarray]:
    known = ("neural", *_KINDS)
    arrays = {name: np.asarray(value) for name, value in content.items() if name in known}
    unknown = [str(name) for name in content if name not in known]
    if unknown:
        raise RecordingError(
            f"{subject}: unknown keys {', '.join(unknown)}; a set of one's own has "
            f"{', '.join(known)}, a published one {', '.join(_PUBLISHED)}"
        )
    if "neural" not in arrays or not any(name in arrays for name in SCORED_LABELS):
        raise RecordingError(
            f"{subject}: expected neural and at least one of {', '.join(SCORED_LABELS)}, "
            f"got {', '.join(arrays) or 'nothing'}"
        )
    return arrays


def _label(name: str, values: np.ndarray, subject: str) -> Label:
    kind, unit = _KINDS[name]
    whole = np.issubdtype(values.dtype, np.integer)
    if kind == "discrete":
        if not whole or values.ndim != 1:
            raise RecordingError(
                f"{subject}: class must be integers (time,), got {values.dtype} of shape "
                f"{values.shape}; cast class ids to int64, or call a continuous label label"
            )
        return Label(values.astype(np.int64), kind, unit)
    if not np.issubdtype(values.dtype, np.floating):
        raise RecordingError(
            f"{subject}: {name} must hold floats, got {values.dtype}; call class ids class, or "
            f"cast {name} to float32"
        )
    if kind == "circular" and values.ndim != 1:
        raise RecordingError(f"{subject}: angle must have shape (time,) in rad, got {values.shape}")
    return Label(values.astype(np.float32), kind, unit)


def smallest(neural: Rows, subject: str) -> Rows:
    """Whole numbers in the smallest integer type, others as float32.

    Args:
        neural: array (time, neuron).
        subject: for errors.

    Raises:
        RecordingError: a value is not a finite number.
    """
    is_number = np.issubdtype(neural.dtype, np.number)
    are_whole, low, high = True, 0, 0
    for block in blocks(neural):
        if not is_number or not np.isfinite(block).all():
            raise RecordingError(
                f"{subject}: neural must hold finite numbers, got dtype {neural.dtype} with NaN, "
                "infinite or non-numeric values; remove these bins, or neurons without any value"
            )
        are_whole = are_whole and not np.any(block != np.rint(block))
        if are_whole:
            low, high = min(low, int(block.min())), max(high, int(block.max()))
    kind: Any = np.float32
    if are_whole:
        kind = np.min_scalar_type(high if low >= 0 else min(low, -high - 1))
    found = neural.astype(kind)
    if isinstance(found, OnDisk):
        found.is_finite = True
    return found
