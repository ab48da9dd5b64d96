"""Decoders by name, fitted to training rows: each predicts with all of its candidates.

The methods are in ``knn``, ``linear`` and ``naive_bayes``; the choice among candidates is left to
the protocols.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np

from cebra_kedro.decoding.knn import knn_classification, knn_regression
from cebra_kedro.decoding.linear import fitted_logistic, fitted_ridge
from cebra_kedro.decoding.naive_bayes import bayes_classification
from cebra_kedro.decoding.settings import DecoderSettings
from cebra_kedro.recording import LabelKind

Predict = Callable[[np.ndarray], Mapping[float, np.ndarray]]
"""Function features (row, dim) → candidate → predicted targets."""
Fit = Callable[[np.ndarray, np.ndarray, DecoderSettings], Predict]
"""Function (features (train, dim), targets (train, ...), settings) → the fitted decoder."""


@dataclass(frozen=True)
class Decoder:
    """One decoder.

    Attributes:
        kinds: kinds of labels that it decodes.
        fit: fits it; targets are class ids (train,) or float64 (train, target).
    """

    kinds: tuple[LabelKind, ...]
    fit: Fit


def _knn(features: np.ndarray, targets: np.ndarray, settings: DecoderSettings) -> Predict:
    """Mean of the neighbours' targets, or their most frequent class."""
    candidates = [k for k in settings.neighbours if k <= len(features)]
    if not candidates:
        raise ValueError(
            f"neighbours must hold a number of at most {len(features)}, the number of training "
            f"rows, got {list(settings.neighbours)}; add a smaller one"
        )
    method = knn_classification if targets.ndim == 1 else knn_regression
    return partial(  # type: ignore[return-value]
        method, features, targets, candidates=candidates, metric=settings.metric
    )


def _ridge(features: np.ndarray, targets: np.ndarray, settings: DecoderSettings) -> Predict:
    predict = fitted_ridge(features, targets)
    return lambda query: predict(query, settings.alphas)


def _logistic(features: np.ndarray, targets: np.ndarray, settings: DecoderSettings) -> Predict:
    predict = fitted_logistic(features, targets)
    return lambda query: predict(query, settings.alphas)


def _bayes(features: np.ndarray, targets: np.ndarray, settings: DecoderSettings) -> Predict:
    return partial(bayes_classification, features, targets, candidates=settings.smoothings)


DECODERS: Mapping[str, Decoder] = MappingProxyType(
    {
        "knn": Decoder(("continuous", "discrete", "circular"), _knn),
        "ridge": Decoder(("continuous", "circular"), _ridge),
        "logistic": Decoder(("discrete",), _logistic),
        "bayes": Decoder(("discrete",), _bayes),
    }
)
"""Name → decoder."""


def fitting_decoder(name: str, label: str, kind: LabelKind) -> Decoder:
    """The decoder of a name.

    Raises:
        ValueError: it does not decode labels of this kind; the message names those that do.
    """
    decoder = DECODERS[name]
    if kind not in decoder.kinds:
        fit = [known for known, other in DECODERS.items() if kind in other.kinds]
        raise ValueError(
            f"the decoder {name} is for {' and '.join(decoder.kinds)} labels, but {label} is "
            f"{kind}; use {' or '.join(fit)}"
        )
    return decoder
