"""An experiment as a whole: its blocks, whether they fit together, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Self

from pydantic import Field, PrivateAttr, ValidationError, field_validator, model_validator

from cebra_kedro.decoding.settings import DecoderSettings
from cebra_kedro.experiment.blocks import (
    AcrossBlock,
    AttributionBlock,
    BaselineBlock,
    CompareBlock,
    DecodeBlock,
    DefaultRun,
    Named,
    SplitBlock,
    TrainingBlock,
    Transfer,
)
from cebra_kedro.experiment.encoder_blocks import EncoderBlock, Guidance
from cebra_kedro.experiment.fitting import check_names, check_networks, check_references
from cebra_kedro.experiment.readout import Readout
from cebra_kedro.experiment.shorthand import (
    figures_with_options,
    named_baselines,
    targets_with_labels,
    with_likes,
)
from cebra_kedro.experiment.sweeps import SearchBlock, SweepBlock
from cebra_kedro.parameter_block import Settings
from cebra_kedro.sweep import with_values
from cebra_kedro.training.config import EncoderConfig, TrainingConfig

_UNKNOWN_SPLIT = "_unknown_split"
_STORED_BASELINES = ("pca", "tsne", "umap")
"""Features of few dimensions, kept beside embeddings; the others are computed where needed."""
_OF_LEFT_OUT = ("attribution", "sweep", "by_neurons", "search")
"""Figures of what ``kedro run`` alone leaves out."""


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
    decoders: DecoderSettings = DecoderSettings()
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

    _likes = field_validator("encoders", mode="before")(with_likes)
    _baselines = field_validator("baselines", mode="before")(named_baselines)
    _targets = field_validator("decode", mode="before")(targets_with_labels)
    _figures = field_validator("figures", mode="before")(figures_with_options)

    # --- whether blocks fit together --------------------------------------------------------

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        check_names(self)
        check_references(self)
        if self.default_run is not None:
            self.for_default_run()
        check_networks(self)
        return self

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
        networks = self.networks_of(encoder) * n_sessions
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
            cuda_graphs=shared.cuda_graphs,
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

    def networks_of(self, encoder: str) -> tuple[EncoderConfig, ...]:
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
