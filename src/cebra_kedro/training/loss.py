"""InfoNCE, exactly, over distinct rows with multiplicities and in blocks that stay in cache.

With many draws from few rows, the batch is a multiset: the log-sum-exp over distinct rows,
weighted by their counts, is the same number for less work. cebra's criterions
(``cebra/models/criterions.py``) are the oracle in the tests.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

from cebra_kedro.training.config import LossConfig
from cebra_kedro.training.products import ROWS_OF_ONE_SIZE, onednn_is_faster, times_transposed

if TYPE_CHECKING:
    from cebra_kedro.training.batches import Batch

_BLOCK_ELEMENTS = 2**19  # 2 MiB of float32: one block's similarities stay in the L2/L3 cache
_BLOCK_ELEMENTS_ON_GPU = 2**26  # 256 MiB: there, starting many small products takes longer
_MANY_COLUMNS = 16  # with fewer, reading a block of similarities takes longer than its products
_SAFE_EXPONENT = 60.0  # exp(±60) times any batch size is far inside float32


class InfoNCE(torch.nn.Module):
    """Mean over references of −φ(ref, pos) + log Σ_neg exp φ(ref, neg), summed over objectives.

    φ(x, y) = xᵀy / τ (cosine, for normalised embeddings) or −|x − y|² / τ (euclidean).

    Args:
        config: distance and temperature.
        gradient_dtype: what the products of its gradient are computed in; the loss itself and
            the gradients that it hands on are float32.
        squared_norm: of the embeddings at most, with cosine.
    """

    def __init__(
        self,
        config: LossConfig,
        gradient_dtype: torch.dtype = torch.float32,
        squared_norm: int = 1,
    ) -> None:
        super().__init__()
        self._squared_norm = squared_norm
        self._gradient_dtype = gradient_dtype
        self._distance = config.distance
        lowest = config.min_temperature if config.learnable_temperature else config.temperature
        self._largest_inverse = None if lowest is None else 1.0 / lowest
        start = torch.tensor(-math.log(config.temperature))
        if config.learnable_temperature:
            self.log_inverse_temperature = torch.nn.Parameter(start)
        else:
            self.register_buffer("log_inverse_temperature", start)
            self._fixed_inverse = 1.0 / config.temperature

    @property
    def inverse_temperature(self) -> torch.Tensor | float:
        """1 / τ; a tensor with gradient if it is learnable."""
        if not isinstance(self.log_inverse_temperature, torch.nn.Parameter):
            return self._fixed_inverse
        inverse = self.log_inverse_temperature.exp()
        if self._largest_inverse is None:
            return inverse
        return inverse.clamp(max=self._largest_inverse)

    @property
    def temperature(self) -> float:
        """τ as it is now."""
        return 1.0 / float(torch.as_tensor(self.inverse_temperature).detach())

    def forward(self, embedding: torch.Tensor, batch: Batch) -> torch.Tensor:
        """The loss in nats, a scalar.

        Args:
            embedding: (distinct row, dim), what the indices of the batch refer to.
            batch: references, positives, and negatives with their multiplicities.
        """
        scale = self.inverse_temperature
        device = embedding.device
        # One look-up of all: its gradient needs one array of the embedding's size, and no sorting.
        parts = batch.reference, *batch.positives, batch.query, batch.key
        chosen = embedding.index_select(0, torch.cat(parts).to(device))
        reference, *positives, query, key = chosen.split([len(part) for part in parts])
        alignment = sum(self._alignment(reference, positive) for positive in positives)
        left, right = self._as_product(query, key)
        # With cosine similarity and a known temperature, exp() cannot overflow: no maximum needed.
        largest = self._largest_inverse
        bounded = self._distance == "cosine" and largest is not None
        norm = 1.01 * self._squared_norm
        safe = bounded and largest is not None and largest * norm <= _SAFE_EXPONENT
        uniformity = _WeightedLogSumExp.apply(
            left * scale,
            right,
            batch.query_weight.to(device),
            batch.key_weight.to(device),
            safe,
            self._gradient_dtype,
        )
        return len(batch.positives) * uniformity - alignment * scale

    def _alignment(self, reference: torch.Tensor, positive: torch.Tensor) -> torch.Tensor:
        if self._distance == "cosine":
            return (reference * positive).sum(dim=1).mean()
        return -(reference - positive).square().sum(dim=1).mean()

    def _as_product(
        self, queries: torch.Tensor, keys: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Vectors whose inner product is the similarity: −|q − k|² = 2 qᵀk − |q|² − |k|²."""
        if self._distance == "cosine":
            return queries, keys
        one_q, one_k = torch.ones_like(queries[:, :1]), torch.ones_like(keys[:, :1])
        q_square = queries.square().sum(dim=1, keepdim=True)
        k_square = keys.square().sum(dim=1, keepdim=True)
        left = torch.cat([2 * queries, -q_square, -one_q], dim=1)
        return left, torch.cat([keys, one_k, k_square], dim=1)


