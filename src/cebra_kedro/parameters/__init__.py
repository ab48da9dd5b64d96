"""What ``conf/*/parameters_*.yml`` may say: one file an experiment, and the blocks they share."""

from __future__ import annotations

from cebra_kedro.parameters.allen import (
    AllenConsistencyParameters,
    AllenParameters,
    MovieDecodingParameters,
    MovieIngestionParameters,
    MovieTrainingParameters,
    MovieVariantParameters,
    NeuronSweepParameters,
)
from cebra_kedro.parameters.hippocampus import HippocampusParameters, IngestionParameters
from cebra_kedro.parameters.monkey_reaching import (
    MonkeyReachingParameters,
    ReachingConsistencyParameters,
    ReachingDecodingParameters,
    ReachingIngestionParameters,
)
from cebra_kedro.parameters.shared import (
    BaselineParameters,
    ConsistencyParameters,
    DecodingParameters,
    ExperimentParameters,
    TrainingParameters,
    VariantParameters,
)
from cebra_kedro.parameters.synthetic import (
    GuidanceParameters,
    SweepParameters,
    SyntheticBaselineParameters,
    SyntheticDecodingParameters,
    SyntheticIngestionParameters,
    SyntheticParameters,
)
from cebra_kedro.training.config import Settings

__all__ = [
    "AllenConsistencyParameters",
    "AllenParameters",
    "BaselineParameters",
    "ConsistencyParameters",
    "DecodingParameters",
    "ExperimentParameters",
    "GuidanceParameters",
    "HippocampusParameters",
    "IngestionParameters",
    "MonkeyReachingParameters",
    "MovieDecodingParameters",
    "MovieIngestionParameters",
    "MovieTrainingParameters",
    "MovieVariantParameters",
    "NeuronSweepParameters",
    "ProjectParameters",
    "ReachingConsistencyParameters",
    "ReachingDecodingParameters",
    "ReachingIngestionParameters",
    "SweepParameters",
    "SyntheticBaselineParameters",
    "SyntheticDecodingParameters",
    "SyntheticIngestionParameters",
    "SyntheticParameters",
    "TrainingParameters",
    "VariantParameters",
]


class ProjectParameters(Settings):
    """The whole of ``parameters*.yml``: catches a misspelt block before anything runs."""

    hippocampus: HippocampusParameters
    monkey_reaching: MonkeyReachingParameters
    allen: AllenParameters
    allen_consistency: AllenConsistencyParameters
    synthetic: SyntheticParameters
