"""Parameters of the synthetic experiment."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, ValidationError, model_validator

from cebra_kedro.experiments import SYNTHETIC, Experiment
from cebra_kedro.parameters.shared import (
    DecodingParameters,
    ExperimentParameters,
    VariantParameters,
)
from cebra_kedro.sweep import cells_of, with_values
from cebra_kedro.training.config import PairsConfig, Settings

_SWEPT_BLOCKS = ("training", "variants", "guidance", "decoding")


class SyntheticIngestionParameters(Settings):
    """From arrays to a recording and its split.

    Attributes:
        bin_width_s: width of a time bin in seconds; published samples have no time.
        split: ``contiguous`` blocks of time, or ``random_optimistic``: single bins at random, whose
            neighbours in time are training bins, so that scores come out too high.
        fractions: of the bins of each session, for train, valid and test.
        seed: seed of the random split; it has no other use.
    """

    bin_width_s: float = Field(1.0, gt=0, le=1000)
    split: Literal["contiguous", "random_optimistic"] = "contiguous"
    fractions: tuple[float, float, float] = (0.7, 0.1, 0.2)
    seed: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _seed_fits_split(self) -> Self:
        if (self.seed is None) != (self.split == "contiguous"):
            raise ValueError(
                f"ingestion.seed is for split: random_optimistic and needed by it; split is "
                f"{self.split} and seed is {self.seed}"
            )
        if min(self.fractions) <= 0 or abs(sum(self.fractions) - 1) > 1e-9:
            raise ValueError(
                f"fractions must be three positive numbers (train, valid, test) with sum 1, "
                f"got {list(self.fractions)}"
            )
        return self


class LabelGuidance(Settings):
    """Which labels guide an encoder, and by which law; see ``VariantParameters``."""

    labels: tuple[str, ...] = ()
    classes: str | None = None
    pairs: PairsConfig


class GuidanceParameters(Settings):
    """What replaces labels and law of a variant on sets without a continuous label alone.

    Attributes:
        circular: for sets with ``angle``; it guides as (cos, sin).
        discrete: for sets with ``class``.
        mixed: for sets with ``label`` and ``class``.
    """

    circular: LabelGuidance
    discrete: LabelGuidance
    mixed: LabelGuidance

    def applied_to(self, variant: VariantParameters, names: Collection[str]) -> VariantParameters:
        """A variant for a set with labels of these names; one that no label guides stays.

        Raises:
            ValueError: a label that should guide is not in the set.
        """
        guided = bool(variant.labels) or variant.classes is not None
        kind = self._kind(names)
        if guided and kind is not None:
            own = variant.model_dump(exclude={"labels", "classes", "pairs"}, exclude_unset=True)
            variant = VariantParameters.model_validate(own | kind.model_dump())
        wanted = (*variant.labels, *filter(None, [variant.classes]))
        missing = [name for name in wanted if name not in names]
        if missing:
            raise ValueError(
                f"the encoder is to be guided by {', '.join(missing)}, but the set has "
                f"{', '.join(names)}; correct guidance or the labels of the variant"
            )
        return variant

    def _kind(self, names: Collection[str]) -> LabelGuidance | None:
        if "label" in names:
            return self.mixed if "class" in names else None
        return self.circular if "angle" in names else self.discrete


class TsneParameters(Settings):
    """t-SNE, transductive.

    Attributes:
        perplexity: about how many neighbours each row is fitted to.
        max_iter: iterations.
    """

    perplexity: float = Field(30.0, gt=1)
    max_iter: int = Field(1000, ge=250)


class UmapParameters(Settings):
    """UMAP, transductive; needs the extra ``umap``.

    Attributes:
        n_neighbors: neighbours of each row in the graph.
        min_dist: smallest distance of rows in the result.
    """

    n_neighbors: int = Field(15, ge=2)
    min_dist: float = Field(0.1, ge=0, le=1)


class SyntheticBaselineParameters(Settings):
    """Embeddings without an encoder.

    Attributes:
        components: dimension of all of them.
        tsne: null leaves it out.
        umap: null leaves it out.
    """

    components: int = Field(2, ge=1, le=3)
    tsne: TsneParameters | None = None
    umap: UmapParameters | None = None


class SyntheticDecodingParameters(DecodingParameters):
    """The decoders: ridge for continuous and circular labels, kNN for classes.

    Attributes:
        ridge_alphas: candidates for the penalty, chosen on validation rows.
        decoders: label → decoder, where it is to be named; one that does not fit is refused.
    """

    ridge_alphas: tuple[float, ...] = Field(min_length=1)
    decoders: dict[Literal["label", "angle", "class"], str] = Field(default_factory=dict)


class SweepParameters(Settings):
    """A grid over parameters: every combination is trained and decoded.

    Attributes:
        subjects: the sets it runs on.
        variants: the encoders it runs.
        grid: parameter with its block, e.g. ``training.steps`` → values to try.
        metric: the score of the heat map.
        processes: cells computed at the same time; null means as many as there are cores.
    """

    subjects: tuple[str, ...] = ()
    variants: tuple[str, ...] = ("default",)
    grid: dict[str, tuple[Any, ...]] = Field(default_factory=dict)
    metric: str = SYNTHETIC.headline_metric
    processes: int | None = Field(None, ge=1)

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        known = {"subjects": SYNTHETIC.subjects, "variants": SYNTHETIC.trained_variants}
        for what, names in known.items():
            for name in getattr(self, what):
                if name not in names:
                    raise ValueError(f"sweep.{what} names {name}, but there are {', '.join(names)}")
        return self

    @model_validator(mode="after")
    def _grid_names_blocks(self) -> Self:
        for name, values in self.grid.items():
            if name.split(".")[0] not in _SWEPT_BLOCKS:
                raise ValueError(
                    f"sweep.grid names {name}, but a sweep can change {', '.join(_SWEPT_BLOCKS)}"
                )
            if not values:
                raise ValueError(f"sweep.grid has no values for {name}; list some or remove it")
        return self


class SyntheticParameters(ExperimentParameters):
    """Everything of the synthetic experiment.

    Attributes:
        ingestion: from arrays to recordings.
        guidance: laws for sets without a continuous label.
        baselines: embeddings without an encoder.
        decoding: the decoders.
        consistency: this experiment has none.
        sweep: a grid over parameters.
    """

    experiment: ClassVar[Experiment] = SYNTHETIC
    known_labels: ClassVar[tuple[str, ...]] = ("label", "angle", "class")

    ingestion: SyntheticIngestionParameters
    guidance: GuidanceParameters
    baselines: SyntheticBaselineParameters  # type: ignore[assignment]
    decoding: SyntheticDecodingParameters
    consistency: None = None  # type: ignore[assignment]
    sweep: SweepParameters = SweepParameters()

    def of_cell(self, cell: dict[str, Any]) -> SyntheticParameters:
        """The parameters with the values of one cell of the sweep.

        Raises:
            ValueError: a name leads nowhere, or a value is out of range.
        """
        everything = self.model_dump() | {"sweep": {}}
        try:
            return SyntheticParameters.model_validate(with_values(everything, cell))
        except ValidationError as error:
            reasons = [str(d["msg"]).removeprefix("Value error, ") for d in error.errors()]
            raise ValueError(f"sweep.grid gives {cell}: {'; '.join(reasons)}") from error

    @model_validator(mode="after")
    def _cells_are_valid(self) -> Self:
        for cell in cells_of(self.sweep.grid):
            self.of_cell(cell)
        return self
