"""Parameters of the rat hippocampus experiment."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from cebra_kedro.experiments import HIPPOCAMPUS, Experiment
from cebra_kedro.parameters.shared import ExperimentParameters
from cebra_kedro.training.config import Settings


class IngestionParameters(Settings):
    """From published arrays to a recording.

    Attributes:
        bin_width_s: width of a time bin in seconds.
        folds: outer blocks and folds of the nested trial split.
        expected_neurons: neurons that a subject's file must have; subjects left out may have any.
    """

    bin_width_s: float = Field(gt=0, le=10)
    folds: int = Field(3, ge=2, le=10)
    expected_neurons: dict[str, int] = Field(default_factory=dict)


class HippocampusParameters(ExperimentParameters):
    """Everything of the hippocampus experiment.

    Attributes:
        ingestion: from published arrays to recordings.
    """

    experiment: ClassVar[Experiment] = HIPPOCAMPUS
    known_labels: ClassVar[tuple[str, ...]] = ("position", "direction", "increasing")

    ingestion: IngestionParameters

    @model_validator(mode="after")
    def _rats_exist(self) -> Self:
        for rat in self.ingestion.expected_neurons:
            if rat not in HIPPOCAMPUS.subjects:
                raise ValueError(
                    f"ingestion.expected_neurons names {rat}, but the rats are "
                    f"{', '.join(HIPPOCAMPUS.subjects)}"
                )
        return self
