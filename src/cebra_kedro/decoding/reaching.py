"""The protocol ``reaching``: where the hand is and which way the trial goes, bin by bin.

The split comes from outside and is kept strictly: train fits, valid chooses, test scores. What is
fitted to one recording may be scored on another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from cebra_kedro.decoding.control import permuted_rows
from cebra_kedro.decoding.knn import knn_regression
from cebra_kedro.decoding.linear import fitted_ridge
from cebra_kedro.decoding.protocols import check_request
from cebra_kedro.decoding.samples import Decoded, Samples, scored_samples
from cebra_kedro.decoding.scores import accuracy_percent, best_candidate, median_distance, r2
from cebra_kedro.decoding.settings import DEFAULT_SETTINGS, DecoderSettings
from cebra_kedro.decoding.targets import position_and_class
from cebra_kedro.metrics import CHANCE_PREFIX

Predictor = Callable[[np.ndarray, Sequence[Any]], Mapping[Any, np.ndarray]]
"""Function (features (row, dim), candidates) → candidate → predicted targets (row, 2 + class)."""


def decode_reaching(
    fit: Samples,
    test: Samples | None = None,
    *,
    labels: tuple[str, ...] = ("position", "target"),
    decoders: tuple[str, ...] = (),
    scores: tuple[str, ...] | None = None,
    settings: DecoderSettings = DEFAULT_SETTINGS,
    shuffle_seed: int | None = None,
) -> list[Decoded]:
    """Decode hand position and direction, bin by bin, with several decoders.

    ``knn`` takes the mean position of the k nearest training bins and the most frequent target
    among them (of equals, the lowest id). ``ridge`` is linear regression with a penalty on
    standardised features, for the direction on the one-hot targets (scikit-learn's
    ``RidgeClassifier``), the largest column decides. Of either, the candidate is chosen on the
    validation rows of ``fit``, for the position by R² (as this experiment is published) and for the
    direction by accuracy (of equals, the largest, as the smoothest); what is fitted is always the
    training rows of ``fit``, never validation rows.

    Every bin is scored, also those before the movement, where direction can hardly be known.

    Chance is what can be done with the training labels but without features, on the same test
    rows: the mean position for R², the median x and y for the distance; for the direction, the
    expected accuracy of guesses as frequent as the targets are in training (12.5 % if all 8 are
    equally frequent there, however frequent they are among the few test trials).

    Args:
        fit: training and validation rows.
        test: whose test rows are scored; None for those of ``fit``.
        labels: name of the hand position, continuous (time, 2), and of the target, discrete
            (time,).
        decoders: ``knn``, ``ridge`` or both.
        scores: None; they are ``<position>_r2``, ``<position>_error_median`` (Euclidean, unit of
            the position) and ``direction_accuracy`` (%) of the target.
        settings: ``neighbours``, each at most the number of training bins used, ``metric``,
            ``alphas`` of ``ridge`` and ``bin_step``.
        shuffle_seed: the control, see ``DecodingProtocol``.

    Returns:
        One result for each decoder.

    Raises:
        ValueError: a label is of another kind, a decoder is unknown, or a number of neighbours
            exceeds the training rows.
        KeyError: a recording has no label of this name.
    """
    decoders = check_request("reaching", labels=labels, decoders=decoders, scores=scores)
    test = scored_samples(fit, test)
    targets = position_and_class(fit, test, labels, shape=(2,))
    train, valid = (fit.rows(part, settings.bin_step) for part in ("train", "valid"))
    of_fit = targets.fit[permuted_rows(len(targets.fit), (train, valid), shuffle_seed)]
    row = test.rows("test")
    position, target = labels
    names = (f"{position}_r2", f"{position}_error_median", "direction_accuracy")
    chance = _chance_scores(of_fit[train], targets.test)
    candidates_of: dict[str, Sequence[Any]] = {
        "knn": settings.neighbours,
        "ridge": settings.alphas,
    }
    decoded = []
    for decoder in decoders:
        predict = _fitted(decoder, fit.features[train], of_fit[train], settings)
        guesses = predict(fit.features[valid], candidates_of[decoder])
        found = {candidate: _scores(of_fit[valid], guess) for candidate, guess in guesses.items()}
        by_r2, by_accuracy = (
            best_candidate({candidate: one[i] for candidate, one in found.items()}, "higher")
            for i in (0, 2)
        )
        guesses = predict(test.features[row], sorted({by_r2, by_accuracy}))
        predicted = np.column_stack([guesses[by_r2][:, :2], guesses[by_accuracy][:, 2:]])
        of_test = _scores(targets.test, predicted)
        decoded.append(
            Decoded(
                decoder=decoder,
                scores=dict(zip(names, of_test, strict=True))
                | {f"{CHANCE_PREFIX}{n}": value for n, value in zip(names, chance, strict=True)},
                units=dict(zip(names, ("", targets.position.unit, "%"), strict=True)),
                row=row,
                true={position: targets.position.values[row], target: targets.ids.values[row]},
                predicted={
                    position: predicted[:, :2],
                    target: targets.classes[predicted[:, 2:].argmax(axis=1)],
                },
                chosen={position: float(by_r2), target: float(by_accuracy)},
            )
        )
    return decoded


def _fitted(
    decoder: str, features: np.ndarray, targets: np.ndarray, settings: DecoderSettings
) -> Predictor:
    if decoder == "ridge":
        return fitted_ridge(features, targets)
    return lambda queries, candidates: knn_regression(
        features, targets, queries, candidates=candidates, metric=settings.metric
    )


def _scores(true: np.ndarray, predicted: np.ndarray) -> list[float]:
    """R² and error of the position, accuracy of the direction."""
    return [
        r2(true[:, :2], predicted[:, :2]),
        median_distance(true[:, :2], predicted[:, :2]),
        accuracy_percent(true[:, 2:].argmax(axis=1), predicted[:, 2:].argmax(axis=1)),
    ]


def _chance_scores(train: np.ndarray, test: np.ndarray) -> list[float]:
    mean, median = (
        _scores(test, np.broadcast_to(constant, test.shape))
        for constant in (train.mean(axis=0), np.median(train, axis=0))
    )
    guesses = 100 * float(train[:, 2:].mean(axis=0) @ test[:, 2:].mean(axis=0))
    return [mean[0], median[1], guesses]
