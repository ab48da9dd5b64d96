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
        pipeline: name of the pipeline, if it is not that of the experiment.
    """

    name: str
    subjects: tuple[str, ...]
    trained_variants: tuple[str, ...]
    baselines: tuple[str, ...]
    compared_variants: tuple[str, ...]
    headline_metric: str
    pipeline: str = ""

    @property
    def variants(self) -> tuple[str, ...]:
        """Everything that is decoded: encoders, then baselines."""
        return self.trained_variants + self.baselines

    @property
    def scored_subjects(self) -> tuple[str, ...]:
        """What the scores are of: the subjects."""
        return self.subjects


@dataclass(frozen=True)
class Transfer:
    """Encoders and decoders of one subject, scored on the test trials of another.

    Attributes:
        source: who they were fitted to.
        target: whose test trials are scored; the neurons are the same.
    """

    source: str
    target: str

    @property
    def name(self) -> str:
        """The subject in tables."""
        return f"{self.source}_to_{self.target}"


@dataclass(frozen=True)
class ReachingExperiment(Experiment):
    """An experiment whose subjects are kinds of sessions of one monkey.

    Attributes:
        transfers: from which kind of session to which other decoding is tried.
    """

    transfers: tuple[Transfer, ...] = ()

    @property
    def scored_subjects(self) -> tuple[str, ...]:
        """What the scores are of: the subjects, and the transfers between them."""
        return self.subjects + tuple(transfer.name for transfer in self.transfers)


@dataclass(frozen=True)
class Readout:
    """An embedding of one modality by one encoder: what is decoded and compared.

    Attributes:
        name: the variant in tables, e.g. ``joint_ca``.
        encoder: the trained variant, e.g. ``joint``.
        modality: ``ca`` or ``neuropixels``.
        session: place of the modality among those that the encoder was trained on.
    """

    name: str
    encoder: str
    modality: str
    session: int


@dataclass(frozen=True)
class MovieExperiment(Experiment):
    """An experiment on two modalities, whose encoders see one or both.

    Attributes:
        joint_variants: encoders trained on both modalities at once; the others see the one that
            their name names.
        own_neurons: every encoder has neurons of its own, which no other has.
    """

    joint_variants: tuple[str, ...] = ()
    own_neurons: bool = False

    def modalities(self, variant: str) -> tuple[str, ...]:
        """What an encoder or a baseline sees, in the order of its sessions."""
        if variant in self.joint_variants:
            return MODALITIES
        return tuple(modality for modality in MODALITIES if modality in variant.split("_"))

    @property
    def readouts(self) -> tuple[Readout, ...]:
        """Every embedding there is: one of each modality that an encoder sees."""
        return tuple(
            Readout(self._readout_name(encoder, modality), encoder, modality, session)
            for encoder in self.trained_variants
            for session, modality in enumerate(self.modalities(encoder))
        )

    @property
    def variants(self) -> tuple[str, ...]:
        """Everything that is decoded: read-outs of encoders, then baselines."""
        return tuple(readout.name for readout in self.readouts) + self.baselines

    def recording(self, variant: str, modality: str) -> str:
        """The entry of an area that holds the neurons an encoder or a baseline sees."""
        return f"{variant}_{modality}_recording" if self.own_neurons else f"{modality}_recording"

    def _readout_name(self, encoder: str, modality: str) -> str:
        """``joint_10frames`` of calcium is ``joint_ca_10frames``."""
        if encoder not in self.joint_variants:
            return encoder
        first, _, rest = encoder.partition("_")
        return "_".join(filter(None, [first, modality, rest]))


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

MONKEY_REACHING = ReachingExperiment(
    name="monkey_reaching",
    subjects=("active", "passive", "all"),
    trained_variants=(
        "position",
        "target",
        "time",
        "position_target",
        "shuffled_position",
        "shuffled_target",
    ),
    baselines=("raw", "pca"),
    compared_variants=(
        "position",
        "target",
        "time",
        "position_target",
        "shuffled_position",
        "shuffled_target",
        "pca",
    ),
    headline_metric="position_r2",
    transfers=(Transfer("active", "passive"),),
)

MODALITIES = ("ca", "neuropixels")
AREAS = ("VISp", "VISl", "VISrl", "VISal", "VISpm", "VISam")

ALLEN = MovieExperiment(
    name="allen",
    subjects=AREAS,
    trained_variants=(
        "ca",
        "neuropixels",
        "joint",
        "ca_10frames",
        "neuropixels_10frames",
        "joint_10frames",
        "shuffled_ca",
        "shuffled_neuropixels",
    ),
    joint_variants=("joint", "joint_10frames"),
    baselines=("raw_ca", "raw_neuropixels", "raw_ca_10frames", "raw_neuropixels_10frames"),
    compared_variants=(),
    headline_metric="frame_accuracy_1s",
    pipeline="allen_decoding",
)

# Joint encoders of two groups of neurons that have no neuron in common.
ALLEN_CONSISTENCY = MovieExperiment(
    name="allen_consistency",
    subjects=AREAS,
    trained_variants=("group0", "group1"),
    joint_variants=("group0", "group1"),
    own_neurons=True,
    baselines=(),
    compared_variants=(),
    headline_metric="r2",
)

SYNTHETIC = Experiment(
    name="synthetic",
    subjects=(
        "poisson",
        "gaussian",
        "laplace",
        "uniform",
        "t",
        "refractory_poisson",
        "demo_continuous",
        "demo_circular",
        "demo_discrete",
        "demo_mixed",
        "demo_multisession",
    ),
    trained_variants=("default", "offset1", "offset5", "offset10_mse", "shuffled"),
    baselines=("pca", "tsne", "umap"),
    compared_variants=(),
    headline_metric="reconstruction_r2",
)

EXPERIMENTS = (HIPPOCAMPUS, MONKEY_REACHING, ALLEN, ALLEN_CONSISTENCY, SYNTHETIC)
