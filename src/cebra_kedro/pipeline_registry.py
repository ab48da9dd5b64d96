"""All pipelines by name, made from the descriptions that the configuration holds.

One for each stage, one for each experiment (also the user's own in ``conf/local``), ``everything``
for all of these together, the paper's figures, and ``__default__``: what ``kedro run`` alone does,
a part of each experiment that names one (``default_run``).
"""

from __future__ import annotations

import logging
import os
import warnings
from pathlib import Path

from kedro.framework.project import settings
from kedro.pipeline import Pipeline
from kedro.utils import find_kedro_project

from cebra_kedro.configuration import configuration
from cebra_kedro.experiment import Descriptions, Experiment
from cebra_kedro.experiment.descriptions import STAGES
from cebra_kedro.pipelines import (
    attribution,
    consistency,
    decoding,
    ingestion,
    paper_figures,
    reporting,
    training,
)

logger = logging.getLogger(__name__)


def register_pipelines() -> dict[str, Pipeline]:
    """Stages, experiments, ``everything``, ``paper_figures`` and ``__default__``.

    A description that is wrong is said and left out; the others stay.
    """
    descriptions = read_descriptions()
    for problem in descriptions.problems.values():
        logger.error("%s", problem)
    parts = {name: stages_of(name, one) for name, one in descriptions.experiments.items()}
    stages = {
        stage: Pipeline([of_experiment[stage] for of_experiment in parts.values()])
        for stage in STAGES
    }
    experiments = {name: Pipeline(of_stage.values()) for name, of_stage in parts.items()}
    # Drawn from published results, not from recordings: on request only.
    figures = {"paper_figures": paper_figures.create_pipeline()}
    everything = Pipeline(stages.values())
    default = default_pipeline(descriptions)
    return {
        **stages,
        **experiments,
        **figures,
        "everything": everything,
        "__default__": default if default.nodes else everything,
    }


def default_pipeline(descriptions: Descriptions) -> Pipeline:
    """What ``kedro run`` alone does: of each experiment the part that it names, if it names one."""
    parts = {
        name: one.for_default_run()
        for name, one in descriptions.experiments.items()
        if one.default_run is not None
    }
    return Pipeline(stage for name, one in parts.items() for stage in stages_of(name, one).values())


def stages_of(name: str, experiment: Experiment) -> dict[str, Pipeline]:
    """The pipeline of each stage of one experiment."""
    with warnings.catch_warnings():
        # Namespaces are those of stages, names of entries those of experiments, as it should be.
        warnings.filterwarnings("ignore", message="One or more dataset names contain")
        compared = consistency.create_pipeline(name, experiment)
        return {
            "ingestion": ingestion.create_pipeline(name, experiment),
            "training": training.create_pipeline(name, experiment),
            "decoding": decoding.create_pipeline(name, experiment),
            "consistency": compared,
            "attribution": attribution.create_pipeline(name, experiment),
            "reporting": reporting.create_pipeline(name, experiment, compared=bool(compared.nodes)),
        }


def read_descriptions() -> Descriptions:
    """The descriptions in ``conf/base`` and the environment, and the user's own in ``conf/local``.

    Kedro tells a registry no environment: it is read where Kedro too looks for one that is not
    given, in ``KEDRO_ENV``, where the command line and the hooks of this project leave it.
    """
    conf = conf_folder()
    env = os.environ.get("KEDRO_ENV")
    folders = [conf / folder for folder in dict.fromkeys(["base", env or "local", "local"])]
    return Descriptions.of(configuration(conf, env)["parameters"], folders)


def conf_folder() -> Path:
    """The configuration of the project that the current folder lies in."""
    project = find_kedro_project(Path.cwd()) or Path.cwd()
    return project / Path(settings.CONF_SOURCE)
