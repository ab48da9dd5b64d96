"""Which experiments, subjects and variants exist: plain data that the pipelines read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Experiment:
    """One experiment: every stage runs once per subject and variant.

    Attributes:
        name: first part of every namespace.
        subjects: rats, sessions or areas.
        trained_variants: kinds of encoders, each with a parameter block of its name.
        baselines: features that need no training.
        compared_variants: those whose embeddings are compared between subjects.
        headline_metric: the score shown when a run ends.
    """

    name: str
    subjects: tuple[str, ...]
    trained_variants: tuple[str, ...]
    baselines: tuple[str, ...]
    compared_variants: tuple[str, ...]
    headline_metric: str

    @property
    def variants(self) -> tuple[str, ...]:
        """Everything that is decoded: encoders, then baselines."""
        return self.trained_variants + self.baselines


HIPPOCAMPUS = Experiment(
    name="hippocampus",
    subjects=("achilles", "buddy", "cicero", "gatsby"),
    trained_variants=(
        "position_direction",
        "position",
        "direction",
        "time",
        "time_transductive",
        "hybrid",
        "shuffled",
    ),
    baselines=("raw", "raw_window", "pca"),
    compared_variants=("position_direction", "time", "hybrid", "shuffled", "pca"),
    headline_metric="position_error_median",
)

EXPERIMENTS = (HIPPOCAMPUS,)
