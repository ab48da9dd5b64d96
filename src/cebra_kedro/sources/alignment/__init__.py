"""What a lab records with clocks of its own → common time bins.

Times are in s, of one clock; reading files and choosing what to align is left to others. A sample
that is not finite counts as not taken.
"""

from cebra_kedro.sources.alignment.bins import Bins, epoch_bins, smooth, spike_counts
from cebra_kedro.sources.alignment.clock import on_clock, typical_step
from cebra_kedro.sources.alignment.epochs import epochs_where, speed, split_at_gaps
from cebra_kedro.sources.alignment.samples import (
    Filled,
    How,
    Rule,
    Sampled,
    fill_missing,
    lost_stretches,
    sample_at,
)

__all__ = [
    "Bins",
    "Filled",
    "How",
    "Rule",
    "Sampled",
    "epoch_bins",
    "epochs_where",
    "fill_missing",
    "lost_stretches",
    "on_clock",
    "sample_at",
    "smooth",
    "speed",
    "spike_counts",
    "split_at_gaps",
    "typical_step",
]
