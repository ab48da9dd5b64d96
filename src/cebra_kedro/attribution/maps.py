"""Attribution maps of one encoder on chosen rows.

Source: Schneider, González Laiz, Filippova, Frey & Mathis, "Time-series attribution maps with
regularized contrastive learning", AISTATS 2025; definitions as in ``cebra.attribution``, where the
four methods are called ``jf``, ``jf-convabs``, ``jf-inv-svd`` and ``jf-convabs-inv-svd``. Its
neuron gradient is the same number as the Jacobian.
"""

from __future__ import annotations

import numpy as np
import torch

from cebra_kedro.on_disk import Rows
from cebra_kedro.training.encoder import window_of
from cebra_kedro.training.jacobian import jacobian, windows_around
from cebra_kedro.training.model import EncoderModel

_BLOCK_BYTES = 64 * 2**20
_ZERO = 1e-7
"""Singular values below this share of the largest one are rounding."""


def attribution_maps(
    model: EncoderModel, neural: Rows, segment: np.ndarray, rows: np.ndarray, session: int = 0
) -> dict[str, np.ndarray]:
    """Mean absolute attribution of each neuron to each dimension, over rows.

    Args:
        model: the encoder.
        neural: array (time, neuron), in memory or on disk.
        segment: int array (time,) of contiguous runs; rows whose window leaves theirs are left out.
        rows: int array (row,), e.g. held-out ones.
        session: whose network, of encoders trained on several.

    Returns:
        For each of ``ranking.METHODS``, float32 array (dim, neuron); ``in_time`` (neuron, bin), the
        mean absolute gradient in each bin of the window, over dimensions; ``row``, the rows used.

    Raises:
        ValueError: no window lies inside its segment.
    """
    network = model.network(session).double()
    window = window_of(network)
    inside = rows[_whole(segment, rows, window.left, window.right)]
    if len(inside) == 0:
        raise ValueError(
            f"none of {len(rows)} rows has a whole window of {window.length} bins in its trial; "
            "trials are too short for attribution"
        )
    dims = model.config.encoders(len(model.n_neurons))[session].output_dimension
    block = max(1, _BLOCK_BYTES // (8 * window.length * neural.shape[1] * (dims + 1)))
    sums: dict[str, np.ndarray] = {}
    for begin in range(0, len(inside), block):
        windows = windows_around(neural, inside[begin : begin + block], window.left, window.right)
        for name, values in _of_block(network, windows.double()).items():
            sums[name] = sums.get(name, 0) + values.sum(axis=0)
    means = {name: (total / len(inside)).astype(np.float32) for name, total in sums.items()}
    return means | {"row": inside}


def _of_block(network: torch.nn.Module, windows: torch.Tensor) -> dict[str, np.ndarray]:
    """Absolute attributions of each row: (row, dim, neuron), in time (row, neuron, bin)."""
    gradients = jacobian(network, windows).numpy()
    signed, absolute = gradients.mean(axis=3), np.abs(gradients).mean(axis=3)
    return {
        "jacobian": np.abs(signed),
        "jacobian_abs": absolute,
        "inverse": np.abs(_inverse(signed)),
        "inverse_abs": np.abs(_inverse(absolute)),
        "in_time": np.abs(gradients).mean(axis=1),
    }


def _inverse(matrices: np.ndarray) -> np.ndarray:
    """Transposed pseudo-inverses of (row, dim, neuron).

    A normalised embedding does not move along itself, so that one singular value is zero. In single
    precision, in which cebra computes it, what rounding makes of it would outweigh all others.
    """
    return np.linalg.pinv(matrices, rcond=_ZERO).swapaxes(1, 2)


def _whole(segment: np.ndarray, rows: np.ndarray, left: int, right: int) -> np.ndarray:
    """Whether the window of each row lies in its segment."""
    begin, end = rows - left, rows + right - 1
    there = (begin >= 0) & (end < len(segment))
    begin, end = np.clip([begin, end], 0, len(segment) - 1)
    return there & (segment[begin] == segment[rows]) & (segment[end] == segment[rows])
