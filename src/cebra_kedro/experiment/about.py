"""What a report has to know of an experiment beside its numbers: who is who in its tables.

Sentences and pages are made of this in ``report``, which reads it from a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from cebra_kedro.experiment.description import Experiment
from cebra_kedro.experiment.encoder_blocks import EncoderBlock
from cebra_kedro.experiment.readout import Readout
from cebra_kedro.training.config import EncoderConfig, TrainingConfig


def about(
    experiment: Experiment,
    bins_of_row: Mapping[str, int],
    files: Mapping[str, TrainingConfig] = MappingProxyType({}),
) -> dict[str, Any]:
    """Facts about an experiment, as JSON values.

    Args:
        experiment: the description.
        bins_of_row: population → bins that are averaged before they are decoded, e.g. those in
            which one frame of a movie is shown; 1 where each bin is decoded.
        files: encoder → how it was trained, of those that are read from files.

    Returns:
        ``headline``, ``sessions``, ``seeds``; ``variants``, one for each row of the
        tables, see ``VariantFacts`` of ``report``; and ``settings``, the whole
        description.
    """
    return {
        "headline": experiment.headline,
        "sessions": list(experiment.sessions),
        "seeds": list(experiment.training.seeds),
        "variants": [
            _variant(experiment, readout, bins_of_row.get(readout.population, 1))
            | _of_file(experiment, readout, files.get(readout.source))
            for readout in experiment.readouts
        ],
        "settings": experiment.model_dump(mode="json", exclude_defaults=True),
    }


def _variant(experiment: Experiment, readout: Readout, bins_of_row: int) -> dict[str, Any]:
    facts = {
        "name": readout.name,
        "kind": readout.kind,
        "population": readout.population,
        "transductive": readout.transductive,
    }
    if readout.kind == "baseline":
        options = experiment.baselines[readout.source].options
        window = max(int(options.get("bins", 1)), bins_of_row)
        return facts | {"window_bins": window, "method": experiment.baselines[readout.source].name}
    block = experiment.encoders[readout.source]
    return facts | {
        "guided": bool(_labels(block, readout)),
        "joint": block.joint or len(block.populations) > 1,
        "labels": list(_labels(block, readout)),
        "control_of": original_of(experiment, readout),
        "decoder_permuted": block.shuffle_labels == "encoder_and_decoder",
        "window_bins": max(_window(experiment, readout), bins_of_row),
        **({"adapted": True} if block.adapt is not None else {}),
    }


def _labels(block: EncoderBlock, readout: Readout) -> tuple[str, ...]:
    """Labels that guide what is read out: of one objective, or of all."""
    return (block.objectives.get(readout.objective) or block).all_labels


def _of_file(
    experiment: Experiment, readout: Readout, trained: TrainingConfig | None
) -> dict[str, Any]:
    """What is different of an encoder that is read from a file."""
    block = experiment.encoders.get(readout.source)
    if block is None or block.from_file is None:
        return {}
    facts = {"from_file": True, "unknown_split": block.fit_on == "unknown"}
    if trained is None:  # left out of the run
        return facts
    guided = trained.pairs.uses_labels or trained.pairs.uses_classes
    return facts | {"guided": guided, "window_bins": trained.encoder.window_bins or 1}


def original_of(experiment: Experiment, readout: Readout) -> str:
    """The variant that a control is like, but for its permuted labels; empty if there is none."""
    block = experiment.encoders.get(readout.source)
    if block is None or readout.kind != "control" or not _labels(block, readout):
        return ""
    control = block.model_copy(update={"shuffle_labels": None})
    same = [name for name, block in experiment.encoders.items() if block == control]
    found = (
        other.name
        for other in experiment.readouts
        if other.source in same
        and (other.population, other.objective) == (readout.population, readout.objective)
    )
    return next(found, "")


def _window(experiment: Experiment, readout: Readout) -> int:
    networks = experiment.encoders[readout.source].encoder or experiment.training.encoder
    if isinstance(networks, Mapping):
        networks = networks[readout.population]
    return (networks.window_bins or 1) if isinstance(networks, EncoderConfig) else 1
