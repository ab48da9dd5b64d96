"""Typed settings of a training run; a misspelt or out-of-range value is refused here."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from cebra_kedro.parameter_block import Settings

_WINDOW = re.compile(r"(?:offset|supervised)(\d+)-")
_RESAMPLING = {
    "resample-model": "offset40-model-4x-subsample",
    "resample5-model": "offset20-model-4x-subsample",
    "resample1-model": "offset4-model-2x-subsample",
}
"""Older names of cebra's networks → names that say the receptive field."""

DecayRate = Annotated[float, Field(ge=0, lt=1)]


class EncoderConfig(Settings):
    """A network registered by cebra and its widths.

    Attributes:
        architecture: name in cebra's registry, e.g. ``offset10-model`` (window of 5 + 5 bins).
        hidden_units: channels of the hidden layers.
        output_dimension: dimension of the embedding.
    """

    architecture: str = "offset10-model"
    hidden_units: int = Field(32, ge=2, le=4096)
    output_dimension: int = Field(3, ge=1, le=1024)

    @property
    def window_bins(self) -> int | None:
        """The receptive field that cebra's name of the architecture says; None if it says none."""
        named = _WINDOW.search(_RESAMPLING.get(self.architecture, self.architecture))
        return int(named[1]) if named else None

    @property
    def resamples(self) -> bool:
        """Whether the network gives one output for several bins, by cebra's name of it."""
        return "subsample" in _RESAMPLING.get(self.architecture, self.architecture)


class PairsConfig(Settings):
    """How positive pairs are drawn.

    Attributes:
        law: ``time`` (bins a fixed time apart), ``time_delta`` (labels a recorded change apart),
            ``delta_normal`` (labels a Gaussian change apart), ``discrete`` (same class),
            ``mixed`` (same class, labels a recorded change apart), ``hybrid`` (``time_delta`` and
            ``time``, losses summed, both on all dimensions; ``objectives`` gives each its own, as
            in cebra, where behaviour takes the first three).
        time_offset_bins: the time span of a positive pair or of a label change.
        delta: standard deviation of the Gaussian change, in the unit of the labels.
        ties: which of several bins with exactly the nearest label is taken; ``first`` follows
            cebra, ``uniform`` spreads over them (needed where a label has few values).
        prior: classes as frequent as in the data (``empirical``) or equally frequent
            (``uniform``), for ``discrete`` and ``mixed``.
        windows: ``trial`` keeps windows inside trials; ``cebra`` lets them cross trials and
            clamps them at the ends of the recording.
        standardise: divide every continuous label by its standard deviation over the rows that are
            trained on, so that labels of different units weigh alike; angles and classes stay as
            they are. None is false: labels count in their own units, as in cebra.
    """

    law: Literal["time", "time_delta", "delta_normal", "discrete", "mixed", "hybrid"]
    time_offset_bins: int | None = Field(None, ge=1)
    delta: float | None = Field(None, gt=0)
    ties: Literal["first", "uniform"] | None = None
    prior: Literal["empirical", "uniform"] | None = None
    windows: Literal["trial", "cebra"] = "trial"
    standardise: bool | None = None

    @property
    def uses_labels(self) -> bool:
        """Whether the law looks at continuous labels."""
        return self.law not in ("time", "discrete")

    @property
    def uses_classes(self) -> bool:
        """Whether the law looks at a discrete label."""
        return self.law in ("discrete", "mixed")

    @property
    def n_objectives(self) -> int:
        """Losses that are summed."""
        return 2 if self.law == "hybrid" else 1

    @model_validator(mode="after")
    def _options_fit_law(self) -> PairsConfig:
        spans_time = self.law in ("time", "time_delta", "mixed", "hybrid")
        wanted = {
            "time_offset_bins": spans_time,
            "delta": self.law == "delta_normal",
        }
        for name, needed in wanted.items():
            if needed and getattr(self, name) is None:
                raise ValueError(f"the {self.law} law needs {name}")
        used = wanted | {
            "ties": self.uses_labels,
            "prior": self.uses_classes,
            "standardise": self.uses_labels,
        }
        for name, usable in used.items():
            if not usable and getattr(self, name) is not None:
                raise ValueError(f"the {self.law} law has no {name}; remove it")
        return self


