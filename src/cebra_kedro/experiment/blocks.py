"""The blocks of an experiment's description; what is unknown, unused or out of range is refused."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import (
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from cebra_kedro.cores import available_cores
from cebra_kedro.parameter_block import Settings
from cebra_kedro.training.config import (
    EarlyStopConfig,
    EncoderConfig,
    OptimizerConfig,
    ScheduleConfig,
)


class Named(Settings):
    """A function registered in its room, and its options, which the room knows.

    Attributes:
        name: of the function; ``source: rat_on_track`` is short for ``{name: rat_on_track}``.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @property
    def options(self) -> dict[str, Any]:
        """The options that were given."""
        return dict(self.model_extra or {})


_SPLIT_OPTIONS = {
    "trial": {"folds", "scheme"},
    "repeat": {"test_repeat", "n_repeats"},
    "block": {"fractions"},
    "label": {"label"},
    "random_optimistic": {"fractions", "seed"},
}


class SplitBlock(Settings):
    """Which bins are for training, validation and test.

    Attributes:
        by: ``trial`` (whole trials), ``repeat`` (repeats of a stimulus), ``block`` (contiguous
            blocks of time), ``label`` (a discrete label says 0 train, 1 valid, 2 test) or
            ``random_optimistic`` (single bins at random, whose neighbours in time are training
            bins, so that scores come out too high).
        folds: of trials; 3 nested folds need 16 trials, 3 interleaved ones 3.
        scheme: of trials: ``nested`` as published for the rats, or ``interleaved``: the trials take
            turns, which needs fewer.
        test_repeat: repeat that is tested on, counted from 1; the one before it is for validation.
        n_repeats: repeats that there are.
        fractions: of the bins, for train, valid and test: of ``block`` and ``random_optimistic``.
        label: the label of ``by: label``.
        seed: of ``random_optimistic``.
    """

    by: Literal["trial", "repeat", "block", "label", "random_optimistic"]
    folds: int = Field(3, ge=2, le=20)
    scheme: Literal["nested", "interleaved"] = "nested"
    test_repeat: int = Field(10, ge=1)
    n_repeats: int = Field(10, ge=3)
    fractions: tuple[float, float, float] = (0.7, 0.1, 0.2)
    label: str = "part"
    seed: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _options_are_used(self) -> Self:
        used = _SPLIT_OPTIONS[self.by]
        unused = {
            name
            for name, field in type(self).model_fields.items()
            if name not in {"by", *used} and getattr(self, name) != field.default
        }
        if unused:
            raise ValueError(f"a split by {self.by} has no {', '.join(sorted(unused))}; remove it")
        if (self.by == "random_optimistic") != (self.seed is not None):
            raise ValueError("by: random_optimistic needs a seed, e.g. seed: 0")
        if self.test_repeat > self.n_repeats:
            raise ValueError(
                f"test_repeat must be in 1 … {self.n_repeats} (n_repeats), got {self.test_repeat}"
            )
        if min(self.fractions) <= 0 or abs(sum(self.fractions) - 1) > 1e-9:
            raise ValueError(
                f"fractions must be three positive numbers (train, valid, test) with sum 1, "
                f"got {list(self.fractions)}"
            )
        return self

    @property
    def n_folds(self) -> int:
        """Folds of every session."""
        return self.folds if self.by == "trial" else 1

    @property
    def options(self) -> dict[str, Any]:
        """What the rule takes."""
        return {name: getattr(self, name) for name in _SPLIT_OPTIONS[self.by]}


