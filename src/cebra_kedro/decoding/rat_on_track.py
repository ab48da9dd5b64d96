"""The protocol ``rat_on_track``: where a rat is and which way it runs, by nearest neighbours.

The split comes from outside and is kept strictly: train fits, valid chooses, test scores.
"""

from __future__ import annotations

import numpy as np

from cebra_kedro.decoding.control import permuted_rows
from cebra_kedro.decoding.knn import knn_regression
from cebra_kedro.decoding.protocols import check_request
from cebra_kedro.decoding.samples import Decoded, Samples, scored_samples
from cebra_kedro.decoding.scores import (
    accuracy_percent,
    best_candidate,
    median_absolute_error,
    r2,
)
from cebra_kedro.decoding.settings import DEFAULT_SETTINGS, DecoderSettings
from cebra_kedro.decoding.targets import position_and_class
from cebra_kedro.metrics import CHANCE_PREFIX


def decode_rat_on_track(
    fit: Samples,
    test: Samples | None = None,
    *,
    labels: tuple[str, ...] = ("position", "direction"),
    decoders: tuple[str, ...] = (),
    scores: tuple[str, ...] | None = None,
    settings: DecoderSettings = DEFAULT_SETTINGS,
    shuffle_seed: int | None = None,
) -> list[Decoded]:
    """Decode position and running direction with k nearest neighbours.

    Follows the decoder built into cebra (``datasets/hippocampus.py``, ``decode``): regression on
    position and one-hot direction side by side. ``total_r2`` is that of the published result
    files: the R² over position and the one-hot columns of the decoded direction (0 or 1; cebra's
    own ``decode`` scores the share of neighbours, which comes out higher), equal weights for all
    columns. The direction is the class with the largest share, that is the majority among the
    neighbours; of equal shares, the lowest class id. k is the candidate with the lowest median
    absolute position error on the validation rows, the largest of equals; the neighbours
    are always training rows, never validation rows.

    Chance is the best a predictor can do that knows the training labels but no features,
    scored on the same test rows: the training median of the position for the error, the training
    means for R², the most frequent training class for the direction. It is harder to beat than a
    shuffled pairing of features and labels.

    Args:
        fit: training and validation rows.
        test: whose test rows are scored; None for those of ``fit``.
        labels: name of the position, continuous (time,), and of the direction, discrete (time,).
        decoders: ``knn``.
        scores: None; they are ``<position>_error_median`` (unit of the position),
            ``<position>_r2``, ``total_r2`` and ``<direction>_accuracy`` (%).
        settings: ``neighbours`` (published 1, 4, 9, 16, 25), each at most the number of training
            rows, ``metric`` and ``bin_step``.
        shuffle_seed: the control, see ``DecodingProtocol``.

    Returns:
        One result.

    Raises:
        ValueError: a label is of another kind, or a number of neighbours exceeds the training rows.
        KeyError: a recording has no label of this name.
    """
    (decoder,) = check_request("rat_on_track", labels=labels, decoders=decoders, scores=scores)
    test = scored_samples(fit, test)
    targets = position_and_class(fit, test, labels, shape=())
    train, valid = (fit.rows(part, settings.bin_step) for part in ("train", "valid"))
    of_fit = targets.fit[permuted_rows(len(targets.fit), (train, valid), shuffle_seed)]
    row = test.rows("test")

    def predict(query: np.ndarray, candidates: tuple[int, ...]) -> dict[int, np.ndarray]:
        return knn_regression(
            fit.features[train],
            of_fit[train],
            query,
            candidates=candidates,
            metric=settings.metric,
        )

    guesses = predict(fit.features[valid], settings.neighbours)
    errors = {k: median_absolute_error(of_fit[valid, 0], g[:, 0]) for k, g in guesses.items()}
    k = best_candidate(errors, "lower")
    predicted = predict(test.features[row], (k,))[k]
    position, direction = labels
    found, chance = _scores(targets.test, predicted), _chance_scores(of_fit[train], targets.test)
    names = (f"{position}_error_median", f"{position}_r2", "total_r2", f"{direction}_accuracy")
    return [
        Decoded(
            decoder=decoder,
            scores=dict(zip(names, found, strict=True))
            | {f"{CHANCE_PREFIX}{name}": value for name, value in zip(names, chance, strict=True)},
            units=dict(zip(names, (targets.position.unit, "", "", "%"), strict=True)),
            row=row,
            true={position: targets.position.values[row], direction: targets.ids.values[row]},
            predicted={
                position: predicted[:, 0],
                direction: targets.classes[predicted[:, 1:].argmax(axis=1)],
            },
            chosen={position: float(k), direction: float(k)},
        )
    ]


def _scores(true: np.ndarray, predicted: np.ndarray) -> list[float]:
    """Position error and R², R² with the decided direction, accuracy of the direction."""
    decided = np.eye(predicted.shape[1] - 1)[predicted[:, 1:].argmax(axis=1)]
    return [
        median_absolute_error(true[:, 0], predicted[:, 0]),
        r2(true[:, 0], predicted[:, 0]),
        r2(true, np.column_stack([predicted[:, 0], decided])),
        accuracy_percent(true[:, 1:].argmax(axis=1), predicted[:, 1:].argmax(axis=1)),
    ]


def _chance_scores(train: np.ndarray, test: np.ndarray) -> list[float]:
    # the mean is best for R² and its largest one-hot share is the most frequent class;
    # absolute errors are smallest around the median
    mean = np.broadcast_to(train.mean(axis=0), test.shape)
    median = np.full(len(test), np.median(train[:, 0]))
    _, position_r2, _, accuracy = _scores(test, mean)
    return [median_absolute_error(test[:, 0], median), position_r2, r2(test, mean), accuracy]