class LossConfig(Settings):
    """InfoNCE.

    Attributes:
        distance: ``cosine`` for encoders with normalised output, ``euclidean`` for ``-mse`` ones.
        temperature: the softmax temperature, or where a learnable one starts.
        learnable_temperature: train the temperature with the encoder.
        min_temperature: lower bound of a learnable temperature.
    """

    distance: Literal["cosine", "euclidean"] = "cosine"
    temperature: float = Field(1.0, gt=0, le=100)
    learnable_temperature: bool = False
    min_temperature: float | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _bound_fits(self) -> LossConfig:
        if self.min_temperature is not None and not self.learnable_temperature:
            raise ValueError(
                "min_temperature bounds a learnable temperature; set learnable_temperature: true "
                "or remove it"
            )
        if self.min_temperature is not None and self.min_temperature > self.temperature:
            raise ValueError(
                f"min_temperature ({self.min_temperature}) must not exceed temperature "
                f"({self.temperature})"
            )
        return self


class OptimizerConfig(Settings):
    """The optimiser.

    Attributes:
        name: ``adam`` or ``adamw`` (decoupled weight decay).
        learning_rate: peak learning rate; the schedule scales it.
        weight_decay: 0 switches it off.
        betas: decay rates of Adam's moments.
        clip_norm: the gradient's norm is clipped to this before each step; null does not clip.
    """

    name: Literal["adam", "adamw"] = "adam"
    learning_rate: float = Field(3e-4, gt=0, le=1)
    weight_decay: float = Field(0.0, ge=0, le=1)
    betas: tuple[DecayRate, DecayRate] = (0.9, 0.999)
    clip_norm: float | None = Field(None, gt=0)


class ScheduleConfig(Settings):
    """The learning rate over the steps, as a fraction of its peak.

    Attributes:
        name: ``constant``; ``cosine`` (from the peak to ``final_fraction``); or ``one_cycle``
            (cosine from ``initial_fraction`` up to the peak during the first
            ``warmup_fraction`` of the steps, then cosine down to ``final_fraction``).
        warmup_fraction: share of the steps spent rising, for ``one_cycle``.
        initial_fraction: where ``one_cycle`` starts.
        final_fraction: where ``one_cycle`` and ``cosine`` end.
    """

    name: Literal["constant", "cosine", "one_cycle"] = "constant"
    warmup_fraction: float = Field(0.05, gt=0, lt=1)
    initial_fraction: float = Field(0.04, gt=0, le=1)
    final_fraction: float = Field(1e-3, ge=0, le=1)

    @model_validator(mode="after")
    def _options_fit_curve(self) -> ScheduleConfig:
        used = {
            "constant": {"name"},
            "cosine": {"name", "final_fraction"},
            "one_cycle": set(type(self).model_fields),
        }
        for name, field in type(self).model_fields.items():
            if name not in used[self.name] and getattr(self, name) != field.default:
                raise ValueError(f"the {self.name} schedule has no {name}; remove it")
        return self


class EarlyStopConfig(Settings):
    """Stop when the loss on validation data no longer falls; the best weights are kept.

    Attributes:
        every_steps: steps between looks at the validation loss.
        patience: looks without a new best before training stops.
        draws: batches averaged at each look, the same at every look.
    """

    every_steps: int = Field(100, ge=1)
    patience: int = Field(5, ge=1)
    draws: int = Field(10, ge=1)


class JacobianConfig(Settings):
    """Jacobian regularisation: inputs that do not matter come to have no effect.

    ½ ‖J‖² is added to the loss, averaged over references, where J is the gradient of the embedding
    by the window that it is computed from (``cebra.solver.regularized``). Attribution maps of
    encoders trained with it tell neurons that matter from others more sharply.

    Attributes:
        weight: of the penalty, once it has risen.
        ramp_up: shares of the steps between which the weight rises from 0.
        projections: random directions of the embedding that stand for all dimensions at a step;
            null takes each dimension, which is exact.
    """

    weight: float = Field(gt=0)
    ramp_up: tuple[float, float] = (0.125, 0.75)
    projections: int | None = Field(None, ge=1)

    @model_validator(mode="after")
    def _rises(self) -> JacobianConfig:
        _check_ramp_up(self.ramp_up)
        return self


