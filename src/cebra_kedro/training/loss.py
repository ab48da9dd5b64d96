"""InfoNCE, exactly, over distinct rows with multiplicities and in blocks that stay in cache.

With many draws from few rows, the batch is a multiset: the log-sum-exp over distinct rows,
weighted by their counts, is the same number for less work. cebra's criterions
(``cebra/models/criterions.py``) are the oracle in the tests.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

_BLOCK_ELEMENTS = 2**19  # 2 MiB of float32: one block's similarities stay in the L2/L3 cache
_SAFE_EXPONENT = 60.0  # exp(±60) times any batch size is far inside float32


def info_nce(
    reference: torch.Tensor,
    positives: Sequence[torch.Tensor],
    queries: torch.Tensor,
    keys: torch.Tensor,
    *,
    distance: str,
    inverse_temperature: torch.Tensor | float,
    query_weight: torch.Tensor,
    key_weight: torch.Tensor,
) -> torch.Tensor:
    """Mean over references of  −φ(ref, pos) + log Σ_neg exp φ(ref, neg), summed over objectives.

    Args:
        reference: (batch, dim) embedding of the references.
        positives: per objective, (batch, dim) paired with ``reference``.
        queries: (distinct reference, dim) embedding of the distinct references.
        keys: (distinct negative, dim) embedding of the distinct negatives.
        distance: ``cosine`` (φ = xᵀy / τ) or ``euclidean`` (φ = −|x − y|² / τ).
        inverse_temperature: 1/τ.
        query_weight: (distinct reference,) share of each in the batch, summing to 1.
        key_weight: (distinct negative,) count of each among the negatives.

    Returns:
        Scalar loss in nats.
    """
    if distance == "cosine":
        alignments = [(reference * positive).sum(dim=1).mean() for positive in positives]
        left, right = queries * inverse_temperature, keys
        bound: float | None = float(inverse_temperature) * 1.01
    else:
        alignments = [
            -(reference - positive).square().sum(dim=1).mean() for positive in positives
        ]
        left, right = _euclidean_as_product(queries, keys, inverse_temperature)
        bound = None
    stable = bound is not None and bound <= _SAFE_EXPONENT
    uniformity = _WeightedLogSumExp.apply(left, right, query_weight, key_weight, stable)
    return len(positives) * uniformity - torch.stack(alignments).sum() * inverse_temperature


def goodness_of_fit_bits(loss: Any, n_negatives: int, n_objectives: int = 1) -> Any:
    """How far the loss is below chance, in bits; 0 is chance.

    (log negatives − loss) / log 2, where the loss of several objectives is their mean.

    Args:
        loss: InfoNCE in nats, number or array.
        n_negatives: negatives of a step.
        n_objectives: objectives summed in ``loss``.
    """
    return (math.log(n_negatives) - loss / n_objectives) / math.log(2)


def _euclidean_as_product(
    queries: torch.Tensor, keys: torch.Tensor, inverse_temperature: torch.Tensor | float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Vectors whose inner product is −|q − k|² / τ = (2 qᵀk − |q|² − |k|²) / τ."""
    one_q, one_k = torch.ones_like(queries[:, :1]), torch.ones_like(keys[:, :1])
    q_square = queries.square().sum(dim=1, keepdim=True)
    k_square = keys.square().sum(dim=1, keepdim=True)
    left = torch.cat([2 * queries, -q_square, -one_q], dim=1) * inverse_temperature
    return left, torch.cat([keys, one_k, k_square], dim=1)


class _WeightedLogSumExp(torch.autograd.Function):
    """Σ_i w_i log Σ_j v_j exp(q_i · k_j), with its gradient computed block by block on the way.

    The (query, key) matrix never exists as a whole: each block is exponentiated, reduced and
    used for both gradients while it is in cache.
    """

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any,
        queries: torch.Tensor,
        keys: torch.Tensor,
        query_weight: torch.Tensor,
        key_weight: torch.Tensor,
        stable: bool,
    ) -> torch.Tensor:
        weighted_keys = torch.cat([keys * key_weight[:, None], key_weight[:, None]], dim=1)
        grad_queries = torch.empty_like(queries)
        grad_keys = torch.zeros_like(keys)
        total = queries.new_zeros(())
        keys_t = keys.T.contiguous()
        block = max(1, _BLOCK_ELEMENTS // len(keys))
        for begin in range(0, len(queries), block):
            part = slice(begin, begin + block)
            q, w = queries[part], query_weight[part]
            similarity = q @ keys_t
            shift = None
            if not stable:
                shift = similarity.amax(dim=1, keepdim=True)
                similarity -= shift
            exponential = similarity.exp_()
            reduced = exponential @ weighted_keys
            sums = reduced[:, -1]
            log_sums = sums.log() if shift is None else sums.log() + shift.squeeze(1)
            total += torch.dot(w, log_sums)
            scale = (w / sums)[:, None]
            grad_queries[part] = reduced[:, :-1] * scale
            grad_keys.addmm_(exponential.T, q * scale)
        grad_keys *= key_weight[:, None]
        ctx.save_for_backward(grad_queries, grad_keys)
        return total

    @staticmethod
    def backward(ctx: Any, grad_output: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # type: ignore[override]
        grad_queries, grad_keys = ctx.saved_tensors
        return grad_output * grad_queries, grad_output * grad_keys, None, None, None
