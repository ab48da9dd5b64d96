"""What ``conf/*/parameters_*.yml`` may say: one file an experiment, and the blocks they share."""

from __future__ import annotations

from cebra_kedro.parameters.hippocampus import HippocampusParameters, IngestionParameters
from cebra_kedro.parameters.shared import (
    BaselineParameters,
    ConsistencyParameters,
    DecodingParameters,
    ExperimentParameters,
    TrainingParameters,
    VariantParameters,
    available_cores,
)
from cebra_kedro.training.config import Settings

__all__ = [
    "BaselineParameters",
    "ConsistencyParameters",
    "DecodingParameters",
    "ExperimentParameters",
    "HippocampusParameters",
    "IngestionParameters",
    "ProjectParameters",
    "TrainingParameters",
    "VariantParameters",
    "available_cores",
]


class ProjectParameters(Settings):
    """The whole of ``parameters*.yml``: catches a misspelt block before anything runs."""

    hippocampus: HippocampusParameters
