"""Whether the rooms have what a description names: sources, features, protocols, figures."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from functools import partial

from cebra_kedro.decoding.kinds import KINDS
from cebra_kedro.decoding.protocols import check_request
from cebra_kedro.experiment.blocks import DecodeBlock
from cebra_kedro.experiment.description import Experiment
from cebra_kedro.experiment.sweeps import SearchBlock
from cebra_kedro.plots.figures import figure_kind, known_options
from cebra_kedro.sources.registry import check_source
from cebra_kedro.training.baselines import check_features


def check_rooms(name: str, experiment: Experiment) -> None:
    """Refuse names and options that no room has.

    Args:
        name: of the experiment.
        experiment: its description.

    Raises:
        ValueError: names every key that is wrong, and what there is.
    """
    problems = [
        f"{name}.{where}: {problem}"
        for where, check in _checks(experiment)
        if (problem := _problem(check))
    ]
    if problems:
        raise ValueError("; ".join(problems))


def _checks(experiment: Experiment) -> Iterator[tuple[str, Callable[[], object]]]:
    source = experiment.source
    populations = bool(experiment.populations)
    yield "source", partial(check_source, source.name, source.options, populations)
    for name, baseline in experiment.baselines.items():
        yield f"baselines.{name}", partial(check_features, baseline.name, baseline.options)
    for name, block in experiment.decode.items():
        yield f"decode.{name}", partial(_check_decode, block)
    for name, options in experiment.figures.items():
        yield f"figures.{name}", partial(_check_figure, name, set(options))
    if experiment.sweep is not None:
        yield "sweep", partial(list, experiment.sweep_cells())
    if experiment.search is not None:
        yield "search", partial(_check_search, experiment, experiment.search)


def _check_search(experiment: Experiment, block: SearchBlock) -> None:
    for values in block.corners:
        experiment.varied(values)
    if importlib.util.find_spec("optuna") is None:
        raise ValueError('optuna is not installed; pip install "cebra-kedro[search]"')


def _check_decode(block: DecodeBlock) -> None:
    check_request(block.protocol, labels=block.labels, decoders=block.decoders, scores=block.scores)
    known = list(dict.fromkeys(name for kind in KINDS.values() for name in kind.score_names))
    unknown = [score for score in block.scores or () if score not in known]
    if unknown:
        raise ValueError(f"there are no scores {', '.join(unknown)}; there are {', '.join(known)}")


def _check_figure(name: str, options: set[str]) -> None:
    figure_kind(name)
    unknown = options - set(known_options(name))
    if unknown:
        raise ValueError(
            f"the figure has no option {', '.join(sorted(unknown))}; it has "
            f"{', '.join(known_options(name)) or 'none'}"
        )


def _problem(check: Callable[[], object]) -> str:
    try:
        check()
    except ValueError as error:
        return " ".join(str(error).split())
    return ""
