"""Spike times, traces and behaviour, each on a clock of its own, as a ``Recording`` on time bins.

Opening files is left to ``io``: what arrives is named arrays, or such a mapping for each file of a
session. The arithmetic of bins is in ``alignment``, what options mean in ``signal_blocks``.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from cebra_kedro.problems import Problems
from cebra_kedro.recording import Label, Recording, RecordingError
from cebra_kedro.sources.alignment import (
    Bins,
    Sampled,
    epoch_bins,
    fill_missing,
    lost_stretches,
    sample_at,
    smooth,
    spike_counts,
    split_at_gaps,
)
from cebra_kedro.sources.behaviour import Measured
from cebra_kedro.sources.label_values import log_text
from cebra_kedro.sources.named_arrays import NamedArrays
from cebra_kedro.sources.recorded import Recorded
from cebra_kedro.sources.signal_blocks import (
    EpochsBlock,
    How,
    LabelBlock,
    MissingBlock,
    SmoothBlock,
    SpikesBlock,
    TracesBlock,
    TrialsBlock,
)

logger = logging.getLogger(__name__)

_ALWAYS_ALLOWED_BINS = 10**6
_MOST_BINS_A_SAMPLE = 1000
_MOST_LOST = 0.05  # of the stretches of a class, before it is warned of


def read_signals(
    raw: Mapping[str, Any],
    *,
    session: str,
    bin_width_s: float,
    spikes: SpikesBlock | None = None,
    traces: TracesBlock | None = None,
    labels: Mapping[str, LabelBlock],
    epochs: EpochsBlock | None = None,
    trials: TrialsBlock | None = None,
    smoothing: SmoothBlock | None = None,
    missing: MissingBlock | None = None,
) -> Recording:
    """Count spikes (or average traces) and sample labels in the same time bins.

    Bins lie within the time that neural data and every label have in common, in the epochs that
    are asked for; a gap or the border of an epoch is the border of a trial.

    Args:
        raw: name → array, or a list of arrays (one a unit); or file → such names, which then begin
            with the file's, as in ``tracking/time``.
        session: becomes the recording's name.
        bin_width_s: width of a time bin in s.
        spikes: spike times; either these or ``traces``.
        traces: samples of all neurons, e.g. ΔF/F.
        labels: label → where its samples are and what they are.
        epochs: which time is kept; None for all that the signals have in common.
        trials: which intervals are trials, or which label says it; None: each epoch, and each piece
            between gaps, is one.
        smoothing: of the activity over time; None for none.
        missing: what becomes of bins in which a label has no sample; None refuses them.

    Raises:
        RecordingError: an array is missing or does not fit; the message lists those there are.
    """
    arrays = NamedArrays(raw, session)
    try:
        recorded = Recorded(arrays, spikes, traces, labels)
        kept = recorded.kept(epochs or EpochsBlock(), trials)
        by = trials.label if trials else None
        return _binned(
            recorded, kept, session, bin_width_s, by, smoothing, missing or MissingBlock()
        )
    except RecordingError:
        raise
    except ValueError as error:
        raise RecordingError(f"{session}: {error}") from error


def _binned(
    recorded: Recorded,
    kept: np.ndarray,
    session: str,
    bin_width_s: float,
    trials_by: str | None,
    smoothing: SmoothBlock | None,
    missing: MissingBlock,
) -> Recording:
    _check_size(float((kept[:, 1] - kept[:, 0]).sum()) / bin_width_s, recorded.n_samples)
    bins = epoch_bins(kept, bin_width_s)
    if not len(bins.start_s):
        raise ValueError(
            f"no bin of {bin_width_s} s lies within the time that is kept; lower bin_width_s, or "
            "widen epochs"
        )
    keep = np.ones(len(bins.start_s), bool)
    values, labels, problems = {}, recorded.labels(kept), Problems(session)
    for name, label in labels.items():
        how = recorded.blocks[name].how
        with problems.collected():
            values[name], there = _in_bins(label, how, bins, missing, f"labels.{name}")
            keep &= there
            if label.kind == "discrete" and how in (None, "previous"):
                _warn_of_lost(label, bins, f"{session}: {name}")
    neural = np.empty((0, 0))
    with problems.collected():
        if recorded.traces is None:
            neural = _counts(recorded, bins, session)
        else:
            traces = Measured(recorded.traces, "continuous", "")
            neural, there = _in_bins(traces, recorded.how_of_traces, bins, missing, "traces")
            neural = neural.astype(np.float32)
            keep &= there
    problems.raise_any(RecordingError)
    if smoothing is not None:
        neural = smooth(neural, bins, smoothing.sigma_s, causal=smoothing.causal)
    if not keep.all():
        logger.info("%s: %d of %d bins lack a sample", session, (~keep).sum(), len(keep))
    if not keep.any():
        raise ValueError("no bin has a sample of every label; correct the clocks or epochs")
    names = {name: label.classes for name, label in labels.items() if label.classes}
    for name, classes in names.items():
        logger.info("%s: classes of %s: %s", session, name, log_text(classes))
    return Recording(
        neural=neural[keep],
        labels={
            name: Label(
                _typed(values[name][keep], label), label.kind, label.unit, names=label.classes
            )
            for name, label in labels.items()
        },
        bin_width_s=bin_width_s,
        name=session,
        trial=split_at_gaps(_trials(bins, values, labels, trials_by), keep),
        meta={
            "source": "signals",
            "checksum": "",
            "checksum_status": "own",
            "subject": session,
            "simulated": False,
        },
    )


def _check_size(n_bins: float, n_samples: int) -> None:
    """A stray time stamp makes more bins than the memory holds."""
    if n_bins > max(_ALWAYS_ALLOWED_BINS, _MOST_BINS_A_SAMPLE * n_samples):
        raise ValueError(
            f"there would be {n_bins:.0f} bins of {n_samples} samples and spikes, more than "
            f"{_MOST_BINS_A_SAMPLE} for each; correct the unit of the times (scale) or time stamps "
            "that are far off, or raise bin_width_s"
        )


def _in_bins(
    label: Measured, how: How | None, bins: Bins, missing: MissingBlock, what: str
) -> tuple[np.ndarray, np.ndarray]:
    """Values (bin, …) and whether there is one."""
    samples, kind = label.samples, label.kind
    how = how or ("previous" if kind == "discrete" else "mean")
    sample = partial(
        sample_at,
        samples.values,
        samples.times_s,
        bins,
        max_gap_s=samples.gap_s,
        circular=kind == "circular",
    )
    try:
        found = sample(how=how)
        if how == "mean" and found.missing.any():  # slower than the bins: the last one so far
            last = sample(how="previous")
            found = Sampled(
                np.where(_rows(found.missing, found.values), last.values, found.values),
                found.missing & last.missing,
            )
        filled = fill_missing(
            found.values,
            found.missing,
            bins.epoch,
            rule=missing.rule,
            longest_bins=round(missing.longest_s / bins.width_s),
            circular=kind == "circular",
        )
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from error
    return filled.values, filled.keep


def _warn_of_lost(label: Measured, bins: Bins, what: str) -> None:
    """Rare events, such as licks, are shorter than a bin and lie between the ends of bins."""
    lost = lost_stretches(label.samples.values, label.samples.times_s, bins)
    for one, (number, of) in lost.items():
        if number > _MOST_LOST * of:
            named = label.classes[int(one)] if label.classes else one
            logger.warning(
                "%s: no bin shows %d of the %d stretches of %s, as a bin of %g s takes the last "
                "sample; lower bin_width_s, or take the mean of what are events (kind: continuous)",
                *(what, number, of, named, bins.width_s),
            )


def _trials(
    bins: Bins, values: Mapping[str, np.ndarray], labels: Mapping[str, Measured], by: str | None
) -> np.ndarray:
    """Epoch of each bin, a new one also where the label of trials changes."""
    if by is None:
        return bins.epoch
    if by not in labels or labels[by].kind != "discrete":
        there = ", ".join(f"{name} ({label.kind})" for name, label in labels.items())
        raise ValueError(f"trials.label names {by}, but must name a discrete label of {there}")
    changes = (np.diff(values[by]) != 0) | (np.diff(bins.epoch) != 0)
    return np.append(0, np.cumsum(changes))


def _rows(mask: np.ndarray, values: np.ndarray) -> np.ndarray:
    return mask.reshape(-1, *[1] * (values.ndim - 1))


def _counts(recorded: Recorded, bins: Bins, session: str) -> np.ndarray:
    assert recorded.spikes is not None
    counts = spike_counts(recorded.spikes, bins)
    if not counts.any():
        times = np.concatenate(recorded.spikes)
        span = f"{times.min():g} to {times.max():g} s" if len(times) else "nowhere"
        raise ValueError(
            f"spikes: none lies in the time that is kept, {bins.start_s[0]:g} to "
            f"{bins.stop_s[-1]:g} s; they are from {span}: correct spikes.scale (0.001 for ms), or "
            "subtract the start of the recording from the other clock"
        )
    rates = counts.mean(axis=0) / bins.width_s
    fires = rates >= recorded.lowest_rate_hz
    if not fires.any():
        raise ValueError(
            f"no unit fires {recorded.lowest_rate_hz} Hz in the time that is kept; lower "
            "spikes.lowest_rate_hz, or correct spikes.scale (seconds in one unit of time)"
        )
    return counts[:, fires]


def _typed(values: np.ndarray, label: Measured) -> np.ndarray:
    return values.astype(np.int64 if label.kind == "discrete" else np.float32)
