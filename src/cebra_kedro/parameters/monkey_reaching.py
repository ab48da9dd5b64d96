"""Parameters of the monkey reaching experiment."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from cebra_kedro.experiments import MONKEY_REACHING, Experiment
from cebra_kedro.parameters.shared import (
    ConsistencyParameters,
    DecodingParameters,
    ExperimentParameters,
)
from cebra_kedro.training.config import Settings


class ReachingIngestionParameters(Settings):
    """From published arrays to a recording.

    Attributes:
        bin_width_s: width of a time bin in seconds.
        expected_neurons: neurons that every file must have; null accepts any.
    """

    bin_width_s: float = Field(gt=0, le=1)
    expected_neurons: int | None = Field(None, ge=1)


class ReachingDecodingParameters(DecodingParameters):
    """The decoders of hand position and direction.

    Attributes:
        decoders: ``knn``, ``ridge`` or both.
        ridge_alphas: candidates for the penalty, chosen on validation trials.
        bin_step: fit and choose on each n-th bin only; test bins are all scored.
    """

    decoders: tuple[Literal["knn", "ridge"], ...] = Field(min_length=1)
    ridge_alphas: tuple[float, ...] = Field(min_length=1)
    bin_step: int = Field(1, ge=1)

    @model_validator(mode="after")
    def _penalties_positive(self) -> Self:
        if min(self.ridge_alphas) <= 0:
            raise ValueError(f"ridge_alphas must be positive, got {list(self.ridge_alphas)}")
        return self


class ReachingConsistencyParameters(ConsistencyParameters):
    """Comparison of embeddings between kinds of sessions.

    Attributes:
        bins: edges of the ranges of x (aligned by position) or of the time in the trial (by
            target).
        cell_cm: height in y of the cells that position is divided into.
    """

    cell_cm: float = Field(gt=0, le=50)


class MonkeyReachingParameters(ExperimentParameters):
    """Everything of the monkey reaching experiment.

    Attributes:
        ingestion: from published arrays to recordings.
        decoding: the decoders.
        consistency: comparison between kinds of sessions.
    """

    experiment: ClassVar[Experiment] = MONKEY_REACHING
    known_labels: ClassVar[tuple[str, ...]] = (
        "position",
        "velocity",
        "target",
        "passive",
        "condition",
    )

    ingestion: ReachingIngestionParameters
    decoding: ReachingDecodingParameters
    consistency: ReachingConsistencyParameters
