"""Products by oneDNN: the numbers and gradients of torch's own."""

from __future__ import annotations

import pytest
import torch

from cebra_kedro.training import products
from cebra_kedro.training.products import onednn_is_faster, times_transposed

needs_avx512 = pytest.mark.skipif(not onednn_is_faster(), reason="needs AVX-512 and oneDNN")


def matrices(rows=70, columns=33, inner=20):
    generator = torch.manual_seed(0)
    return (
        torch.randn(rows, inner, generator=generator, requires_grad=True),
        torch.randn(columns, inner, generator=generator, requires_grad=True),
    )


LAYOUTS = {
    "as they are": lambda one: one,
    "transposed": lambda one: one.T.contiguous().T,
    "with gaps": lambda one: torch.cat([one, one], dim=1)[:, : one.shape[1]],
    "expanded": lambda one: one[:1].expand_as(one),
}


@pytest.mark.parametrize("left_layout", LAYOUTS)
@pytest.mark.parametrize("right_layout", LAYOUTS)
def test_products_and_gradients_are_torchs_own(left_layout, right_layout):
    left, right = matrices()
    one, other = LAYOUTS[left_layout](left), LAYOUTS[right_layout](right)
    found, expected = times_transposed(one, other), one @ other.T
    # 20 products of normal variates, summed in another order
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    pull = torch.randn_like(expected)
    for mine, theirs in zip(
        torch.autograd.grad(found, [left, right], pull),
        torch.autograd.grad(expected, [left, right], pull),
        strict=True,
    ):
        torch.testing.assert_close(mine, theirs, atol=1e-4, rtol=1e-4)


def test_gradients_have_gradients():
    left, right = matrices()
    curvatures = []
    for product in (times_transposed(left, right), left @ right.T):
        (gradient,) = torch.autograd.grad(product.tanh().sum(), left, create_graph=True)
        curvatures.append(torch.autograd.grad(gradient.square().sum(), [left, right]))
    for mine, theirs in zip(*curvatures, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(("rows", "columns", "inner"), [(0, 3, 2), (3, 0, 2), (3, 4, 0)])
def test_empty_matrices_are_multiplied(rows, columns, inner):
    left, right = matrices(rows, columns, inner)
    torch.testing.assert_close(times_transposed(left, right), left @ right.T)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_types_are_left_to_torch(dtype):
    left, right = (one.to(dtype) for one in matrices())
    assert torch.equal(times_transposed(left, right), left @ right.T)


@needs_avx512
def test_onednn_is_called_where_it_is_faster(monkeypatch):
    left, right = matrices()
    assert "_TimesTransposed" in type(times_transposed(left, right).grad_fn).__name__
    monkeypatch.setattr(products, "onednn_is_faster", lambda: False)
    assert "_TimesTransposed" not in type(times_transposed(left, right).grad_fn).__name__
