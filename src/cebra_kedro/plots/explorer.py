"""What the interactive page shows of a session, as plain numbers: points, labels, decoded, losses.

Nothing is drawn here: the page's script turns these numbers into plots. Long recordings are thinned
to what a browser rotates without effort; scores and figures are computed of all rows.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from cebra_kedro.convergence import late_rise_bits
from cebra_kedro.plots.class_colours import CLASS_COLOURS, class_key
from cebra_kedro.plots.label_colours import label_columns
from cebra_kedro.plots.results import Predicted, Results, Variant
from cebra_kedro.plots.space import shown_coordinates
from cebra_kedro.recording import Label, Recording

MOST_POINTS = 3000
"""Rows of an embedding that are shown; of more, every second, third …"""
MOST_DECODED = 1200
"""Test rows of a decoded label that are shown, from the first on."""
MOST_STEPS = 100
"""Steps of a training curve that are shown."""
_MOST_CLASSES = len(CLASS_COLOURS)
_COORDINATE = 2**15 - 1


def session_numbers(results: Results, session: str) -> dict[str, Any]:
    """Everything that the page lets one explore of a session, first fold and seed.

    Args:
        results: the results.
        session: the session.

    Returns:
        JSON values. ``rows``: population → time, trial, part and labels of the rows shown;
        ``embeddings``: variant → up to three coordinates, scaled to whole numbers, of the rows of
        its population; ``decoded``: label → test rows, true and predicted; ``loss``: encoder →
        goodness of fit by step, and what :func:`late_rise_bits` says of it. Arrays are base64 of
        little-endian numbers, see :func:`packed`.
    """
    embeddings = dict(_embeddings(results, session))
    populations = dict.fromkeys(variant["population"] for variant in embeddings.values())
    return {
        "session": session,
        "rows": {name: _rows(results, session, name) for name in populations},
        "embeddings": embeddings,
        "decoded": list(_decoded(results, session)),
        "loss": _losses(results.history(session)),
    }


def packed(values: np.ndarray) -> dict[str, str]:
    """An array as text: its type (``f4``, ``i2``, ``i4`` or ``u1``) and base64 of its bytes.

    Args:
        values: array (n,) of numbers; floats become single precision, whole numbers as short as
            they fit.
    """
    if values.dtype.kind == "f":
        kind = "f4"
    else:
        low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
        fits = {"u1": low >= 0 and high < 2**8, "i2": low >= -(2**15) and high < 2**15}
        kind = next((name for name, fit in fits.items() if fit), "i4")
    data = np.ascontiguousarray(values, dtype=np.dtype(kind).newbyteorder("<"))
    return {"type": kind, "data": base64.b64encode(data.tobytes()).decode("ascii")}


# --- embeddings and the rows that they are of -----------------------------------------------------


def _embeddings(results: Results, session: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for variant in results.variants:
        embedding = results.embedding(session, variant.name)
        if embedding is None or not np.isfinite(embedding).any():
            continue
        shown = shown_coordinates(embedding)
        points = shown.points[:: _stride(len(embedding))]
        largest = float(np.nanmax(np.abs(points))) or 1.0
        whole = np.nan_to_num(np.rint(points / largest * _COORDINATE)).astype(np.int16)
        yield (
            variant.name,
            {
                "population": variant.population,
                "axes": list(shown.axis_labels),
                "note": shown.note,
                "scale": largest / _COORDINATE,
                "coordinates": [packed(column) for column in whole.T],
            },
        )


def _stride(n_time: int) -> int:
    return math.ceil(n_time / MOST_POINTS)


def _rows(results: Results, session: str, population: str) -> dict[str, Any]:
    recording = results.recording(session, population)
    shown = slice(None, None, _stride(recording.n_time))
    trial = recording.segment() if recording.trial is None else recording.trial
    return {
        "every": _stride(recording.n_time),
        "time_s": packed((np.arange(recording.n_time) * recording.bin_width_s)[shown]),
        "trial": packed(np.asarray(trial)[shown]),
        "part": packed(np.asarray(results.part(session, population))[shown]),
        "labels": list(_labels(recording, shown)),
    }


def _labels(recording: Recording, shown: slice) -> Iterator[dict[str, Any]]:
    """Columns of labels that differ from row to row; features of many dimensions tell no colour."""
    for name, label in recording.labels.items():
        if label.table is not None:
            continue
        for column, values in label_columns(label, name).items():
            if np.ptp(values) > 0:
                yield {
                    "name": column.replace("_", " "),
                    "kind": label.kind,
                    "unit": label.unit,
                    "values": packed(values[shown]),
                    "classes": _classes(label, name),
                }


def _classes(label: Label, name: str) -> list[dict[str, Any]]:
    """Id, name and colour of each class; empty where there are many, which a colour bar shows."""
    if label.kind != "discrete" or len(label.classes) > _MOST_CLASSES:
        return []
    key = class_key(name, [int(one) for one in label.classes], of=label)
    return [
        {"id": one, "name": text, "colour": colour}
        for one, text, colour in zip(key.ids, key.names, CLASS_COLOURS, strict=False)
    ]


# --- what decoders made of the test rows ----------------------------------------------------------


def _decoded(results: Results, session: str) -> Iterator[dict[str, Any]]:
    populations = dict.fromkeys(variant.population for variant in results.variants)
    for population in populations:
        recording = results.recording(session, population)
        variants = [one for one in results.variants if one.population == population]
        for name, label in recording.labels.items():
            found = {
                variant: decoded
                for variant in variants
                if (decoded := results.predicted(session, variant.name, name)) is not None
            }
            if found:
                yield from _of_label(name, label, recording, found)


def _of_label(
    name: str, label: Label, recording: Recording, found: dict[Variant, Predicted]
) -> Iterator[dict[str, Any]]:
    classes = _classes(label, name)
    first = next(iter(found.values()))
    about = {"kind": label.kind, "unit": label.unit, "population": next(iter(found)).population}
    if classes:
        counts = {
            variant.name: {
                decoder: _confusion(decoded.true, predicted, [one["id"] for one in classes])
                for decoder, predicted in decoded.predicted.items()
            }
            for variant, decoded in found.items()
        }
        yield {**about, "name": name.replace("_", " "), "classes": classes, "counts": counts}
        return
    shown = slice(0, MOST_DECODED)
    n_columns = 1 if first.true.ndim == 1 else first.true.shape[1]
    for column in range(n_columns):
        suffix = f" {'xyz'[column]}" if n_columns in (2, 3) else f" {column + 1}"
        yield {
            **about,
            "name": name.replace("_", " ") + (suffix if n_columns > 1 else ""),
            "classes": [],
            "time_s": packed(first.row[shown] * recording.bin_width_s),
            "trial": packed(recording.segment()[first.row[shown]]),
            "true": packed(_column(first.true, column)[shown]),
            "predicted": {
                variant.name: {
                    decoder: packed(_column(values, column)[shown])
                    for decoder, values in decoded.predicted.items()
                }
                for variant, decoded in found.items()
            },
        }


def _column(values: np.ndarray, column: int) -> np.ndarray:
    return values if values.ndim == 1 else values[:, column]


def _confusion(true: np.ndarray, predicted: np.ndarray, ids: list[int]) -> list[list[int]]:
    """How often each class (row) was taken for each other (column)."""
    return [
        [int(np.count_nonzero((true == one) & (predicted == other))) for other in ids]
        for one in ids
    ]


# --- training -------------------------------------------------------------------------------------


def _losses(history: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Encoder → steps, the mean goodness of fit of its runs, and how far it rose at the end."""
    found = {}
    for name, of_encoder in history.groupby("variant", sort=False) if len(history) else ():
        by_step = of_encoder.groupby("step")
        table = by_step["goodness_of_fit_bits"].agg(["mean", "size"])
        rate = by_step["learning_rate"].mean()
        late_rise = late_rise_bits(table["mean"].to_numpy(), rate.to_numpy())
        table = table[:: math.ceil(len(table) / MOST_STEPS)]
        found[str(name)] = {
            "n_runs": int(table["size"].max()),
            "step": packed(table.index.to_numpy()),
            "mean": packed(table["mean"].to_numpy(float)),
            "late_rise_bits": late_rise,
        }
    return found