class TrainingBlock(Settings):
    """What the encoders of an experiment have in common; see ``training.config`` for each.

    Attributes:
        encoder: network and widths; None if each encoder names its own.
        optimizer: optimiser and clipping.
        schedule: learning rate over the steps.
        steps: gradient steps.
        batch_size: references of a step.
        negatives: negatives of a step; null means as many as references.
        early_stop: stop by the loss on validation rows, which no encoder may then be fitted to.
        seeds: one encoder is trained for each, in every fold.
        device: ``auto`` is cuda, then mps, then cpu.
        threads: CPU threads of one training; null means all cores.
        processes: pieces of work (trainings, decodings, figures) at the same time; null means as
            many as there are cores for their threads.
        precision: ``bfloat16`` computes the networks and the gradient of the loss in bfloat16.
        cuda_graphs: on a GPU, start the kernels of a step as one, where they can be recorded.
    """

    encoder: EncoderConfig | None = None
    optimizer: OptimizerConfig = OptimizerConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    steps: int = Field(ge=1)
    batch_size: int = Field(512, ge=2)
    negatives: int | None = Field(None, ge=1)
    early_stop: EarlyStopConfig | None = None
    seeds: tuple[int, ...] = Field((0,), min_length=1)
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    threads: int | None = Field(1, ge=1)
    processes: int | None = Field(None, ge=1)
    precision: Literal["float32", "bfloat16"] = "float32"
    cuda_graphs: bool = False

    @property
    def n_processes(self) -> int:
        """Encoders trained at the same time on this machine."""
        if self.processes is not None or self.threads is None:
            return self.processes or 1
        return max(1, available_cores() // self.threads)

    @property
    def n_workers(self) -> int:
        """Other pieces of work, of one thread each, at the same time on this machine."""
        return self.processes or available_cores()

    @model_validator(mode="after")
    def _seeds_differ(self) -> Self:
        if len(set(self.seeds)) != len(self.seeds) or min(self.seeds) < 0:
            raise ValueError(f"seeds must be different and ≥ 0, got {list(self.seeds)}")
        return self


class BaselineBlock(Named):
    """Features that need no trained encoder, registered in ``training.baselines``.

    Attributes:
        name: which features; the baseline's own name if it is not given.
        population: which recording of a session, where it has several.
    """

    population: str = ""

    @property
    def options(self) -> dict[str, Any]:
        """The options that were given, without the population."""
        return dict(self.model_extra or {})


class DecodeBlock(Settings):
    """One target of decoding.

    Attributes:
        labels: what is decoded; the block's own name if it is not given.
        decoders: by name: ``knn``, ``ridge``, ``logistic``, ``bayes``; none for the protocol's own.
        scores: on test rows; None for those of the kind of label. The first one chooses, on
            validation rows, among the decoder's candidates.
        protocol: ``labels``, or one of the published ones in ``decoding.protocols``.
    """

    labels: tuple[str, ...] = ()
    decoders: tuple[str, ...] = ()
    scores: tuple[str, ...] | None = Field(None, min_length=1)
    protocol: str = "labels"


class Transfer(Settings):
    """Encoders and decoders of one session, scored on the test trials of another.

    Attributes:
        fitted_to: a session.
        scored_on: another session, with the same neurons.
    """

    fitted_to: str
    scored_on: str

    @property
    def name(self) -> str:
        """The session in tables."""
        return f"{self.fitted_to}_to_{self.scored_on}"


class LabelBins(Settings):
    """Where embeddings of different sessions correspond: the bins of labels that all of them have.

    Attributes:
        align: labels; at most one continuous or circular one, or a clock of the trials,
            ``time_in_trial`` or ``phase_of_trial``.
        variants: whose embeddings they are; None for all.
        bins: edges of the ranges of the continuous label.
        min_samples: samples that every embedding needs in a bin for the bin to count.
        widening: ranges away from which a bin that is short of samples may borrow.
        cell: height of a cell in the second coordinate of a label of two, in its unit.
    """

    align: tuple[str, ...] = Field(min_length=1)
    variants: tuple[str, ...] | None = Field(None, min_length=1)
    bins: int = Field(100, ge=2, le=10_000)
    min_samples: int = Field(1, ge=1)
    widening: int = Field(2, ge=0)
    cell: float | None = Field(None, gt=0)


class AlignBlock(LabelBins):
    """Embeddings of different sessions compared where their labels agree, on training rows.

    Attributes:
        name: ``between`` in the table is ``sessions_by_<name>``; empty for ``sessions``.
    """

    name: str = ""


class AcrossBlock(LabelBins):
    """Decoders of each session scored on the test trials of each other one, other neurons or not.

    They are carried through the embedding of a joint encoder as it is, and from old sessions to new
    ones through that of an encoder adapted ``together``. The embeddings of encoders of single
    sessions, and of stored baselines, are first turned into that of the session which the decoder
    is fitted to, by the rotation (or reflection) that brings the means in the label bins of the
    training rows of both together. t-SNE and UMAP have seen test rows, and are left out.
    """


class CompareBlock(Settings):
    """Which embeddings are compared.

    Attributes:
        seeds: of one encoder and fold.
        encoders: kinds of encoders, and stored baselines, of one session.
        sessions: of one encoder, aligned by labels: one block, or several.
        presentations: every two embeddings, frame by frame, by what sets them apart.
    """

    seeds: bool = True
    encoders: bool = False
    sessions: tuple[AlignBlock, ...] = ()
    presentations: bool = False

    @field_validator("sessions", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return [value] if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [block.name for block in self.sessions]
        if len(set(names)) < len(names):
            raise ValueError(
                "several comparisons of sessions need names of their own, e.g. name: position"
            )
        return self


class AttributionBlock(Settings):
    """Which neurons matter to the embeddings of encoders: gradients on held-out rows.

    Attributes:
        encoders: those that are asked, with their controls; None for all.
        rows: test rows of each run, evenly spaced, over which gradients are averaged.
    """

    encoders: tuple[str, ...] | None = Field(None, min_length=1)
    rows: int = Field(500, ge=1)


class DefaultRun(Settings):
    """What ``kedro run`` alone does of an experiment: some of it; asked for by name, all is done.

    Attributes:
        sessions: those it works on; None for all, as everywhere below.
        encoders: those it trains.
        baselines: those it computes.
        decode: those targets it decodes.
        figures: those it draws.
    """

    sessions: tuple[str, ...] | None = Field(None, min_length=1)
    encoders: tuple[str, ...] | None = Field(None, min_length=1)
    baselines: tuple[str, ...] | None = None
    decode: tuple[str, ...] | None = None
    figures: tuple[str, ...] | None = None
