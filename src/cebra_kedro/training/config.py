"""Typed settings of a training run; a misspelt or out-of-range value is refused here."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Settings(BaseModel):
    """Base of every parameter block: immutable, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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


class PairsConfig(Settings):
    """How positive pairs are drawn.

    Attributes:
        law: ``time`` (bins a fixed time apart), ``time_delta`` (labels a recorded change
            apart), or ``hybrid`` (both objectives, summed).
        time_offset_bins: the time span of a positive pair or of a label change.
        ties: which of several bins with exactly the nearest label is taken; ``first`` follows
            cebra, ``uniform`` spreads over them (needed where a label has few values).
    """

    law: Literal["time", "time_delta", "hybrid"]
    time_offset_bins: int = Field(10, ge=1)
    ties: Literal["first", "uniform"] = "first"


class LossConfig(Settings):
    """InfoNCE.

    Attributes:
        distance: ``cosine`` for encoders with normalised output, ``euclidean`` for ``-mse`` ones.
        temperature: the softmax temperature.
    """

    distance: Literal["cosine", "euclidean"] = "cosine"
    temperature: float = Field(1.0, gt=0, le=100)


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
    betas: tuple[float, float] = (0.9, 0.999)
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


class TrainingConfig(Settings):
    """Everything that, with the data, determines a trained encoder.

    Attributes:
        encoder: the network.
        pairs: the law of positive pairs.
        loss: InfoNCE's distance and temperature.
        optimizer: optimiser and clipping.
        schedule: learning rate over the steps.
        steps: gradient steps.
        batch_size: references (and positives) of a step.
        negatives: negatives of a step; null means as many as references.
        seed: seed of weights and pairs.
        device: ``auto`` is cuda, then mps, then cpu.
    """

    encoder: EncoderConfig = EncoderConfig()
    pairs: PairsConfig
    loss: LossConfig = LossConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    steps: int = Field(ge=1)
    batch_size: int = Field(512, ge=2)
    negatives: int | None = Field(None, ge=1)
    seed: int = Field(0, ge=0)
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"

    @property
    def n_negatives(self) -> int:
        """Negatives of a step."""
        return self.batch_size if self.negatives is None else self.negatives

    @model_validator(mode="after")
    def _distance_fits_encoder(self) -> TrainingConfig:
        unnormalised = self.encoder.architecture.endswith("-mse")
        if unnormalised and self.loss.distance == "cosine":
            raise ValueError(
                f"{self.encoder.architecture} has no normalised output, so the cosine distance "
                "is unbounded; set loss.distance to euclidean or choose another encoder"
            )
        return self
