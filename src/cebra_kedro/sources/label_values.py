"""Values of a label as they stand in a file → numbers of a kind, and where there is none.

Clocks and bins are left to ``signals`` and ``arrays``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cebra_kedro.recording import LabelKind
from cebra_kedro.suspicions import DEGREES

_LEVELS = 20
"""Whole numbers of more values than this are numbers, not classes, unless told."""
_LARGEST = float(np.finfo(np.float32).max)
_RADIANS = ("", "rad", "radian", "radians")


@dataclass(frozen=True, eq=False)
class LabelValues:
    """What a label is.

    Attributes:
        values: float array (row, …), angles in rad, NaN where there is none; or integer array
            (row,) of classes.
        missing: bool array (row,).
        kind: of the label.
        unit: of the label.
        classes: names of the classes 0, 1 …, where the file has text.
    """

    values: np.ndarray
    missing: np.ndarray
    kind: LabelKind
    unit: str
    classes: tuple[str, ...] = ()


def label_values(
    values: np.ndarray,
    kind: LabelKind | None,
    unit: str,
    name: str,
    classes: tuple[str, ...] = (),
) -> LabelValues:
    """Say what the values of a label are.

    Args:
        values: array (row,) or (row, dim) of numbers, true/false or text; NaN or an empty text is
            missing.
        kind: None: text, true/false and whole numbers of at most 20 values are classes, others
            numbers.
        unit: of the values; angles may be in ``deg``.
        name: of the label, for errors.
        classes: names of the classes 0, 1, …; of text, None takes those that occur, by alphabet.

    Raises:
        ValueError: the values do not fit the kind, the unit or the classes.
    """
    if values.ndim not in (1, 2):
        raise ValueError(
            f"{name} must have one row a sample, got shape {values.shape}; correct its array"
        )
    if values.dtype.kind in "US":
        return _named_classes(values, kind, unit, name, classes)
    if values.dtype.kind not in "iufb":
        raise ValueError(
            f"{name} must hold numbers, true/false or text, got {values.dtype}; correct its array, "
            "or name others under labels"
        )
    kind = kind or ("discrete" if classes else _kind_of(values))
    if kind == "discrete":
        return _classes(values, unit, name, classes)
    if classes:
        raise ValueError(f"{name} is {kind}, which has no classes; remove classes")
    numbers = values.astype(float)
    if kind == "circular":
        numbers, unit = _angles(numbers, unit, name)
    missing = ~np.isfinite(numbers.reshape(len(numbers), -1)).all(axis=1)
    check_size(numbers[~missing], name)
    return LabelValues(numbers, missing, kind, unit)


def check_size(numbers: np.ndarray, name: str) -> None:
    """Refuse numbers that a recording's float32 cannot hold."""
    largest = float(np.abs(numbers).max(initial=0.0))
    if largest > _LARGEST:
        raise ValueError(
            f"{name} has values up to {largest:g}, above {_LARGEST:.4g}, the most that is kept; "
            "scale it, or correct the file"
        )


def log_text(classes: tuple[str, ...]) -> str:
    """``0 left, 1 right``."""
    return ", ".join(f"{number} {text}" for number, text in enumerate(classes))


def _named_classes(
    values: np.ndarray, kind: LabelKind | None, unit: str, name: str, classes: tuple[str, ...]
) -> LabelValues:
    if kind not in (None, "discrete"):
        raise ValueError(f"{name} holds text, which are classes; remove kind")
    if values.ndim != 1:
        raise ValueError(f"{name} must have one class a sample, got shape {values.shape}")
    texts = values.astype(str)
    missing = texts == ""
    occur = np.unique(texts[~missing]).tolist()
    names = classes or tuple(occur)
    if unknown := [text for text in occur if text not in names]:
        raise ValueError(
            f"{name} holds {', '.join(unknown[:5])}, which classes does not list; it lists "
            f"{', '.join(names)}"
        )
    number = {text: i for i, text in enumerate(names)}
    ids = np.array([number.get(text, 0) for text in texts.tolist()], np.int64)
    return LabelValues(ids, missing, "discrete", unit, names)


def _classes(values: np.ndarray, unit: str, name: str, classes: tuple[str, ...]) -> LabelValues:
    if values.ndim != 1:
        raise ValueError(f"{name} must have one class a sample, got shape {values.shape}")
    missing = ~np.isfinite(values) if values.dtype.kind == "f" else np.zeros(len(values), bool)
    if not are_ids(values[~missing]):
        raise ValueError(
            f"{name} must hold whole numbers to be discrete; declare it continuous, or number the "
            "classes (below 2**63)"
        )
    ids = np.zeros(len(values), np.int64)
    ids[~missing] = values[~missing].astype(np.int64)
    if classes and not (ids.min() >= 0 and ids.max() < len(classes)):
        raise ValueError(
            f"{name} holds classes {ids.min()} to {ids.max()}, but classes names 0 to "
            f"{len(classes) - 1}; name all, or correct the numbers"
        )
    return LabelValues(ids, missing, "discrete", unit, classes)


def are_ids(values: np.ndarray) -> bool:
    """Whether these are whole numbers that an int64 holds."""
    if values.dtype.kind not in "uf":
        return values.dtype.kind in "ib"
    return bool((values == np.rint(values)).all() and (np.abs(values) < 2.0**63).all())


def _angles(values: np.ndarray, unit: str, name: str) -> tuple[np.ndarray, str]:
    if unit in DEGREES:
        return np.deg2rad(values), "deg"
    if unit not in _RADIANS:
        raise ValueError(
            f"{name} is circular, so its unit is rad or deg, got {unit}; correct unit, or declare "
            "it continuous"
        )
    largest = float(np.nanmax(np.abs(values), initial=0.0))
    if largest > 2 * np.pi + 1e-3:
        raise ValueError(
            f"{name} is circular, but its values reach {largest:.4g} rad, more than a turn; say "
            "unit: deg if they are degrees, or wrap them to -π … π"
        )
    return values, "rad"


def _kind_of(values: np.ndarray) -> LabelKind:
    if values.dtype == bool:
        return "discrete"
    whole = np.issubdtype(values.dtype, np.integer) and values.ndim == 1
    return "discrete" if whole and len(np.unique(values)) <= _LEVELS else "continuous"
