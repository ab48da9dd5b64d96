"""Parameters of the Allen visual cortex experiments: the movie's decoding, and consistency."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import Field, ValidationError, model_validator

from cebra_kedro.experiments import ALLEN, ALLEN_CONSISTENCY, MODALITIES, Experiment
from cebra_kedro.parameters.shared import SharedTraining, check_variant_names
from cebra_kedro.training.config import (
    EncoderConfig,
    LossConfig,
    OptimizerConfig,
    PairsConfig,
    ScheduleConfig,
    Settings,
    TrainingConfig,
)

Window = Literal["one_frame", "ten_frames"]


class MovieIngestionParameters(Settings):
    """From published arrays to the neurons of a pseudomouse.

    Attributes:
        n_neurons: neurons sampled from each area and modality.
        seed: of the sampling.
        replace: sample with replacement, as published; false needs as many neurons as asked for.
        n_repeats: repeats of the movie in a recording.
        test_repeat: repeat that is tested on, counted from 1; the one before it is for validation.
    """

    n_neurons: int = Field(ge=2)
    seed: int = Field(ge=0)
    replace: bool = True
    n_repeats: int = Field(10, ge=3)
    test_repeat: int = Field(10, ge=1)

    @model_validator(mode="after")
    def _test_repeat_exists(self) -> Self:
        if self.test_repeat > self.n_repeats:
            raise ValueError(
                f"test_repeat must be in 1 … {self.n_repeats} (n_repeats), got {self.test_repeat}"
            )
        return self


class WindowEncoders(Settings):
    """The networks that see windows of one length.

    Attributes:
        ca: of the calcium events, at one bin a frame.
        neuropixels: of the spike counts, at four bins a frame.
    """

    ca: EncoderConfig
    neuropixels: EncoderConfig

    def of(self, modality: str) -> EncoderConfig:
        """The network of a modality."""
        return {"ca": self.ca, "neuropixels": self.neuropixels}[modality]


class MovieTrainingParameters(SharedTraining):
    """What all encoders of the movie have in common.

    Attributes:
        windows: the networks, by the length of movie that they see.
    """

    windows: dict[Window, WindowEncoders]


class MovieVariantParameters(Settings):
    """What sets one kind of encoder apart; which modalities it sees stands in ``experiments``.

    Attributes:
        window: which of ``training.windows``.
        pairs: the law of positive pairs; labels are the features of the frame.
        loss: distance and temperature.
        shuffle_labels: the control: permute the frames of the training bins, for the encoder and
            for its decoder.
        optimizer: replaces that of ``training``.
        schedule: replaces that of ``training``.
        steps: replaces that of ``training``.
        batch_size: replaces that of ``training``.
    """

    window: Window = "one_frame"
    pairs: PairsConfig
    loss: LossConfig = LossConfig()
    shuffle_labels: bool = False
    optimizer: OptimizerConfig | None = None
    schedule: ScheduleConfig | None = None
    steps: int | None = Field(None, ge=1)
    batch_size: int | None = Field(None, ge=2)

    @model_validator(mode="after")
    def _law_uses_features_only(self) -> Self:
        if self.pairs.uses_classes:
            raise ValueError(
                f"pairs.law {self.pairs.law} needs a discrete label, but the movie's labels are "
                "continuous features; use time_delta, delta_normal, hybrid or time"
            )
        if self.shuffle_labels and not self.pairs.uses_labels:
            raise ValueError(f"the {self.pairs.law} law uses no labels to shuffle")
        return self

    def training_config(
        self, shared: MovieTrainingParameters, modalities: tuple[str, ...], seed: int
    ) -> TrainingConfig:
        """The complete configuration of one encoder, with a network for each modality."""
        encoders = tuple(shared.windows[self.window].of(modality) for modality in modalities)
        return TrainingConfig(
            encoder=encoders[0],
            session_encoders=encoders if len(encoders) > 1 else (),
            pairs=self.pairs,
            loss=self.loss,
            optimizer=self.optimizer or shared.optimizer,
            schedule=self.schedule or shared.schedule,
            steps=self.steps or shared.steps,
            batch_size=self.batch_size or shared.batch_size,
            seed=seed,
            device=shared.device,
            threads=shared.threads,
            precision=shared.precision,
        )


class MovieDecodingParameters(Settings):
    """Decoders of the frame.

    Attributes:
        neighbours: candidates for k of the nearest-neighbour decoder (cosine).
        smoothings: candidates for the share of the largest variance that Gaussian naive Bayes
            adds to all variances.
        window_frames: a decoded frame counts as right when it is fewer frames away than this.
    """

    neighbours: tuple[int, ...] = Field(min_length=1)
    smoothings: tuple[float, ...] = Field(min_length=1)
    window_frames: int = Field(30, ge=1, le=900)

    @model_validator(mode="after")
    def _positive(self) -> Self:
        if min(self.neighbours) < 1 or min(self.smoothings) <= 0:
            raise ValueError(
                f"neighbours must be ≥ 1 and smoothings > 0, got {list(self.neighbours)} and "
                f"{list(self.smoothings)}"
            )
        return self


class NeuronSweepParameters(Settings):
    """Accuracy by number of Neuropixels units, of the variant ``neuropixels``.

    Attributes:
        counts: numbers of units; the first so many of the sampled ones are used.
        steps: gradient steps of each; null means as many as the variant has.
    """

    counts: tuple[int, ...] = ()
    steps: int | None = Field(None, ge=1)

    @model_validator(mode="after")
    def _counts_rise(self) -> Self:
        if list(self.counts) != sorted(set(self.counts)) or min(self.counts, default=2) < 2:
            raise ValueError(f"counts must rise from 2 on, got {list(self.counts)}")
        return self


class MovieParameters(Settings):
    """What both experiments have; a subclass names its experiment.

    Attributes:
        ingestion: which neurons, and which repeats are tested on.
        training: what all encoders have in common.
        variants: what sets each kind of encoder apart; a block for each kind there is.
    """

    experiment: ClassVar[Experiment]

    ingestion: MovieIngestionParameters
    training: MovieTrainingParameters
    variants: dict[str, MovieVariantParameters]

    @model_validator(mode="after")
    def _variants_fit(self) -> Self:
        check_variant_names(self.variants, self.experiment.trained_variants)
        for name, variant in self.variants.items():
            if variant.window not in self.training.windows:
                raise ValueError(
                    f"variants.{name}.window is {variant.window}, but training.windows has "
                    f"{', '.join(self.training.windows) or 'none'}"
                )
            try:
                variant.training_config(self.training, MODALITIES, seed=0).encoders(2)
            except (ValidationError, ValueError) as error:
                raise ValueError(f"variants.{name} does not fit training: {error}") from error
        return self


class AllenParameters(MovieParameters):
    """Decoding the movie.

    Attributes:
        decoding: decoders of the frame.
        neurons: accuracy by number of neurons.
    """

    experiment: ClassVar[Experiment] = ALLEN

    decoding: MovieDecodingParameters
    neurons: NeuronSweepParameters = NeuronSweepParameters()

    @model_validator(mode="after")
    def _sweep_fits(self) -> Self:
        if max(self.neurons.counts, default=0) > self.ingestion.n_neurons:
            raise ValueError(
                f"neurons.counts must be at most ingestion.n_neurons ({self.ingestion.n_neurons}), "
                f"got {list(self.neurons.counts)}"
            )
        return self


class AllenConsistencyParameters(MovieParameters):
    """Consistency within and between areas, of disjoint groups of neurons."""

    experiment: ClassVar[Experiment] = ALLEN_CONSISTENCY