class ObjectiveConfig(Settings):
    """A loss on some dimensions of an embedding, as in ``cebra.solver.multiobjective``.

    Attributes:
        dimensions: the first and the last one, counted from 0; those of several may overlap.
        pairs: the law of its positive pairs; references and negatives are common to all.
        loss: its distance and a temperature that is not learned; null for ``loss`` of the encoder.
        weight: of its loss in the sum that is made small, once it has risen.
        ramp_up: shares of the steps between which the weight rises from 0.
    """

    dimensions: tuple[int, int]
    pairs: PairsConfig
    loss: LossConfig | None = None
    weight: float = Field(1.0, gt=0)
    ramp_up: tuple[float, float] = (0.0, 0.0)

    @property
    def columns(self) -> slice:
        """Its dimensions, of arrays (time, dim)."""
        return slice(self.dimensions[0], self.dimensions[1] + 1)

    @model_validator(mode="after")
    def _is_one_objective(self) -> ObjectiveConfig:
        _check_ramp_up(self.ramp_up)
        if self.pairs.law == "hybrid":
            raise ValueError("the hybrid law is two objectives; write time_delta and time as two")
        if self.pairs.prior is not None:
            raise ValueError("objectives share references, drawn uniformly; remove prior")
        if self.loss is not None and self.loss.learnable_temperature:
            raise ValueError(
                "a temperature is learned for all objectives or none; set learnable_temperature in "
                "loss of the encoder"
            )
        return self


def _check_ramp_up(ramp_up: tuple[float, float]) -> None:
    begin, end = ramp_up
    if not 0 <= begin <= end < 1:
        raise ValueError(
            f"ramp_up must be two shares of the steps, 0 ≤ from ≤ to < 1, got [{begin}, {end}]"
        )


