"""Whether the rooms have what a description names: sources, features, protocols, figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cebra_kedro.decoding.protocols import check_request
from cebra_kedro.experiment.description import Experiment
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
    yield "source", lambda: check_source(source.name, source.options, populations)
    for name, baseline in experiment.baselines.items():
        yield f"baselines.{name}", lambda b=baseline: check_features(b.name, b.options)
    for name, block in experiment.decode.items():
        yield f"decode.{name}", lambda b=block: check_request(
            b.protocol, labels=b.labels, decoders=b.decoders, scores=b.scores
        )
    for name, options in experiment.figures.items():
        yield f"figures.{name}", lambda n=name, o=options: _check_figure(n, set(o))
    if experiment.sweep is not None:
        yield "sweep.grid", lambda: list(experiment.sweep_cells())


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
