"""Whether the blocks of a description fit together; what does not is named, with what would."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pydantic import ValidationError

from cebra_kedro.experiment.blocks import AcrossBlock
from cebra_kedro.experiment.encoder_blocks import AdaptBlock, EncoderBlock
from cebra_kedro.experiment.sweeps import SearchBlock, SweepBlock

if TYPE_CHECKING:
    from cebra_kedro.experiment.description import Experiment

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_TRANSDUCTIVE = "_transductive"


def check_names(experiment: Experiment) -> None:
    """Raise ValueError unless names can be those of files, and none is used twice."""
    named = {
        "sessions": experiment.sessions,
        "populations": experiment.populations,
        "encoders": tuple(experiment.encoders),
        "baselines": tuple(experiment.baselines),
        **{f"encoders.{n}.objectives": (*e.objectives,) for n, e in experiment.encoders.items()},
    }
    for what, names in named.items():
        for name in names:
            if not _NAME.fullmatch(name):
                raise ValueError(
                    f"{what} has the name {name!r}; use letters, digits, _ and -, as names of "
                    "files and catalog entries are made of it"
                )
        if len(set(names)) < len(names):
            raise ValueError(f"{what} must have different names, got {', '.join(names)}")
    variants = [readout.name for readout in experiment.readouts]
    twice = sorted({name for name in variants if variants.count(name) > 1})
    if twice:
        raise ValueError(f"several encoders or baselines are called {', '.join(twice)}")
    reserved = {"joint", *(transfer.name for transfer in experiment.transfers)} & set(
        experiment.sessions
    )
    if reserved:
        raise ValueError(f"no session may be called {', '.join(reserved)}; other files have it")


def check_references(experiment: Experiment) -> None:
    """Raise ValueError unless what blocks name is there, and is what they need."""
    for name, encoder in experiment.encoders.items():
        _check_encoder(experiment, name, encoder)
    for name, baseline in experiment.baselines.items():
        _check_population(
            experiment, f"baselines.{name}.population", tuple(filter(None, [baseline.population]))
        )
    for transfer in experiment.transfers:
        ends = (transfer.fitted_to, transfer.scored_on)
        _check_known("transfers", ends, experiment.sessions)
    _check_known("guidance", experiment.guidance, experiment.sessions)
    variants = [readout.name for readout in experiment.readouts if readout.stored]
    for block in experiment.compare.sessions:
        _check_known("compare.sessions.variants", block.variants or (), variants)
    if experiment.default_run is not None:
        for what, names in experiment.default_run:
            _check_known(f"default_run.{what}", names or (), getattr(experiment, what))
    if experiment.across is not None:
        _check_across(experiment, experiment.across)
    if experiment.attribution is not None:
        asked = experiment.attribution.encoders or ()
        _check_known("attribution.encoders", asked, experiment.encoders)
    if experiment.sweep is not None:
        _check_sweep(experiment, experiment.sweep)
    if experiment.search is not None:
        _check_search(experiment, experiment.search)


def _check_encoder(experiment: Experiment, name: str, encoder: EncoderBlock) -> None:
    _check_known(f"encoders.{name}.sessions", encoder.sessions or (), experiment.sessions)
    _check_population(experiment, f"encoders.{name}.populations", encoder.populations)
    if encoder.from_file is not None:
        _check_files(experiment, name, encoder.from_file)
    elif experiment.training.early_stop and encoder.fit_on != "train":
        raise ValueError(
            f"encoders.{name} is fitted on validation rows (fit_on: {encoder.fit_on}), by "
            "which training.early_stop would stop; remove one of the two"
        )
    if encoder.joint and len(experiment.sessions_of(name)) < 2:
        raise ValueError(f"encoders.{name} is joint, but has one session only")
    if encoder.adapt is not None:
        _check_adapted(experiment, name, encoder, encoder.adapt)
    elsewhere = [one for one in experiment.sessions_of(name) if one in experiment.guidance]
    if encoder.objectives and encoder.is_guided and elsewhere:
        raise ValueError(
            f"guidance.{elsewhere[0]} replaces the labels of encoders, but encoders.{name} has "
            "objectives, each with its own; restrict its sessions"
        )
    if (encoder.fit_on == "all") != name.endswith(_TRANSDUCTIVE):
        raise ValueError(
            f"encoders.{name}: an encoder that is fitted on the neural data of test trials "
            f"(fit_on: all) says so in its name, <name>{_TRANSDUCTIVE}, and no other does"
        )


def _check_adapted(experiment: Experiment, name: str, new: EncoderBlock, adapt: AdaptBlock) -> None:
    where = f"encoders.{name}"
    _check_known(f"{where}.adapt", (adapt.encoder,), experiment.encoders)
    old, of_old = experiment.encoders[adapt.encoder], experiment.sessions_of(adapt.encoder)
    _check_known(f"{where}.adapt.session", filter(None, [adapt.session]), of_old)
    _check_trained(experiment, f"{where}.adapt", (adapt.encoder,))
    if not (old.joint or adapt.session or len(of_old) == 1):
        raise ValueError(
            f"{where}.adapt: {adapt.encoder} is one encoder for each of {', '.join(of_old)}; "
            f"say which is adapted, e.g. adapt: {{encoder: {adapt.encoder}, session: "
            f"{of_old[0]}}}"
        )
    for what in ("fit_on", "populations"):
        if getattr(new, what) != getattr(old, what):
            raise ValueError(f"{where}.{what} must be that of {adapt.encoder}; remove it")
    if known := [one for one in experiment.sessions_of(name) if one in experiment.lenders_of(name)]:
        raise ValueError(
            f"{where}.sessions: {adapt.encoder} was trained on {', '.join(known)}; name "
            "sessions that are new to it"
        )


def _check_same_network(experiment: Experiment, name: str, adapted: str) -> None:
    """What is trained anew depends on the number of neurons, and nothing else may."""
    (new,), (old,) = experiment.networks_of(name), experiment.networks_of(adapted)
    if new != old:
        raise ValueError(
            f"encoders.{name}.encoder is {new}, but that of {adapted}, whose layers it takes "
            f"over, is {old}; remove it"
        )
    if new.resamples:
        raise ValueError(
            f"encoders.{name}.adapt: two layers of {new.architecture} depend on the number of "
            "neurons, and only one can be new; use a network that does not resample"
        )


def _check_sweep(experiment: Experiment, block: SweepBlock) -> None:
    _check_known("sweep.sessions", block.sessions or (), experiment.sessions)
    _check_known("sweep.encoders", block.encoders, experiment.encoders)
    _check_known("sweep.baselines", block.baselines, experiment.baselines)
    _check_trained(experiment, "sweep.encoders", block.encoders)
    joint = [name for name in block.encoders if experiment.encoders[name].joint]
    if joint:
        raise ValueError(f"sweep.encoders: {', '.join(joint)} is joint; sweep another")


def _check_across(experiment: Experiment, block: AcrossBlock) -> None:
    carried = [one.name for one in experiment.readouts if one.is_carried]
    _check_known("across.variants", block.variants or (), carried)
    if len(experiment.sessions) < 2 or not experiment.decode:
        raise ValueError(
            "across carries decoders from one session to another: it needs two sessions and "
            "something to decode; remove it"
        )


def _check_search(experiment: Experiment, block: SearchBlock) -> None:
    _check_known("search.sessions", block.sessions or (), experiment.sessions)
    _check_known("search.encoder", (block.encoder,), experiment.encoders)
    _check_trained(experiment, "search.encoder", (block.encoder,))
    encoder = experiment.encoders[block.encoder]
    if encoder.joint:
        raise ValueError(f"search.encoder: {block.encoder} is joint; search another")
    if encoder.fit_on != "train":
        raise ValueError(
            f"search.encoder: {block.encoder} is fitted to validation trials too (fit_on: "
            f"{encoder.fit_on}), which then say nothing about it; give an encoder like it "
            "fit_on: train"
        )
    if block.score is None and experiment.headline is None:
        raise ValueError("search.score: say what is to be made best, or headline")
    if not experiment.decode:
        raise ValueError("search: nothing is decoded; say what in decode")


def check_networks(experiment: Experiment) -> None:
    """Raise ValueError unless each encoder can be trained as ``training`` says."""
    for name, block in experiment.encoders.items():
        if block.from_file is not None:
            continue
        try:
            config = experiment.training_config(name, experiment.training.seeds[0])
        except ValidationError as error:
            reasons = [str(d["msg"]).removeprefix("Value error, ") for d in error.errors()]
            raise ValueError(
                f"encoders.{name} does not fit training: {'; '.join(reasons)}"
            ) from error
        dimensions = {network.output_dimension for network in config.session_encoders}
        if block.adapt is not None:
            _check_same_network(experiment, name, block.adapt.encoder)
        if len(dimensions) > 1:
            raise ValueError(
                f"encoders.{name}.encoder: networks of one embedding must have the same "
                f"output_dimension, got {', '.join(map(str, sorted(dimensions)))}"
            )


def _check_files(experiment: Experiment, encoder: str, files: str | dict[str, str]) -> None:
    """There must be one file for each session, or one for all of a joint encoder."""
    sessions, where = experiment.sessions_of(encoder), f"encoders.{encoder}.from_file"
    if not isinstance(files, dict):
        if len(sessions) > 1 and not experiment.encoders[encoder].joint:
            raise ValueError(
                f"{where} is one file for the sessions {', '.join(sessions)}; say which it is "
                "of (sessions: [one]), name a file for each ({session: file}), or say "
                "sessions: joint if it holds a network for each"
            )
    elif set(files) != set(sessions):
        raise ValueError(
            f"{where} has files for {', '.join(files)}, but the encoder is of the sessions "
            f"{', '.join(sessions)}"
        )


def _check_trained(experiment: Experiment, where: str, encoders: Iterable[str]) -> None:
    for name in encoders:
        if experiment.encoders[name].from_file is not None:
            raise ValueError(f"{where}: {name} is read from a file, not trained; name another")
        if experiment.encoders[name].adapt is not None:
            raise ValueError(f"{where}: {name} is itself adapted from another; name another")


def _check_known(where: str, names: Iterable[str], known: Iterable[str]) -> None:
    known = list(known)
    for name in names:
        if name not in known:
            raise ValueError(f"{where} names {name}, but there are {', '.join(known)}")


def _check_population(experiment: Experiment, where: str, names: Sequence[str]) -> None:
    _check_known(where, names, experiment.populations or ("none",))
    if experiment.populations and not names:
        raise ValueError(
            f"{where} must say which of {', '.join(experiment.populations)} it sees, as each "
            "session has several recordings"
        )