class TrainingConfig(Settings):
    """Everything that, with the data, determines a trained encoder.

    Attributes:
        encoder: the network.
        session_encoders: one network per session of a multi-session training, if they differ;
            empty means ``encoder`` for every session.
        pairs: the law of positive pairs; with objectives that of the first, if not given.
        loss: InfoNCE's distance and temperature.
        objectives: several losses, by name, each on dimensions of its own; none for one on all.
        renormalise: parts of the embedding between the borders of objectives have unit norm each;
            null means where all distances are cosine.
        optimizer: optimiser and clipping.
        schedule: learning rate over the steps.
        steps: gradient steps.
        batch_size: references (and positives) of a step, per session.
        negatives: negatives of a step, per session; null means as many as references.
        early_stop: stop by a validation loss, or null.
        jacobian_regularisation: penalty on the gradients by the inputs, or null.
        seed: seed of weights and pairs.
        device: ``auto`` is cuda, then mps, then cpu.
        threads: CPU threads of the training; null means all cores. It is part of the
            configuration because sums split over threads differ in their last bits.
        precision: ``bfloat16`` computes the network and the gradient of the loss in bfloat16;
            weights and the loss itself stay float32.
        cuda_graphs: on a GPU, start the kernels of a step as one, where they can be recorded.
    """

    encoder: EncoderConfig = EncoderConfig()
    session_encoders: tuple[EncoderConfig, ...] = ()
    pairs: PairsConfig
    loss: LossConfig = LossConfig()
    objectives: dict[str, ObjectiveConfig] = Field(default_factory=dict)
    renormalise: bool | None = None
    optimizer: OptimizerConfig = OptimizerConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    steps: int = Field(ge=1)
    batch_size: int = Field(512, ge=2)
    negatives: int | None = Field(None, ge=1)
    early_stop: EarlyStopConfig | None = None
    jacobian_regularisation: JacobianConfig | None = None
    seed: int = Field(0, ge=0, lt=2**63)
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    threads: int | None = Field(None, ge=1)
    precision: Literal["float32", "bfloat16"] = "float32"
    cuda_graphs: bool = False

    @property
    def n_negatives(self) -> int:
        """Negatives of a step, per session."""
        return self.batch_size if self.negatives is None else self.negatives

    @property
    def laws(self) -> tuple[PairsConfig, ...]:
        """The law of each objective."""
        return tuple(one.pairs for one in self.objectives.values()) or (self.pairs,)

    @property
    def n_objectives(self) -> int:
        """Losses that are summed."""
        return sum(law.n_objectives for law in self.laws)

    @property
    def losses(self) -> tuple[LossConfig, ...]:
        """The loss of each objective."""
        return tuple(one.loss or self.loss for one in self.objectives.values()) or (self.loss,)

    @property
    def pieces(self) -> tuple[int, ...]:
        """Widths of the pieces of the embedding that have unit norm each; none for as ever.

        They lie between all borders of objectives, as ``compute_renormalize_ranges`` in
        ``cebra/models/multiobjective.py`` has them.
        """
        columns = [one.columns for one in self.objectives.values()]
        cosine = all(loss.distance == "cosine" for loss in self.losses)
        if not columns or not (cosine if self.renormalise is None else self.renormalise):
            return ()
        borders = sorted({border for one in columns for border in (one.start, one.stop)})
        return tuple(end - begin for begin, end in pairwise(borders))

    def encoders(self, n_sessions: int) -> tuple[EncoderConfig, ...]:
        """The network of each session.

        Raises:
            ValueError: ``session_encoders`` has another length, or output dimensions differ.
        """
        encoders = self.session_encoders or (self.encoder,) * n_sessions
        if len(encoders) != n_sessions:
            raise ValueError(
                f"session_encoders must have one entry for each of {n_sessions} sessions, "
                f"got {len(encoders)}"
            )
        if len({encoder.output_dimension for encoder in encoders}) > 1:
            raise ValueError("all session_encoders must have the same output_dimension")
        return encoders

    @model_validator(mode="before")
    @classmethod
    def _pairs_of_first(cls, value: Any) -> Any:
        """The law that stands for all where one is asked for, e.g. about windows."""
        if isinstance(value, dict) and value.get("objectives") and "pairs" not in value:
            first = next(iter(value["objectives"].values()))
            of_first = first.get("pairs") if isinstance(first, dict) else first.pairs
            return value | {"pairs": of_first}
        return value

    @model_validator(mode="after")
    def _objectives_fit(self) -> TrainingConfig:
        if not self.objectives:
            if self.renormalise is not None:
                raise ValueError("renormalise is for parts of objectives; remove it")
            return self
        if self.pairs != self.laws[0]:
            raise ValueError("objectives have their own pairs; remove pairs beside them")
        if len({law.windows for law in self.laws}) > 1:
            raise ValueError("objectives share their windows; give all pairs the same windows")
        if self.loss not in self.losses and self.loss != LossConfig():
            raise ValueError("each objective has its own loss; remove loss beside them")
        self._check_dimensions()
        return self

    def _check_dimensions(self) -> None:
        """Objectives must lie in the embedding, and together make it up."""
        n_dims, covered = self.encoder.output_dimension, set[int]()
        for name, one in self.objectives.items():
            first, last = one.dimensions
            if not 0 <= first <= last < n_dims:
                raise ValueError(
                    f"objectives.{name}.dimensions must be the first and the last one, in 0 … "
                    f"{n_dims - 1} (output_dimension {n_dims}), got [{first}, {last}]"
                )
            covered.update(range(first, last + 1))
        if left := sorted({*range(n_dims)} - covered):
            raise ValueError(
                f"no objective has the dimensions {', '.join(map(str, left))}; lower "
                "output_dimension, or let an objective reach over them"
            )
        if any(loss.distance != "cosine" for loss in self.losses) and self.renormalise:
            raise ValueError(
                "renormalise: true is for the cosine distance; remove it, or the other one"
            )
        if 1 in self.pieces:
            raise ValueError(
                "objectives cut the embedding into pieces of unit norm, of which one has a single "
                "dimension and could only be ±1; move their borders, or say renormalise: false"
            )

    @model_validator(mode="after")
    def _distance_fits_encoder(self) -> TrainingConfig:
        for encoder in self.session_encoders or (self.encoder,):
            cosine = any(loss.distance == "cosine" for loss in self.losses)
            if "-mse" in encoder.architecture and cosine:
                raise ValueError(
                    f"{encoder.architecture} has no normalised output, so the cosine distance "
                    "is unbounded; set loss.distance to euclidean or choose another encoder"
                )
        return self

    @model_validator(mode="after")
    def _early_stop_gets_a_look(self) -> TrainingConfig:
        if self.early_stop is not None and self.early_stop.every_steps > self.steps:
            raise ValueError(
                f"early_stop.every_steps ({self.early_stop.every_steps}) must be at most steps "
                f"({self.steps}), else the validation loss is never looked at"
            )
        return self
