"""Samples made of arrays, for all tests of decoding."""

from __future__ import annotations

import numpy as np

from cebra_kedro.decoding import Samples
from cebra_kedro.recording import Label, Recording


def samples_of(features, part, **labels) -> Samples:
    """Samples whose recording has the labels: ``Label``, or (values, kind, unit)."""
    named = {n: v if isinstance(v, Label) else Label(*v) for n, v in labels.items()}
    neural = np.zeros((len(next(iter(named.values())).values), 1), np.uint8)
    return Samples(features, Recording(neural, named, bin_width_s=0.01, name="made"), part)
