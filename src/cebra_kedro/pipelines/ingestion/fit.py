"""Whether recordings have what a description asks of them, before anything is trained.

What is wrong with a recording by itself is said where it is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from cebra_kedro.experiment import Experiment
from cebra_kedro.experiment.encoder_blocks import EncoderBlock
from cebra_kedro.on_disk import OnDisk, blocks
from cebra_kedro.recording import Label, Recording
from cebra_kedro.splits import PART_NAMES, TEST, TRAIN, rows, segment_ids
from cebra_kedro.training.baselines import FROM_DISK
from cebra_kedro.trial_clocks import TRIAL_CLOCKS

_WINDOW = re.compile(r"offset(\d+)-")
"""The receptive field in the names of cebra's networks that do not resample."""


def problems_of_labels(
    experiment: Experiment, kinds: Mapping[str, Mapping[str, str]]
) -> Iterator[str]:
    """What the description names that the recordings do not have.

    Args:
        experiment: the description.
        kinds: recording → label → kind, of the sessions of a run.
    """
    for key, own in kinds.items():
        yield from _problems_of_guidance(experiment, key, own)
    if {key.partition("/")[0] for key in kinds} < set(experiment.sessions):
        return  # sessions that a run leaves out may have what these do not
    known = dict.fromkeys(label for own in kinds.values() for label in own)
    there = f"but the labels are {', '.join(known) or 'none'}"
    for target, block in experiment.decode.items():
        for label in block.labels:
            if label not in known:
                yield f"decode.{target} names {label}, {there}"
    aligned = [("compare.sessions", one.align) for one in experiment.compare.sessions]
    aligned += [("across", experiment.across.align)] if experiment.across else []
    for where, labels in aligned:
        for label in labels:
            if label not in {*known, *TRIAL_CLOCKS}:
                yield f"{where} aligns by {label}, {there}"


def problems_of_classes(names: Mapping[str, Mapping[str, tuple[str, ...]]]) -> Iterator[str]:
    """Labels whose class 0, 1, … is not called the same in every recording.

    Args:
        names: recording → label → names of its classes.
    """
    first: dict[str, tuple[str, tuple[str, ...]]] = {}
    for key, of_label in names.items():
        for label, own in of_label.items():
            other, expected = first.setdefault(label, (key, own))
            if own != expected:
                every = list(dict.fromkeys((*expected, *own)))
                yield (
                    f"classes of {label} are {', '.join(expected)} in {other}, but "
                    f"{', '.join(own)} in {key}, so a number would not mean the same; say classes: "
                    f"[{', '.join(every)}] in source.labels.{label}"
                )
                break


def problems_of_rows(
    experiment: Experiment, key: str, recording: Recording, part: np.ndarray
) -> Iterator[str]:
    """What is wrong with the bins of a recording that are trained on and tested.

    Args:
        experiment: the description.
        key: of the recording.
        recording: the recording.
        part: int8 array (fold, time), its split.
    """
    session, _, population = key.partition("/")
    encoders = list(_encoders_of(experiment, session, population))
    yield from _problems_of_activity(key, recording)
    yield from _problems_of_size(experiment, key, recording)
    yield from _problems_of_trials(experiment, encoders, key, recording, part)
    guided: dict[str, list[str]] = {}
    for encoder in encoders:
        for label in experiment.guidance_of(encoder, session).all_labels:
            guided.setdefault(label, []).append(encoder)
    for label, names in guided.items():
        yield from _problems_of_guide(label, ", ".join(names), key, recording)
        trained = [name for name in names if experiment.encoders[name].fit_on == "train"]
        yield from _problems_of_trained(label, ", ".join(trained), key, recording, part)
    if experiment.split.by != "random_optimistic":
        longest = min(_longest_run(recording, fold) for fold in part)
        yield from _problems_of_windows(experiment, encoders, key, longest)
    for target, block in experiment.decode.items():
        for label in block.labels:
            if label in recording.labels:
                yield from _problems_of_target(target, label, recording, key, part)


def _problems_of_activity(key: str, recording: Recording) -> Iterator[str]:
    """Of what never changes, nothing can be learned; the first block mostly tells."""
    first = recording.neural[:1]
    if not any((block != first).any() for block in blocks(recording.neural)):
        level = "silent" if not first.any() else "constant"
        yield (
            f"all {recording.n_neurons} neurons of {key} are {level} in all {recording.n_time} "
            "bins; name the array with the activity, or correct the clock that bins it"
        )


def _problems_of_trained(
    label: str, encoders: str, key: str, recording: Recording, part: np.ndarray
) -> Iterator[str]:
    """A label must vary in the bins that are trained on; elsewhere is said of all bins."""
    is_known = label in recording.labels or (label in TRIAL_CLOCKS and recording.trial is not None)
    if not (encoders and is_known) or _is_constant(recording.label(label)):
        return
    values = recording.label(label).values
    for fold, codes in enumerate(part):
        own = values[rows(codes, "train")]
        if (own == own[:1]).all():
            yield (
                f"encoders {encoders} are guided by {label}, which is constant in the training "
                f"bins of fold {fold} of {key}; split so that it varies there, or guide by another"
            )
            return


def _problems_of_guide(label: str, encoders: str, key: str, recording: Recording) -> Iterator[str]:
    """A label that guides must vary, a clock of trials have trials."""
    own = label in recording.labels
    if not own and label in TRIAL_CLOCKS and recording.trial is None:
        yield (
            f"encoders {encoders} are guided by {label}, but {key} has no trials; say in the "
            "source which bins are of one trial, or guide by a label"
        )
    elif (own or label in TRIAL_CLOCKS) and _is_constant(recording.label(label)):
        yield f"encoders {encoders} are guided by {label}, which is constant in {key}"


