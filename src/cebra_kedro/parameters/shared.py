"""Parameter blocks that all experiments share; what is unknown or out of range is refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from cebra_kedro.cores import available_cores
from cebra_kedro.experiments import Experiment
from cebra_kedro.training.config import (
    EncoderConfig,
    LossConfig,
    OptimizerConfig,
    PairsConfig,
    ScheduleConfig,
    Settings,
    TrainingConfig,
)


class SharedTraining(Settings):
    """What the trainings of an experiment have in common; see ``training.config`` for each.

    Attributes:
        optimizer: optimiser and clipping.
        schedule: learning rate over the steps.
        steps: gradient steps.
        batch_size: references of a step.
        seeds: one encoder is trained for each, in every fold.
        device: ``auto`` is cuda, then mps, then cpu.
        threads: CPU threads of one training; null means all cores.
        processes: encoders trained at the same time; null means as many as there are cores for
            their threads.
        precision: ``bfloat16`` computes the networks and the gradient of the loss in bfloat16.
    """

    optimizer: OptimizerConfig
    schedule: ScheduleConfig = ScheduleConfig()
    steps: int = Field(ge=1)
    batch_size: int = Field(ge=2)
    seeds: tuple[int, ...] = Field(min_length=1)
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    threads: int | None = Field(None, ge=1)
    processes: int | None = Field(None, ge=1)
    precision: Literal["float32", "bfloat16"] = "float32"

    @property
    def n_processes(self) -> int:
        """Encoders trained at the same time on this machine."""
        if self.processes is not None or self.threads is None:
            return self.processes or 1
        return max(1, available_cores() // self.threads)

    @model_validator(mode="after")
    def _seeds_differ(self) -> Self:
        if len(set(self.seeds)) != len(self.seeds) or min(self.seeds) < 0:
            raise ValueError(f"seeds must be different and ≥ 0, got {list(self.seeds)}")
        return self


class TrainingParameters(SharedTraining):
    """What the encoders of an experiment have in common.

    Attributes:
        encoder: network and widths.
    """

    encoder: EncoderConfig


class VariantParameters(Settings):
    """What sets one kind of encoder apart.

    Attributes:
        labels: labels that guide the encoder, side by side; none for the ``time`` law.
        classes: the discrete label of the ``discrete`` and ``mixed`` laws.
        pairs: the law of positive pairs.
        loss: distance and temperature.
        shuffle_labels: permute the label rows of the training data: the control.
        fit_on: ``train`` or ``all``. ``all`` lets the encoder see the neural data of validation
            and test trials (transductive); refused when labels are used.
        learning_rate: replaces that of ``training.optimizer``.
        steps: replaces that of ``training``.
        batch_size: replaces that of ``training``.
        encoder: replaces that of ``training``.
        schedule: replaces that of ``training``.
    """

    labels: tuple[str, ...] = ()
    classes: str | None = None
    pairs: PairsConfig
    loss: LossConfig = LossConfig()
    shuffle_labels: bool = False
    fit_on: Literal["train", "all"] = "train"
    learning_rate: float | None = Field(None, gt=0, le=1)
    steps: int | None = Field(None, ge=1)
    batch_size: int | None = Field(None, ge=2)
    encoder: EncoderConfig | None = None
    schedule: ScheduleConfig | None = None

    @model_validator(mode="after")
    def _labels_fit_law(self) -> VariantParameters:
        law, guided = self.pairs.law, bool(self.labels) or self.classes is not None
        if self.shuffle_labels and not guided:
            raise ValueError(f"the {law} law uses no labels to shuffle; remove shuffle_labels")
        if bool(self.labels) != self.pairs.uses_labels:
            raise ValueError(
                f"the {law} law needs labels, e.g. labels: [position]"
                if self.pairs.uses_labels
                else f"the {law} law uses no labels; remove labels"
            )
        if (self.classes is not None) != self.pairs.uses_classes:
            raise ValueError(
                f"the {law} law needs classes, e.g. classes: direction"
                if self.pairs.uses_classes
                else f"the {law} law uses no classes; remove classes"
            )
        if self.fit_on == "all" and guided:
            raise ValueError(
                "fit_on: all with labels would train on the labels of test trials; "
                "use fit_on: train, or the time law"
            )
        return self

    def training_config(self, shared: TrainingParameters, seed: int) -> TrainingConfig:
        """The complete configuration of one encoder."""
        optimizer = shared.optimizer
        if self.learning_rate is not None:
            optimizer = optimizer.model_copy(update={"learning_rate": self.learning_rate})
        return TrainingConfig(
            encoder=self.encoder or shared.encoder,
            pairs=self.pairs,
            loss=self.loss,
            optimizer=optimizer,
            schedule=self.schedule or shared.schedule,
            steps=self.steps or shared.steps,
            batch_size=self.batch_size or shared.batch_size,
            seed=seed,
            device=shared.device,
            threads=shared.threads,
            precision=shared.precision,
        )


class BaselineParameters(Settings):
    """Features that need no training.

    Attributes:
        window_bins: bins summed by ``raw_window``; the encoder's receptive field makes it fair.
        pca_components: dimension of ``pca``; the encoders' output dimension makes it fair.
    """

    window_bins: int = Field(ge=1)
    pca_components: int = Field(ge=1)


class DecodingParameters(Settings):
    """The k-nearest-neighbour decoder.

    Attributes:
        neighbours: candidates for k, chosen on validation trials.
        metric: distance between embeddings.
    """

    neighbours: tuple[int, ...] = Field(min_length=1)
    metric: Literal["euclidean", "cosine"] = "euclidean"

    @model_validator(mode="after")
    def _positive(self) -> DecodingParameters:
        if min(self.neighbours) < 1:
            raise ValueError(f"neighbours must be ≥ 1, got {list(self.neighbours)}")
        return self


class ConsistencyParameters(Settings):
    """Comparison of embeddings between subjects.

    Attributes:
        bins: bins of the aligning label (per class, if classes align too) over the common range.
        min_samples: samples that every embedding needs in a bin for the bin to count.
    """

    bins: int = Field(100, ge=2, le=10_000)
    min_samples: int = Field(1, ge=1)


def check_variant_names(variants: Iterable[str], known: tuple[str, ...]) -> None:
    """Raise unless there is a block for each kind of encoder, and no other.

    Raises:
        ValueError: names what is unknown and what is missing.
    """
    unknown = ", ".join(sorted(map(str, set(variants) - set(known))))
    missing = ", ".join(name for name in known if name not in set(variants))
    if unknown or missing:
        raise ValueError(
            f"expected a block for each of {', '.join(known)}, "
            + " and ".join(
                [f"got {unknown}"] * bool(unknown) + [f"{missing} is missing"] * bool(missing)
            )
        )


class ExperimentParameters(Settings):
    """What every experiment has; a subclass adds ``ingestion`` and names its labels.

    Attributes:
        training: what all encoders have in common.
        variants: what sets each kind of encoder apart; a block for each kind there is.
        baselines: features that need no training.
        decoding: the decoder.
        consistency: comparison between subjects.
    """

    experiment: ClassVar[Experiment]
    known_labels: ClassVar[tuple[str, ...]]

    training: TrainingParameters
    variants: dict[str, VariantParameters]
    baselines: BaselineParameters
    decoding: DecodingParameters
    consistency: ConsistencyParameters

    @field_validator("variants", mode="before")
    @classmethod
    def _variants_exist(cls, variants: Any) -> Any:
        if isinstance(variants, dict):
            check_variant_names(variants, cls.experiment.trained_variants)
        return variants

    @model_validator(mode="after")
    def _labels_exist(self) -> Self:
        for name, variant in self.variants.items():
            for label in (*variant.labels, *filter(None, [variant.classes])):
                if label not in self.known_labels:
                    raise ValueError(
                        f"variants.{name} names the label {label}, but the labels are "
                        f"{', '.join(self.known_labels)}"
                    )
        return self

    @model_validator(mode="after")
    def _blocks_fit_together(self) -> Self:
        for name, variant in self.variants.items():
            try:
                variant.training_config(self.training, seed=0)
            except ValidationError as error:
                reasons = [str(d["msg"]).removeprefix("Value error, ") for d in error.errors()]
                raise ValueError(
                    f"variants.{name} does not fit training: {'; '.join(reasons)}"
                ) from error
        return self
