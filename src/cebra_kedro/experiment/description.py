"""An experiment as a whole: its blocks, whether they fit together, and what follows from them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field, PrivateAttr, ValidationError, field_validator, model_validator

from cebra_kedro.experiment.blocks import (
    AcrossBlock,
    AdaptBlock,
    AttributionBlock,
    BaselineBlock,
    CompareBlock,
    DecodeBlock,
    DecodersBlock,
    DefaultRun,
    EncoderBlock,
    Guidance,
    Named,
    SplitBlock,
    TrainingBlock,
    Transfer,
)
from cebra_kedro.experiment.sweeps import SearchBlock, SweepBlock
from cebra_kedro.parameter_block import Settings
from cebra_kedro.sweep import with_values
from cebra_kedro.training.config import EncoderConfig, TrainingConfig

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_TRANSDUCTIVE = "_transductive"
_UNKNOWN_SPLIT = "_unknown_split"
_STORED_BASELINES = ("pca", "tsne", "umap")
"""Features of few dimensions, kept beside embeddings; the others are computed where needed."""
_OF_LEFT_OUT = ("attribution", "sweep", "by_neurons", "search")
"""Figures of what ``kedro run`` alone leaves out."""
_NOT_OF_ADAPTED = {"sessions", "joint", "trials"}
"""What an adapted encoder does not have from the one that it starts from."""

VariantKind = Literal["encoder", "control", "baseline"]


@dataclass(frozen=True)
class Readout:
    """What is decoded, compared and drawn under one name: an embedding, or a baseline.

    Attributes:
        name: the variant in tables, e.g. ``joint_ca``.
        source: the encoder or baseline.
        kind: ``encoder``, ``control`` (labels were permuted) or ``baseline``.
        population: which recording of a session; empty where a session has one.
        objective: the one that it is the part of; empty for the whole embedding.
        dimensions: first and last one of its part, counted from 0; None for all.
        transductive: whether it has, or may have, seen the neural data of test trials.
        stored: whether it lies in a file; raw activity is computed where it is needed.
    """

    name: str
    source: str
    kind: VariantKind
    population: str = ""
    objective: str = ""
    dimensions: tuple[int, int] | None = None
    transductive: bool = False
    stored: bool = True

    def of(self, embedding: np.ndarray) -> np.ndarray:
        """Its part (time, dim) of the embedding of its encoder."""
        if self.dimensions is None:
            return embedding
        return embedding[:, self.dimensions[0] : self.dimensions[1] + 1]

    @property
    def is_carried(self) -> bool:
        """Whether decoders can be carried through it: t-SNE and UMAP have seen test rows."""
        return self.stored and not (self.transductive and self.kind == "baseline")


class Experiment(Settings):
    """The description of one experiment.

    Attributes:
        sessions: keys of the catalog entry ``<experiment>.raw``: subjects, days, areas …
        populations: recordings that each session has, if it has several: modalities, areas, groups
            of neurons.
        source: function of ``sources`` that turns a session's raw content into recordings.
        split: training, validation and test bins.
        training: what the encoders have in common.
        encoders: kinds of encoders, each a box in the graph. ``like: <other>`` starts from another.
        baselines: features that need no trained encoder.
        decode: targets of decoding, by label.
        decoders: candidates that the decoders choose from.
        transfers: from which session to which other one decoding is tried.
        across: decoders carried from every session to every other one; None for not.
        compare: which embeddings are compared.
        attribution: which neurons matter to which encoders; None for not asking.
        guidance: labels and law of every guided encoder, on sessions with other labels.
        sweep: a grid over parameters, a list or random draws.
        search: settings of an encoder chosen on validation trials.
        figures: names of ``plots.figures`` → options; a list where there are none.
        headline: the metric shown when a run ends; None for the first one.
        default_run: what ``kedro run`` alone does of it; None for nothing.
    """

    sessions: tuple[str, ...] = Field(min_length=1)
    populations: tuple[str, ...] = ()
    source: Named
    split: SplitBlock
    training: TrainingBlock
    encoders: dict[str, EncoderBlock] = Field(min_length=1)
    baselines: dict[str, BaselineBlock] = Field(default_factory=dict)
    decode: dict[str, DecodeBlock] = Field(default_factory=dict)
    decoders: DecodersBlock = DecodersBlock()
    transfers: tuple[Transfer, ...] = ()
    across: AcrossBlock | None = None
    compare: CompareBlock = CompareBlock()
    attribution: AttributionBlock | None = None
    guidance: dict[str, Guidance] = Field(default_factory=dict)
    sweep: SweepBlock | None = None
    search: SearchBlock | None = None
    figures: dict[str, dict[str, Any]] = Field(default_factory=dict)
    headline: str | None = None
    default_run: DefaultRun | None = None
    _is_of_default_run: bool = PrivateAttr(False)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Itself: nobody changes a description, and Kedro would copy it for every node."""
        return self

    # --- what may be written shorter --------------------------------------------------------

    @field_validator("encoders", mode="before")
    @classmethod
    def _like_others(cls, encoders: Any) -> Any:
        if not isinstance(encoders, dict):
            return encoders
        return {name: _with_likes(encoders, name, ()) for name in encoders}

    @field_validator("baselines", mode="before")
    @classmethod
    def _baseline_names(cls, baselines: Any) -> Any:
        if isinstance(baselines, list | tuple):
            baselines = dict.fromkeys(baselines)
        if not isinstance(baselines, dict):
            return baselines
        named = {
            name: {"name": name, **(block or {})} if isinstance(block, dict | None) else block
            for name, block in baselines.items()
        }
        return named

    @field_validator("decode", mode="before")
    @classmethod
    def _decode_names(cls, decode: Any) -> Any:
        if isinstance(decode, list | tuple):
            decode = dict.fromkeys(decode)
        if not isinstance(decode, dict):
            return decode
        return {
            name: {"labels": [name], **(block or {})} if isinstance(block, dict | None) else block
            for name, block in decode.items()
        }

    @field_validator("figures", mode="before")
    @classmethod
    def _figure_names(cls, figures: Any) -> Any:
        if isinstance(figures, list | tuple):
            return {name: {} for name in figures}
        if isinstance(figures, dict):
            return {name: options or {} for name, options in figures.items()}
        return figures

    # --- whether blocks fit together --------------------------------------------------------

    @model_validator(mode="after")
    def _names_are_usable(self) -> Self:
        named = {
            "sessions": self.sessions,
            "populations": self.populations,
            "encoders": tuple(self.encoders),
            "baselines": tuple(self.baselines),
            **{f"encoders.{n}.objectives": (*e.objectives,) for n, e in self.encoders.items()},
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
        variants = [readout.name for readout in self.readouts]
        twice = sorted({name for name in variants if variants.count(name) > 1})
        if twice:
            raise ValueError(f"several encoders or baselines are called {', '.join(twice)}")
        reserved = {"joint", *(transfer.name for transfer in self.transfers)} & set(self.sessions)
        if reserved:
            raise ValueError(f"no session may be called {', '.join(reserved)}; other files have it")
        return self

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        for name, encoder in self.encoders.items():
            self._check_encoder(name, encoder)
        for name, baseline in self.baselines.items():
            self._check_population(
                f"baselines.{name}.population", tuple(filter(None, [baseline.population]))
            )
        for transfer in self.transfers:
            ends = (transfer.fitted_to, transfer.scored_on)
            self._check_known("transfers", ends, self.sessions)
        self._check_known("guidance", self.guidance, self.sessions)
        variants = [readout.name for readout in self.readouts if readout.stored]
        for block in self.compare.sessions:
            self._check_known("compare.sessions.variants", block.variants or (), variants)
        if self.across is not None:
            self._check_across(self.across)
        if self.attribution is not None:
            asked = self.attribution.encoders or ()
            self._check_known("attribution.encoders", asked, self.encoders)
        if self.sweep is not None:
            self._check_sweep(self.sweep)
        if self.search is not None:
            self._check_search(self.search)
        return self

    def _check_encoder(self, name: str, encoder: EncoderBlock) -> None:
        self._check_known(f"encoders.{name}.sessions", encoder.sessions or (), self.sessions)
        self._check_population(f"encoders.{name}.populations", encoder.populations)
        if encoder.from_file is not None:
            self._check_files(name, encoder.from_file)
        elif self.training.early_stop and encoder.fit_on != "train":
            raise ValueError(
                f"encoders.{name} is fitted on validation rows (fit_on: {encoder.fit_on}), by "
                "which training.early_stop would stop; remove one of the two"
            )
        if encoder.joint and len(self.sessions_of(name)) < 2:
            raise ValueError(f"encoders.{name} is joint, but has one session only")
        if encoder.adapt is not None:
            self._check_adapted(name, encoder, encoder.adapt)
        elsewhere = [one for one in self.sessions_of(name) if one in self.guidance]
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

    def _check_adapted(self, name: str, new: EncoderBlock, adapt: AdaptBlock) -> None:
        where = f"encoders.{name}"
        self._check_known(f"{where}.adapt", (adapt.encoder,), self.encoders)
        old, of_old = self.encoders[adapt.encoder], self.sessions_of(adapt.encoder)
        self._check_known(f"{where}.adapt.session", filter(None, [adapt.session]), of_old)
        self._check_trained(f"{where}.adapt", (adapt.encoder,))
        if not (old.joint or adapt.session or len(of_old) == 1):
            raise ValueError(
                f"{where}.adapt: {adapt.encoder} is one encoder for each of {', '.join(of_old)}; "
                f"say which is adapted, e.g. adapt: {{encoder: {adapt.encoder}, session: "
                f"{of_old[0]}}}"
            )
        for what in ("fit_on", "populations"):
            if getattr(new, what) != getattr(old, what):
                raise ValueError(f"{where}.{what} must be that of {adapt.encoder}; remove it")
        if known := [one for one in self.sessions_of(name) if one in self.lenders_of(name)]:
            raise ValueError(
                f"{where}.sessions: {adapt.encoder} was trained on {', '.join(known)}; name "
                "sessions that are new to it"
            )

    def _check_same_network(self, name: str, adapted: str) -> None:
        """What is trained anew depends on the number of neurons, and nothing else may."""
        (new,), (old,) = self._networks(name), self._networks(adapted)
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

    def _check_sweep(self, block: SweepBlock) -> None:
        self._check_known("sweep.sessions", block.sessions or (), self.sessions)
        self._check_known("sweep.encoders", block.encoders, self.encoders)
        self._check_known("sweep.baselines", block.baselines, self.baselines)
        self._check_trained("sweep.encoders", block.encoders)
        joint = [name for name in block.encoders if self.encoders[name].joint]
        if joint:
            raise ValueError(f"sweep.encoders: {', '.join(joint)} is joint; sweep another")

    def _check_across(self, block: AcrossBlock) -> None:
        carried = [one.name for one in self.readouts if one.is_carried]
        self._check_known("across.variants", block.variants or (), carried)
        if len(self.sessions) < 2 or not self.decode:
            raise ValueError(
                "across carries decoders from one session to another: it needs two sessions and "
                "something to decode; remove it"
            )

    def _check_search(self, block: SearchBlock) -> None:
        self._check_known("search.sessions", block.sessions or (), self.sessions)
        self._check_known("search.encoder", (block.encoder,), self.encoders)
        self._check_trained("search.encoder", (block.encoder,))
        encoder = self.encoders[block.encoder]
        if encoder.joint:
            raise ValueError(f"search.encoder: {block.encoder} is joint; search another")
        if encoder.fit_on != "train":
            raise ValueError(
                f"search.encoder: {block.encoder} is fitted to validation trials too (fit_on: "
                f"{encoder.fit_on}), which then say nothing about it; give an encoder like it "
                "fit_on: train"
            )
        if block.score is None and self.headline is None:
            raise ValueError("search.score: say what is to be made best, or headline")
        if not self.decode:
            raise ValueError("search: nothing is decoded; say what in decode")

    @model_validator(mode="after")
    def _default_run_exists(self) -> Self:
        if self.default_run is not None:
            for what, names in self.default_run:
                self._check_known(f"default_run.{what}", names or (), getattr(self, what))
            self.for_default_run()
        return self

    @model_validator(mode="after")
    def _encoders_fit_training(self) -> Self:
        for name, block in self.encoders.items():
            if block.from_file is not None:
                continue
            try:
                config = self.training_config(name, self.training.seeds[0])
            except ValidationError as error:
                reasons = [str(d["msg"]).removeprefix("Value error, ") for d in error.errors()]
                raise ValueError(
                    f"encoders.{name} does not fit training: {'; '.join(reasons)}"
                ) from error
            dimensions = {network.output_dimension for network in config.session_encoders}
            if block.adapt is not None:
                self._check_same_network(name, block.adapt.encoder)
            if len(dimensions) > 1:
                raise ValueError(
                    f"encoders.{name}.encoder: networks of one embedding must have the same "
                    f"output_dimension, got {', '.join(map(str, sorted(dimensions)))}"
                )
        return self

    def _check_files(self, encoder: str, files: str | dict[str, str]) -> None:
        """There must be one file for each session, or one for all of a joint encoder."""
        sessions, where = self.sessions_of(encoder), f"encoders.{encoder}.from_file"
        if not isinstance(files, dict):
            if len(sessions) > 1 and not self.encoders[encoder].joint:
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

    def _check_trained(self, where: str, encoders: Iterable[str]) -> None:
        for name in encoders:
            if self.encoders[name].from_file is not None:
                raise ValueError(f"{where}: {name} is read from a file, not trained; name another")
            if self.encoders[name].adapt is not None:
                raise ValueError(f"{where}: {name} is itself adapted from another; name another")

    def _check_known(self, where: str, names: Iterable[str], known: Iterable[str]) -> None:
        known = list(known)
        for name in names:
            if name not in known:
                raise ValueError(f"{where} names {name}, but there are {', '.join(known)}")

    def _check_population(self, where: str, names: Sequence[str]) -> None:
        self._check_known(where, names, self.populations or ("none",))
        if self.populations and not names:
            raise ValueError(
                f"{where} must say which of {', '.join(self.populations)} it sees, as each session "
                "has several recordings"
            )

    # --- what follows from it ---------------------------------------------------------------

    @property
    def recording_keys(self) -> tuple[str, ...]:
        """Every recording: ``session``, or ``session/population``."""
        return tuple(
            recording_key(session, population)
            for session in self.sessions
            for population in self.populations or ("",)
        )

    def sessions_of(self, encoder: str) -> tuple[str, ...]:
        """The sessions that an encoder is trained on, in the order of the experiment."""
        own = self.encoders[encoder].sessions
        return tuple(name for name in self.sessions if own is None or name in own)

    def lenders_of(self, encoder: str) -> tuple[str, ...]:
        """The sessions that the encoder was trained on which an adapted one starts from."""
        adapt = self.encoders[encoder].adapt
        if adapt is None:
            return ()
        of_old = self.sessions_of(adapt.encoder)
        is_joint = self.encoders[adapt.encoder].joint
        return of_old if is_joint or adapt.session is None else (adapt.session,)

    def trials_of(self, variant: str, session: str) -> int | None:
        """Training trials that an encoder is to see in one of its sessions; None for all."""
        block = self.encoders.get(variant)
        return block.trials if block and session in self.sessions_of(variant) else None

    def populations_of(self, encoder: str) -> tuple[str, ...]:
        """The recordings of a session that an encoder sees; one without a name where it has one."""
        return self.encoders[encoder].populations or ("",)

    @property
    def readouts(self) -> tuple[Readout, ...]:
        """Everything that is decoded, compared and drawn: encoders, controls, baselines."""
        found = [
            Readout(
                name=self.row_of(name, population, objective),
                source=name,
                kind="control" if encoder.shuffle_labels else "encoder",
                population=population,
                objective=objective,
                dimensions=dimensions,
                transductive=encoder.fit_on in ("all", "unknown"),
            )
            for name, encoder in self.encoders.items()
            for population in self.populations_of(name)
            for objective, dimensions in {"": None, **self.parts_of(name)}.items()
        ]
        found.sort(key=lambda readout: readout.kind == "control")
        found.extend(
            Readout(
                name=name,
                source=name,
                kind="baseline",
                population=block.population,
                transductive=block.name in ("tsne", "umap"),
                stored=block.name in _STORED_BASELINES,
            )
            for name, block in self.baselines.items()
        )
        return tuple(found)

    def parts_of(self, encoder: str) -> dict[str, tuple[int, int]]:
        """Objective → its dimensions, but for those that are on all of them."""
        objectives = self.encoders[encoder].objectives
        whole = (0, max((one.dimensions[1] for one in objectives.values()), default=0))
        return {name: o.dimensions for name, o in objectives.items() if o.dimensions != whole}

    def seeds_of(self, readout: Readout) -> tuple[int, ...]:
        """Of its embeddings: 0 where nothing is trained."""
        block = self.encoders.get(readout.source)
        return (0,) if block is None or block.from_file is not None else self.training.seeds

    def row_of(self, encoder: str, population: str = "", objective: str = "") -> str:
        """What an encoder, one of its populations or a part is called in tables and figures."""
        name = encoder
        if population and len(self.populations_of(encoder)) > 1:
            begins = population.startswith(f"{encoder}_")
            name = population if begins else f"{encoder}_{population}"
        if objective:
            return f"{name}_{objective}"
        if self.encoders[encoder].fit_on != "unknown" or name.endswith(_UNKNOWN_SPLIT):
            return name
        return f"{name}{_UNKNOWN_SPLIT}"

    @property
    def stored_baselines(self) -> tuple[str, ...]:
        """Baselines that lie in files, as embeddings do."""
        return tuple(n for n, block in self.baselines.items() if block.name in _STORED_BASELINES)

    def guidance_of(self, encoder: str, session: str) -> Guidance:
        """The labels and the law that guide an encoder in a session."""
        block = self.encoders[encoder]
        return self.guidance.get(session, block) if block.is_guided else block

    def training_config(
        self, encoder: str, seed: int, session: str | None = None, n_sessions: int = 1
    ) -> TrainingConfig:
        """The complete configuration of one encoder.

        Args:
            encoder: its name.
            seed: one of ``training.seeds``.
            session: the session, or the first of those trained together; None for the law that the
                encoder's own block says.
            n_sessions: sessions that are trained together.
        """
        block, shared = self.encoders[encoder], self.training
        optimizer = block.optimizer or shared.optimizer
        if block.learning_rate is not None:
            optimizer = optimizer.model_copy(update={"learning_rate": block.learning_rate})
        networks = self._networks(encoder) * n_sessions
        guidance = block if session is None else self.guidance_of(encoder, session)
        return TrainingConfig(
            encoder=networks[0],
            session_encoders=networks if len(set(networks)) > 1 else (),
            pairs=guidance.pairs,
            loss=block.loss,
            objectives={name: one.config for name, one in block.objectives.items()},
            renormalise=block.renormalise,
            optimizer=optimizer,
            schedule=block.schedule or shared.schedule,
            steps=block.steps or shared.steps,
            batch_size=block.batch_size or shared.batch_size,
            negatives=shared.negatives,
            early_stop=shared.early_stop,
            jacobian_regularisation=block.jacobian_regularisation,
            seed=seed,
            device=shared.device,
            threads=shared.threads,
            precision=shared.precision,
        )

    @property
    def is_of_default_run(self) -> bool:
        """Whether this is what ``kedro run`` alone does of another description."""
        return self._is_of_default_run

    def for_default_run(self) -> Experiment:
        """The description of what ``kedro run`` alone does: no attribution, sweep or search.

        Raises:
            ValueError: there is no ``default_run``, or the part does not stand by itself.
        """
        if self.default_run is None:
            raise ValueError("this experiment has no default_run")
        left_out = dict.fromkeys(("default_run", "attribution", "sweep", "search"))
        part = self.model_dump() | left_out
        for what, names in self.default_run:
            part[what] = _only(part[what], names)
        part["figures"] = {f: o for f, o in part["figures"].items() if f not in _OF_LEFT_OUT}
        sessions, variants = part["sessions"], {*part["encoders"], *part["baselines"]}
        for encoder in part["encoders"].values():
            encoder["sessions"] = _only(encoder["sessions"], sessions)
            if isinstance(encoder["from_file"], dict):
                encoder["from_file"] = _only(encoder["from_file"], sessions)
        part["transfers"] = [t for t in part["transfers"] if {*t.values()} <= {*sessions}]
        part["guidance"] = _only(part["guidance"], sessions)
        for block in part["compare"]["sessions"]:
            block["variants"] = _only(block["variants"], variants)
        if len(sessions) < 2:
            part["compare"]["sessions"] = []
        part["across"] = _of_part(part["across"], sessions, variants)
        try:
            found = Experiment.model_validate(part)
        except ValidationError as error:
            reasons = [str(d["msg"]).removeprefix("Value error, ") for d in error.errors()]
            raise ValueError(f"default_run: {'; '.join(reasons)}") from error
        found._is_of_default_run = True
        return found

    def sweep_cells(self) -> Iterator[tuple[dict[str, Any], Experiment]]:
        """Every combination of the swept values, and the description with these values.

        Raises:
            ValueError: a name leads nowhere, or a value is out of range.
        """
        cells = self.sweep.cells if self.sweep else []
        for cell in cells:
            varied = self.varied(cell)
            if self.sweep and any(varied.encoders[name].joint for name in self.sweep.encoders):
                raise ValueError(f"{cell}: a joint encoder cannot be swept; sweep another")
            yield cell, varied

    def varied(self, cell: Mapping[str, Any]) -> Experiment:
        """The description with other values of some parameters, without sweep and search.

        Raises:
            ValueError: a name leads nowhere, or a value is out of range.
        """
        everything = self.model_dump() | dict.fromkeys(("attribution", "sweep", "search"))
        values = {name: value for name, value in cell.items() if name != "n_neurons"}
        try:
            return Experiment.model_validate(with_values(everything, values))
        except ValidationError as error:
            reasons = [str(d["msg"]).removeprefix("Value error, ") for d in error.errors()]
            raise ValueError(f"{dict(cell)}: {'; '.join(reasons)}") from error

    def _networks(self, encoder: str) -> tuple[EncoderConfig, ...]:
        """One network for each population that an encoder sees."""
        chosen = self.encoders[encoder].encoder or self.training.encoder
        populations = self.populations_of(encoder)
        if chosen is None:
            raise ValueError(f"encoders.{encoder} has no network: set training.encoder")
        if isinstance(chosen, EncoderConfig):
            return (chosen,) * len(populations)
        if set(chosen) != set(populations):
            raise ValueError(
                f"encoders.{encoder}.encoder has networks for {', '.join(chosen)}, but it sees "
                f"{', '.join(filter(None, populations)) or 'one recording of a session'}"
            )
        return tuple(chosen[population] for population in populations)


def recording_key(session: str, population: str) -> str:
    """``session``, or ``session/population``."""
    return f"{session}/{population}" if population else session


def _only(everything: Any, names: Iterable[str] | None) -> Any:
    """The members of a list or a dict that are named; all if none are, and None of None."""
    if everything is None or names is None:
        return everything
    if isinstance(everything, dict):
        return {name: value for name, value in everything.items() if name in names}
    return [name for name in everything if name in names]


def _of_part(across: Any, sessions: Sequence[str], variants: Iterable[str]) -> Any:
    """The block ``across`` with the variants that are left; None if nothing is to be carried."""
    if across is None or len(sessions) < 2:
        return None
    left = _only(across["variants"], variants)
    return None if left == [] else across | {"variants": left}


def _with_likes(encoders: dict[str, Any], name: str, seen: tuple[str, ...]) -> Any:
    """The block of an encoder with that of the one it is ``like``, or adapts, below it."""
    block = encoders[name]
    word, other = _below(block)
    if not word:
        return block
    if not isinstance(other, str) or other not in encoders or other in (*seen, name):
        known = ", ".join(key for key in encoders if key != name)
        raise ValueError(f"{name}: {word} names {other!r}, but the other encoders are {known}")
    below = _with_likes(encoders, other, (*seen, name))
    if not isinstance(below, dict):
        return below
    if word == "adapt":
        if below.get("from_file") is not None:
            raise ValueError(f"{name}: adapt names {other}, which is read from a file; train one")
        below = {k: v for k, v in below.items() if k not in _NOT_OF_ADAPTED} | {"steps": 500}
    return _merged(below, {key: value for key, value in block.items() if key != "like"})


def _below(block: Any) -> tuple[str, Any]:
    """The word by which an encoder names another one that it begins as, and which one."""
    if not isinstance(block, dict):
        return "", None
    if "like" in block:
        return "like", block["like"]
    adapt = block.get("adapt")
    other = adapt.get("encoder") if isinstance(adapt, dict) else adapt
    return ("adapt" if adapt is not None else ""), other


def _merged(below: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Nested values with own ones in place; a law of pairs comes with its own options."""
    merged = dict(below)
    for key, value in own.items():
        inner = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if inner and "law" not in value else value
    return merged
