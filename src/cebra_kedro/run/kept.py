"""Whether encoders that a run reads, and does not train, are those that its parameters describe.

An encoder that a run trains has a fingerprint of all it depends on, and is trained again where that
differs. One that it only reads would be scored under the parameters of this run, whatever it was
trained with.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from cebra_kedro.experiment import Experiment
from cebra_kedro.pipelines.training.jobs import EncoderJob, jobs_of, trained_sessions
from cebra_kedro.store import Store, first_part
from cebra_kedro.training.config import TrainingConfig

logger = logging.getLogger(__name__)

_BEFORE_ENCODERS = ("raw", "recordings", "splits")
_WITHOUT_EFFECT = {"device", "threads"}
"""Another machine may go on with what one has trained; these change the last digits at most."""
_MOST_SHOWN = 3


def check_encoders(
    pipeline: Pipeline,
    catalog: CatalogProtocol,
    descriptions: Mapping[str, Experiment],
    sessions: Mapping[str, Sequence[str]],
    *,
    only_missing: bool = False,
) -> set[str]:
    """Raise unless the stored encoders that a run reads are those that its parameters describe.

    Encoders that were never trained are left to the node that reads them; those of several
    sessions of which the run leaves some out cannot be trained by it, and are only warned of.

    Args:
        pipeline: what runs.
        catalog: its entries.
        descriptions: experiment → its description.
        sessions: experiment → the sessions that the run works on.
        only_missing: whether nodes whose outputs are all there are left out
            (``--only-missing-outputs``).

    Returns:
        The entries that the run finds written.

    Raises:
        ValueError: names the encoder, what is stored, what is asked for, and what to do.
    """
    made, read = _made_and_read(pipeline, catalog, only_missing=only_missing)
    for name, chosen in sessions.items():
        experiment = descriptions[name]
        trained = [encoder for encoder in experiment.encoders if f"{name}.{encoder}.models" in made]
        for encoder in _read_encoders(name, experiment, read, trained):
            can_train = bool(trained_sessions(experiment, encoder, chosen))
            entry = f"{name}.{encoder}.models"
            if (encoder in trained and can_train) or not catalog.exists(entry):
                continue
            jobs = jobs_of({}, {}, experiment, encoder, chosen)
            problem = next(_problems(catalog.load(entry), jobs, needs_all=can_train), "")
            if problem and encoder in trained:
                logger.warning(
                    "%s.%s is kept as it is, as the run leaves out some of its sessions, but %s",
                    *(name, encoder, problem),
                )
            elif problem:
                raise ValueError(
                    f"this run reads {name}.{encoder} and does not train it, but {problem}; let "
                    f"it be trained too (--pipelines {name}), or leave the parameter as it was"
                )
    return read


def _made_and_read(
    pipeline: Pipeline, catalog: CatalogProtocol, *, only_missing: bool
) -> tuple[set[str], set[str]]:
    """The entries that a run writes, and those that it finds written."""
    made = {
        entry
        for node in pipeline.nodes
        for entry in node.outputs
        if not (only_missing and catalog.exists(entry))
    }
    left_out = pipeline.all_outputs() - made
    return made, pipeline.inputs() | left_out


def _read_encoders(
    name: str, experiment: Experiment, read: set[str], trained: Sequence[str]
) -> list[str]:
    """The encoders whose files may be read as they are.

    They are those that entries found written come from (those of no encoder come from all), and
    those of the run, which may be unable to train them.
    """
    entries = [entry.removeprefix(f"{name}.") for entry in read if entry.startswith(f"{name}.")]
    named = {entry.partition(".")[0] for entry in entries if entry not in _BEFORE_ENCODERS}
    of_all = bool(named - {*experiment.encoders, *experiment.baselines})
    return [
        encoder
        for encoder, block in experiment.encoders.items()
        if block.from_file is None and (of_all or encoder in {*named, *trained})
    ]


def _problems(store: Store, jobs: Mapping[str, EncoderJob], *, needs_all: bool) -> Iterator[str]:
    """What is stored otherwise than asked for, in words."""
    units = {job.unit.name for job in jobs.values()}
    stored = [key for key in store if first_part(key) in units]
    missing = [key for key in jobs if key not in store]
    if missing and (needs_all or stored):
        yield f"it asks for {_some(missing)}, and stored are {_some(stored)}"
    if unwanted := [key for key in stored if key not in jobs]:
        yield f"stored are {_some(unwanted)} too, and it asks for {_some(list(jobs))} only"
    for key in stored:
        # One that cannot be read is refused by the node that reads it.
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            config = store.format.read(store.path(key)).config
            if differences := list(_differences(config, jobs[key].config)):
                yield f"{key} was trained with {'; '.join(differences[:_MOST_SHOWN])}"


def _differences(stored: TrainingConfig, asked: TrainingConfig) -> Iterator[str]:
    before, now = (dict(flat(one.model_dump(exclude=_WITHOUT_EFFECT))) for one in (stored, asked))
    for key in {**before, **now}:
        if before.get(key) != now.get(key):
            yield f"{key} {before.get(key)}, while the run says {now.get(key)}"


def flat(value: Any, name: str = "", without: Collection[str] = ()) -> Iterator[tuple[str, Any]]:
    """Dotted name → value of every leaf.

    Args:
        value: of a setting, or a block of them.
        name: that stands before the names in the block.
        without: names that are left out.
    """
    if not (isinstance(value, dict) and value):
        yield name, value
        return
    for key, one in value.items():
        if key not in without:
            yield from flat(one, f"{name}.{key}" if name else key, without)


def _some(keys: Sequence[str]) -> str:
    shown = ", ".join(keys[:_MOST_SHOWN])
    more = f" and {len(keys) - _MOST_SHOWN} more" if len(keys) > _MOST_SHOWN else ""
    return (shown or "none") + more
