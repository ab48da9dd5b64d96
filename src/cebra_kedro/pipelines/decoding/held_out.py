"""The goodness of fit of an encoder on the test trials of its fold."""

from __future__ import annotations

import logging

from cebra_kedro.experiment import Readout
from cebra_kedro.pipelines.features import Features
from cebra_kedro.pipelines.training.jobs import EncoderJob, unit_of

logger = logging.getLogger(__name__)

METRIC = "goodness_of_fit_test"

_Scores = list[tuple[str, str, float, str]]
"""Decoder, metric, value and unit."""


def held_out_scores(
    features: Features, readout: Readout, session: str, fold: int, seed: int
) -> _Scores:
    """One score, of several populations with the first.

    None of baselines, encoders from files, those that are fitted to test rows as well, and where
    the law finds no pairs in test trials.
    """
    experiment = features.experiment
    block = experiment.encoders.get(readout.source)
    if block is None or block.from_file is not None or block.fit_on in ("all", "unknown"):
        return []
    if readout.population != experiment.populations_of(readout.source)[0]:
        return []
    model = features.model(readout, session, fold, seed)
    if model is None:
        return []
    from cebra_kedro.training.held_out import held_out_bits

    unit = unit_of(experiment, readout.source, session)
    job = EncoderJob(
        features.recordings, features.splits, experiment, readout.source, unit, fold, seed
    )
    try:
        bits = held_out_bits(model, job.data(("test",)))
    except ValueError as error:
        logger.info("%s of %s has no goodness of fit: %s", readout.name, session, error)
        return []
    return [("none", METRIC, bits[readout.objective], "bits")] if readout.objective in bits else []
