"""Reaching: embeddings → scores and predictions on test trials, also across kinds of sessions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from cebra_kedro.decoding import (
    METRIC_UNITS,
    ReachingDecoding,
    ReachingSamples,
    decode_reaching,
    metrics_rows,
)
from cebra_kedro.parameters import ReachingDecodingParameters, VariantParameters
from cebra_kedro.pipelines import fold_and_seed

Entry = dict[str, np.ndarray]
Partitions = dict[str, Callable[[], Entry]]

UNITS = {**METRIC_UNITS, "position_error_median": "cm"}


def decode_reach(
    embeddings: Partitions,
    parameters: ReachingDecodingParameters,
    experiment: str,
    subject: str,
    variant: str,
    control: VariantParameters | None = None,
) -> tuple[pd.DataFrame, dict[str, Entry]]:
    """Scores of every seed and decoder, and what was decoded on the test trials.

    The decoder of a control (``shuffle_labels``) is fitted to permuted labels, as its encoder was:
    any projection of the activity, even a random one, tells a decoder with true labels something.
    """
    scores, predictions = [], {}
    for key in sorted(embeddings, key=fold_and_seed):
        entry = embeddings[key]()
        decoded = _decode(entry, entry, parameters, _shuffle_seed(control, key))
        scores.append(_score_rows(decoded, key, experiment, subject, variant))
        predictions[key] = _predictions(entry, decoded)
    return pd.concat(scores, ignore_index=True), predictions


def decode_transfer(
    embeddings: Partitions,
    transferred: Partitions,
    parameters: ReachingDecodingParameters,
    experiment: str,
    subject: str,
    variant: str,
    control: VariantParameters | None = None,
) -> pd.DataFrame:
    """Scores on the test trials of another kind of session, by the same encoder and decoder."""
    scores = []
    for key in sorted(embeddings, key=fold_and_seed):
        entries = embeddings[key](), transferred[key]()
        decoded = _decode(*entries, parameters, _shuffle_seed(control, key))
        scores.append(_score_rows(decoded, key, experiment, subject, variant))
    return pd.concat(scores, ignore_index=True)


def _shuffle_seed(control: VariantParameters | None, key: str) -> int | None:
    """Seed that permutes the labels of a control's decoder: that of its encoder. Else None."""
    return fold_and_seed(key)[1] if control is not None and control.shuffle_labels else None


def _decode(
    fit: Entry, test: Entry, parameters: ReachingDecodingParameters, shuffle_seed: int | None
) -> dict[str, ReachingDecoding]:
    return decode_reaching(
        _samples(fit),
        test=_samples(test),
        neighbours=parameters.neighbours,
        ridge_alphas=parameters.ridge_alphas,
        metric=parameters.metric,
        decoders=parameters.decoders,
        bin_step=parameters.bin_step,
        shuffle_seed=shuffle_seed,
    )


def _samples(entry: Entry) -> ReachingSamples:
    return ReachingSamples(
        features=entry["embedding"],
        position=entry["position"],
        target=entry["target"],
        part=entry["part"],
    )


def _score_rows(
    decoded: dict[str, ReachingDecoding], key: str, experiment: str, subject: str, variant: str
) -> pd.DataFrame:
    fold, seed = fold_and_seed(key)
    tables = [
        metrics_rows(
            result.scores,
            experiment=experiment,
            subject=subject,
            variant=variant,
            fold=fold,
            seed=seed,
            decoder=decoder,
            units=UNITS,
        )
        for decoder, result in decoded.items()
    ]
    return pd.concat(tables, ignore_index=True)


def _predictions(entry: Entry, decoded: dict[str, ReachingDecoding]) -> Entry:
    """The truth of the test rows, and what each decoder made of it."""
    test_rows = next(iter(decoded.values())).test_rows
    predictions = {
        name: entry[name][test_rows] for name in ("time_s", "trial", "position", "target")
    }
    for decoder, result in decoded.items():
        predictions |= {
            f"{decoder}_position": result.predicted_position,
            f"{decoder}_target": result.predicted_target,
            f"{decoder}_chosen": np.array([result.chosen["position"], result.chosen["direction"]]),
        }
    return {"row": test_rows, **predictions}