def _problems_of_size(experiment: Experiment, key: str, recording: Recording) -> Iterator[str]:
    """Most baselines are as large as the recording, or need it as a whole."""
    if not isinstance(recording.neural, OnDisk):
        return
    population = key.partition("/")[2]
    names = [
        name
        for name, block in experiment.baselines.items()
        if block.name not in FROM_DISK and block.population == population
    ]
    if names:
        yield (
            f"baselines {', '.join(names)} are made of all activity at once, but {key} has "
            f"{recording.neural.nbytes / 1e9:.3g} GB, which stay on disk; remove them from "
            f"baselines ({', '.join(FROM_DISK)} is read by rows), or choose wider bins"
        )


def _problems_of_trials(
    experiment: Experiment,
    encoders: Sequence[str],
    key: str,
    recording: Recording,
    part: np.ndarray,
) -> Iterator[str]:
    """An encoder that is to see so many training trials finds them in every fold."""
    segment, has_trials = recording.segment(), recording.trial is not None
    least = min(len(np.unique(segment[rows(fold, "train")])) for fold in part) * has_trials
    for encoder in encoders:
        trials = experiment.trials_of(encoder, key.partition("/")[0])
        if trials is not None and trials > least:
            yield (
                f"encoders.{encoder}.trials is {trials}, but {key} has {least} training trials in "
                "one of its folds; lower it"
            )


def _problems_of_guidance(
    experiment: Experiment, key: str, kinds: Mapping[str, str]
) -> Iterator[str]:
    """What encoders need of one recording, which has labels of these kinds."""
    session, _, population = key.partition("/")
    if "row" in kinds:  # files of predictions have rows of this name
        yield f"{key} has a label called row; give it another name in source.labels"
    for encoder in _encoders_of(experiment, session, population):
        guidance = experiment.guidance_of(encoder, session)
        for label in guidance.all_labels:
            if label not in {*kinds, *TRIAL_CLOCKS}:
                there = f"{key} has {', '.join(kinds) or 'no labels'}"
                yield f"encoders.{encoder} is guided by {label}, but {there}"
        guides = guidance.guides if isinstance(guidance, EncoderBlock) else (guidance,)
        for classes in filter(None, (guide.classes for guide in guides)):
            if kinds.get(classes, "discrete") != "discrete":
                yield (
                    f"encoders.{encoder}.classes names {classes}, which is {kinds[classes]}; "
                    "name a discrete label, or use it under labels"
                )


def _encoders_of(experiment: Experiment, session: str, population: str) -> Iterator[str]:
    for encoder in experiment.encoders:
        if session not in experiment.sessions_of(encoder):
            continue
        if population in experiment.populations_of(encoder):
            yield encoder


def _problems_of_windows(
    experiment: Experiment, encoders: Sequence[str], key: str, longest: int
) -> Iterator[str]:
    """A window and a pair must fit into a stretch of training bins."""
    long_windows: dict[int, list[str]] = {}
    long_offsets: dict[int, list[str]] = {}
    trained = [one for one in encoders if experiment.encoders[one].from_file is None]
    for encoder in trained:
        config = experiment.training_config(encoder, 0, key.partition("/")[0])
        if config.pairs.windows == "cebra" or experiment.encoders[encoder].fit_on != "train":
            continue  # windows cross trials, or there are more rows than those of training
        window = _WINDOW.match(config.encoder.architecture)
        bins = int(window[1]) if window is not None else 0
        if bins > longest:
            long_windows.setdefault(bins, []).append(encoder)
        for law in config.laws if 0 < bins <= longest else ():
            offset = law.time_offset_bins or 0
            if offset >= longest - (bins - 1 if law.law in ("time", "hybrid") else 0):
                long_offsets.setdefault(offset, []).append(encoder)
    there = f"the longest stretch of training bins within a trial of {key} has {longest}"
    for bins, names in long_windows.items():
        yield (
            f"encoders {', '.join(names)} see {bins} bins at once, but {there}; choose an "
            "architecture with a shorter window, smaller bins, or longer trials"
        )
    for offset, names in long_offsets.items():
        yield (
            f"encoders {', '.join(names)} have time_offset_bins {offset}, but {there}; lower "
            "time_offset_bins"
        )


def _longest_run(recording: Recording, part: np.ndarray) -> int:
    train = rows(part, "train")
    if not len(train):
        return 0
    return int(np.bincount(segment_ids(train, recording.trial)).max())


def _problems_of_target(
    target: str, label: str, recording: Recording, key: str, part: np.ndarray
) -> Iterator[str]:
    """A decoder needs something to learn, and classes that it has seen."""
    own = recording.labels[label]
    if _is_constant(own):
        yield f"decode.{target} decodes {label}, which is constant in {key}; remove it"
        return
    if own.kind != "discrete":
        return
    for fold, codes in enumerate(part):
        new = np.setdiff1d(own.values[codes == TEST], own.values[codes == TRAIN])
        if len(new):
            shown = ", ".join(map(str, new[:5])) + (", …" * (len(new) > 5))
            yield (
                f"decode.{target}: classes {shown} of {label} in {key} are in {PART_NAMES[TEST]} "
                f"bins of fold {fold} but in no {PART_NAMES[TRAIN]} bin; split so that every class "
                "is trained on (scheme: interleaved takes turns), or declare it continuous if it "
                "is a number"
            )
            return


def _is_constant(label: Label) -> bool:
    return bool((label.values == label.values[:1]).all())
