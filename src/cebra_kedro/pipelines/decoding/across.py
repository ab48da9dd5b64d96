"""Decoders carried from each session to each other one, through embeddings of a common space.

The common space is that of a joint encoder, also for one adapted to a new session together with its
old ones; else it is the source's, into which the target's embedding is turned. How decoders are
fitted and scored is passed in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import pandas as pd

from cebra_kedro.cells import Cell
from cebra_kedro.consistency import LabelledEmbedding, fit_rotation, labelled
from cebra_kedro.decoding import Samples
from cebra_kedro.experiment import Readout
from cebra_kedro.experiment.blocks import AcrossBlock
from cebra_kedro.pipelines.features import Features
from cebra_kedro.trial_clocks import TRIAL_CLOCKS

Tables = Callable[..., Iterator[pd.DataFrame]]


def across_cells(
    features: Features,
    block: AcrossBlock,
    sessions: Sequence[str],
    name: str,
    decode: Tables,
    shuffle_seed: Callable[[Readout, int], int | None],
    digests: Mapping[str, str],
) -> dict[str, Cell]:
    """Every ordered pair of sessions, a session with itself too: ``<a>_to_<b>/<variant>/<run>``.

    Args:
        features: of all variants.
        block: how single encoders are aligned, and which variants are carried.
        sessions: those that the run works on.
        name: of the experiment.
        decode: description, samples, seed of a control and test samples → tables of scores.
        shuffle_seed: variant and seed → what permutes the labels of a control's decoder.
        digests: session → digest of labels, parts, settings and code.
    """
    cells = {}
    for readout in features.experiment.readouts:
        if not readout.is_carried or readout.name not in (block.variants or (readout.name,)):
            continue
        fits = {session: features.lent(readout, session) for session in sessions}
        runs = {session: set(features.runs(one, session)) for session, one in fits.items()}
        for source, target in product(sessions, repeat=2):
            if fits[target] is not readout:
                continue  # of adapted encoders, old sessions are sources only
            for fold, seed in sorted(runs[source] & runs[target]):
                permuted = shuffle_seed(readout, seed)
                run = (source, target, fold, seed)
                one = Carried(features, block, readout, fits[source], *run, name, decode, permuted)
                if one.has_labels:
                    parts = (one.digest(), digests[source], digests[target])
                    key = f"{source}_to_{target}/{readout.name}/fold{fold}_seed{seed}"
                    cells[key] = Cell(one, hashlib.sha256(repr(parts).encode()).hexdigest())
    return cells


@dataclass(frozen=True, eq=False)
class Carried:
    """The decoders of one variant and run, from one session to another; called, it scores them.

    Attributes:
        features: of all variants.
        block: how single encoders are aligned.
        readout: the variant.
        lent: the variant of the source's embedding: the same, or the one that it was adapted from.
        source: the session that decoders are fitted to.
        target: the session whose test rows are scored.
        fold: number of the fold, in both sessions.
        seed: of the encoder.
        name: of the experiment.
        decode: see :func:`across_cells`.
        shuffle_seed: permutes the labels of a control's decoder; None for not.
    """

    features: Features
    block: AcrossBlock
    readout: Readout
    lent: Readout
    source: str
    target: str
    fold: int
    seed: int
    name: str
    decode: Tables
    shuffle_seed: int | None

    def __call__(self, _: Path) -> pd.DataFrame:
        """Scores with the columns ``source``, ``target`` and ``through``."""
        fit, test = self._samples(self.lent, self.source), None
        if self.through != "within":
            test = self._samples(self.readout, self.target)
        if test is not None and self.through == "aligned":
            test = self.turned(fit, test)
        table = pd.concat(
            self.decode(
                self.features.experiment,
                fit,
                self.shuffle_seed,
                test,
                experiment=self.name,
                subject=self.target,
                variant=self.readout.name,
                fold=self.fold,
                seed=self.seed,
            ),
            ignore_index=True,
        )
        table.insert(1, "source", self.source)
        table.insert(3, "through", self.through)
        return table.rename(columns={"subject": "target"})

    @property
    def through(self) -> str:
        """``within`` a session, or through a space that is ``joint`` or ``aligned``."""
        if self.source == self.target:
            return "within"
        encoder = self.features.experiment.encoders.get(self.readout.source)
        if encoder is None:
            return "aligned"
        in_one_space = encoder.joint or (encoder.adapt is not None and encoder.adapt.together)
        return "joint" if in_one_space else "aligned"

    @property
    def has_labels(self) -> bool:
        """Whether both sessions have a target's labels, and those by which they are aligned."""
        source, target = (
            set(self.features.recording(self.readout, session).labels)
            for session in (self.source, self.target)
        )
        by = set(self.block.align) - set(TRIAL_CLOCKS) if self.through == "aligned" else set()
        decoded = (set(one.labels) for one in self.features.experiment.decode.values())
        return by <= source & target and any(one <= source & target for one in decoded)

    def digest(self) -> tuple[object, ...]:
        """What the table depends on besides labels, parts, settings of decoders and code."""
        sides = ((self.lent, self.source), (self.readout, self.target))
        made = [self.features.digest(*side, self.fold, self.seed) for side in sides]
        block = self.block.model_dump_json(exclude={"variants"})
        return (*made, self.name, block, self.through, self.is_centred, self.shuffle_seed)

    @property
    def is_centred(self) -> bool:
        """Whether the space has no centre of its own, which that of the cosine distance has."""
        encoder = self.features.experiment.encoders.get(self.readout.source)
        return encoder is None or "euclidean" in encoder.distances

    def turned(self, fit: Samples, test: Samples) -> Samples:
        """The target in the source's space; of both, training rows alone say how.

        Raises:
            ValueError: the two cannot be aligned by these labels.
        """
        try:
            rotation = fit_rotation(
                self._labelled(self.target, test),
                self._labelled(self.source, fit),
                centred=self.is_centred,
                n_bins=self.block.bins,
                min_samples=self.block.min_samples,
                max_widening=self.block.widening,
            )
        except ValueError as error:
            error.add_note(f"in across, variant {self.readout.name}")
            raise
        return replace(test, features=rotation.turned(test.features))

    def _labelled(self, session: str, samples: Samples) -> LabelledEmbedding:
        return labelled(
            session,
            samples.features,
            samples.recording,
            samples.rows("train"),
            self.block.align,
            cell=self.block.cell,
        )

    def _samples(self, readout: Readout, session: str) -> Samples:
        return Samples(
            self.features.of(readout, session, self.fold, self.seed),
            self.features.recording(readout, session),
            self.features.part(readout, session, self.fold),
        )
