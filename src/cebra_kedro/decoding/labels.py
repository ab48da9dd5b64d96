"""The protocol ``labels``: any labels, each decoded on its own and scored as its kind asks.

What a kind of label is scored by is said in ``kinds``, which decoders there are in ``decoders``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cebra_kedro.decoding.control import permuted_rows
from cebra_kedro.decoding.decoders import Fit, fitting_decoder
from cebra_kedro.decoding.kinds import KINDS, TRAIN_SUFFIX, better
from cebra_kedro.decoding.protocols import check_request
from cebra_kedro.decoding.samples import Decoded, Samples, scored_samples
from cebra_kedro.decoding.scores import best_candidate
from cebra_kedro.decoding.settings import DEFAULT_SETTINGS, DecoderSettings
from cebra_kedro.metrics import CHANCE_PREFIX
from cebra_kedro.recording import Label


def decode_labels(
    fit: Samples,
    test: Samples | None = None,
    *,
    labels: tuple[str, ...],
    decoders: tuple[str, ...] = (),
    scores: tuple[str, ...] | None = None,
    settings: DecoderSettings = DEFAULT_SETTINGS,
    shuffle_seed: int | None = None,
) -> list[Decoded]:
    """Decode labels of any kind.

    A continuous label is regressed as it is, a circular one as (cos, sin), of which the angle is
    decoded; of a discrete one, the class is named. ``knn`` (the default) takes the mean of the
    neighbours or their most frequent class (of equals, the lowest id) and works on features as
    they are; ``ridge`` (continuous and circular labels) and ``logistic`` (discrete) work on
    features standardised by the training rows; ``bayes`` is Gaussian naive Bayes (discrete).

    Scores are called ``<label>_<score>``:

    - continuous: ``error_median``, the median Euclidean distance in the label's unit, and ``r2``,
      with equal weights for all columns; on request ``r2_train``, on the training rows.
    - circular: ``error_mean``, the mean error along the shorter arc in deg, and ``r2`` of cosine
      and sine; on request ``r2_train``.
    - discrete: ``accuracy``, and ``balanced_accuracy``, the mean over the classes in the test
      rows, both in %.

    The first score that is not of the training rows chooses the candidate (number of neighbours,
    penalty, smoothing) on the validation rows; of equals, the largest, as the smoothest. What is
    fitted is always the training rows, never validation rows. Numbers of neighbours above the
    number of training rows are left out.

    Chance is the best a predictor can do that knows the training labels but no features, on the
    same rows: the training mean for ``r2``, the training median (of each column) for
    ``error_median``, the constant angle with the smallest mean error on the training rows, the most
    frequent training class for ``accuracy``. ``balanced_accuracy`` of always naming one of the
    classes in the test rows is 100 % divided by their number.

    Args:
        fit: training and validation rows.
        test: whose test rows are scored; None for those of ``fit``.
        labels: of the recordings, of one kind in both.
        decoders: one or more of ``knn``, ``ridge``, ``logistic``, ``bayes``, each fit for every
            label.
        scores: each label gets those of its kind, in this order; None for the first two above.
        settings: candidates of the decoders; ``window_frames`` is for frames of a movie.
        shuffle_seed: the control, see ``DecodingProtocol``.

    Returns:
        One result for each decoder; predictions have the form and unit of the label.

    Raises:
        ValueError: a decoder or score does not fit a label, or a label cannot be decoded.
        KeyError: a recording has no label of this name.
    """
    decoders = check_request("labels", labels=labels, decoders=decoders, scores=scores)
    test = scored_samples(fit, test)
    rows = {part: fit.rows(part, settings.bin_step) for part in ("train", "valid")}
    order = permuted_rows(len(fit.features), rows.values(), shuffle_seed)
    features = {part: fit.features[row] for part, row in rows.items()}
    label_rows = {part: order[row] for part, row in rows.items()}
    label_rows["test"] = row = test.rows("test")
    features["test"] = test.features[row]
    targets = [_target(fit, test, name, scores, label_rows) for name in labels]
    _check_scores_are_used(scores, targets)
    fits = {
        decoder: [
            fitting_decoder(decoder, target.name, target.label.kind).fit for target in targets
        ]
        for decoder in decoders
    }
    return [
        _together(
            decoder,
            row,
            [
                _decode(target, fit_decoder, features, settings)
                for target, fit_decoder in zip(targets, fits[decoder], strict=True)
            ],
        )
        for decoder in decoders
    ]


@dataclass(frozen=True, eq=False)
class _Target:
    """One label: the scores asked for, its values by part, and as it is in the test rows."""

    name: str
    label: Label
    scores: tuple[str, ...]
    values: dict[str, np.ndarray]
    true: np.ndarray


@dataclass(frozen=True, eq=False)
class _OneLabel:
    """What one decoder made of one label."""

    target: _Target
    scores: dict[str, float]
    units: dict[str, str]
    predicted: np.ndarray
    chosen: float


def _target(
    fit: Samples,
    test: Samples,
    name: str,
    scores: Sequence[str] | None,
    rows: dict[str, np.ndarray],
) -> _Target:
    label, scored = (samples.recording.label(name) for samples in (fit, test))
    _check_label(name, label, scored)
    kind = KINDS[label.kind]
    wanted = kind.default_scores if scores is None else scores
    of_kind = tuple(score for score in wanted if score in kind.score_names)
    if all(score.endswith(TRAIN_SUFFIX) for score in of_kind):
        raise ValueError(
            f"scores must hold one by which a candidate is chosen for {name}, a {label.kind} "
            f"label: {' or '.join(kind.scores)}; got {', '.join(wanted) or 'none'}"
        )
    true = scored.values[rows["test"]]
    values = {part: kind.values(label.values[rows[part]]) for part in ("train", "valid")}
    return _Target(name, label, of_kind, values | {"test": kind.values(true)}, true)


def _decode(
    target: _Target, fit_decoder: Fit, features: dict[str, np.ndarray], settings: DecoderSettings
) -> _OneLabel:
    """Fit to training rows, choose on validation rows, score test rows."""
    kind, values = KINDS[target.label.kind], target.values
    predict = fit_decoder(features["train"], kind.targets(values["train"]), settings)
    choosing = next(score for score in target.scores if not score.endswith(TRAIN_SUFFIX))
    guesses = predict(features["valid"])
    chosen = best_candidate(
        {c: kind.scores[choosing].score(values["valid"], g) for c, g in guesses.items()},
        better(choosing),
    )
    predicted = predict(features["test"])[chosen]
    scores, units = {}, {}
    for score in target.scores:
        of_kind, metric = kind.scores[score.removesuffix(TRAIN_SUFFIX)], f"{target.name}_{score}"
        part, guess = "test", predicted
        if score.endswith(TRAIN_SUFFIX):
            part, guess = "train", predict(features["train"])[chosen]
        scores[metric] = of_kind.score(values[part], guess)
        scores[f"{CHANCE_PREFIX}{metric}"] = of_kind.chance(values["train"], values[part])
        units[metric] = target.label.unit if of_kind.unit is None else of_kind.unit
    decoded = kind.decoded(predicted).reshape(target.true.shape)
    return _OneLabel(target, scores, units, decoded, float(chosen))


def _together(decoder: str, row: np.ndarray, results: Sequence[_OneLabel]) -> Decoded:
    return Decoded(
        decoder=decoder,
        scores={metric: value for one in results for metric, value in one.scores.items()},
        units={metric: unit for one in results for metric, unit in one.units.items()},
        row=row,
        true={one.target.name: one.target.true for one in results},
        predicted={one.target.name: one.predicted for one in results},
        chosen={one.target.name: one.chosen for one in results},
    )


def _check_label(name: str, label: Label, scored: Label) -> None:
    for one in (label, scored):
        if one.table is not None:
            raise ValueError(
                f"{name} has a table of what each of its codes means, and is not decoded row by "
                "row; decode the code, a discrete label"
            )
        if one.kind == "discrete" and one.values.ndim != 1:
            raise ValueError(
                f"{name} must hold one class id per bin to be decoded, got shape "
                f"{one.values.shape}; give each column a label of its own"
            )
    if (label.kind, label.values.shape[1:]) != (scored.kind, scored.values.shape[1:]):
        raise ValueError(
            f"{name} must be alike in both recordings, got {label.kind} {label.values.shape} in "
            f"fit and {scored.kind} {scored.values.shape} in test"
        )


def _check_scores_are_used(scores: Sequence[str] | None, targets: Sequence[_Target]) -> None:
    used = {score for target in targets for score in target.scores}
    unused = [score for score in scores or () if score not in used]
    if unused:
        kinds = {f"{t.name} ({', '.join(KINDS[t.label.kind].score_names)})" for t in targets}
        raise ValueError(
            f"scores {', '.join(unused)} fit no label; those of each are {', '.join(sorted(kinds))}"
        )