def goodness_of_fit_bits(loss: Any, n_negatives: int, n_objectives: int = 1) -> Any:
    """How far the loss is below chance, in bits; 0 is chance.

    (log negatives − loss) / log 2, where the loss of several objectives is their mean.

    Args:
        loss: InfoNCE in nats, number or array.
        n_negatives: negatives of a step.
        n_objectives: objectives summed in ``loss``.
    """
    return (math.log(n_negatives) - loss / n_objectives) / math.log(2)


class _WeightedLogSumExp(torch.autograd.Function):
    """Σ_i w_i log Σ_j v_j exp(q_i · k_j), with its gradient computed block by block on the way.

    The (query, key) matrix never exists as a whole: each block is exponentiated, reduced and
    used for both gradients while it is in cache.
    """

    @staticmethod
    def forward(
        ctx: Any,
        queries: torch.Tensor,
        keys: torch.Tensor,
        query_weight: torch.Tensor,
        key_weight: torch.Tensor,
        stable: bool,
        gradient_dtype: torch.dtype,
    ) -> torch.Tensor:
        n_queries, n_keys = len(queries), len(keys)
        on_cpu = queries.device.type == "cpu"
        is_narrow = on_cpu and queries.shape[1] < _MANY_COLUMNS and gradient_dtype == torch.float32
        is_small = is_narrow and len(queries) * len(keys) <= _BLOCK_ELEMENTS
        by_onednn = on_cpu and onednn_is_faster() and not is_small
        times = times_transposed if by_onednn else _times_transposed_by_mkl
        if gradient_dtype != torch.float32 or by_onednn:
            queries, query_weight = _padded(queries, query_weight)
            keys, key_weight = _padded(keys, key_weight)
        # Of a product with few columns, MKL finds the transpose several times faster.
        weighted_keys_t = (keys.T * key_weight).contiguous().to(gradient_dtype)
        both = torch.cat([key_weight[None], weighted_keys_t]).T if is_narrow else None
        grad_queries = torch.empty_like(queries)
        grad_keys_t = torch.zeros_like(weighted_keys_t, dtype=torch.float32)
        total = queries.new_zeros(())
        block = max(1, (_BLOCK_ELEMENTS if on_cpu else _BLOCK_ELEMENTS_ON_GPU) // len(keys))
        for begin in range(0, len(queries), block):
            part = slice(begin, begin + block)
            q, w = queries[part], query_weight[part]
            similarity = times(q, keys)
            shift = None
            if not stable:
                shift = similarity.amax(dim=1, keepdim=True)
                similarity -= shift
            exponential = similarity.exp_()
            of_dtype = exponential.to(gradient_dtype)
            # Σ_j v_j e_ij (query,) and Σ_j v_j e_ij k_j (query, dim)
            if both is None:
                sums, sums_of_keys = exponential @ key_weight, times(weighted_keys_t, of_dtype).T
            else:
                together = exponential @ both
                sums, sums_of_keys = together[:, 0], together[:, 1:]
            log_sums = sums.log() if shift is None else sums.log() + shift.squeeze(1)
            total += torch.dot(w, log_sums)
            scale = (w / sums)[:, None]
            grad_queries[part] = sums_of_keys * scale
            grad_keys_t += times((q * scale).T.to(gradient_dtype), of_dtype.T)
        grad_keys = grad_keys_t.T * key_weight[:, None]
        ctx.save_for_backward(grad_queries[:n_queries], grad_keys[:n_keys])
        return total

    @staticmethod
    def backward(ctx: Any, grad_output: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        grad_queries, grad_keys = ctx.saved_tensors
        return grad_output * grad_queries, grad_output * grad_keys, None, None, None, None


def _times_transposed_by_mkl(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    return left @ right.T


def _padded(rows: torch.Tensor, weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The last row again, with no weight, up to a multiple of ``ROWS_OF_ONE_SIZE``."""
    missing = -len(rows) % ROWS_OF_ONE_SIZE
    again = rows[-1:].expand(missing, -1)
    return torch.cat([rows, again]), torch.cat([weight, weight.new_zeros(missing)])
