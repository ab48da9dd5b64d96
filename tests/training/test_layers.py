"""Convolutions as matrix products: the numbers and gradients of torch's own."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 (torch's own abbreviation)

from cebra_kedro.training.config import EncoderConfig
from cebra_kedro.training.encoder import build_network, embed_windows, window_of
from cebra_kedro.training.functions import convolved_by_shifts, residual, unit_norm
from cebra_kedro.training.layers import _products, run_channels_last, store_for_sums


def row(length, channels=5, dtype=torch.float32):
    """One row (1, channel, 1, time), channels-last."""
    data = torch.randn(1, length, channels, generator=torch.manual_seed(0), dtype=dtype)
    return data.transpose(1, 2)[:, :, None].requires_grad_()


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kernel", [2, 3])
def test_a_long_row_is_convolved_as_ever(kernel, bias):
    inputs = row(50)
    weight = torch.randn(7, 5, kernel, requires_grad=True)
    offset = torch.randn(7, requires_grad=True) if bias else None
    one = _products(inputs, weight, offset, 1)
    other = F.conv2d(inputs, weight[:, :, None], offset)
    torch.testing.assert_close(one, other)
    assert one.is_contiguous(memory_format=torch.channels_last)
    wanted = [inputs, weight, *([offset] if bias else [])]
    pull = torch.randn_like(other)
    for found, expected in zip(
        torch.autograd.grad(one, wanted, pull),
        torch.autograd.grad(other, wanted, pull),
        strict=True,
    ):
        torch.testing.assert_close(found, expected)


def test_gradients_are_those_of_differences():
    inputs = row(9, 3, torch.float64)
    weight = torch.randn(2, 3, 3, dtype=torch.float64, requires_grad=True)
    bias = torch.randn(2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(convolved_by_shifts, (inputs, weight, bias))


@pytest.mark.parametrize("crop", [(1, 1), (2, 0)])
@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_a_skip_over_a_long_row_is_cebras(crop, approximate):
    from cebra.models.layers import _Skip

    layers = torch.nn.Conv1d(5, 5, 3), torch.nn.GELU(approximate)
    theirs = _Skip(*layers, crop=crop)
    ours = copy.deepcopy(theirs)
    run_channels_last(ours)
    inputs = row(50)
    one, other = ours(inputs), theirs(inputs[:, :, 0])[:, :, None]
    torch.testing.assert_close(one, other)
    assert one.is_contiguous(memory_format=torch.channels_last)
    pull = torch.randn_like(other)
    for found, expected in zip(
        torch.autograd.grad(one, [inputs, *ours.parameters()], pull),
        torch.autograd.grad(other, [inputs, *theirs.parameters()], pull),
        strict=True,
    ):
        torch.testing.assert_close(found, expected)


def test_gradients_of_a_skip_are_those_of_differences():
    inputs = row(9, 3, torch.float64)
    weight = torch.randn(3, 3, 3, dtype=torch.float64, requires_grad=True)
    bias = torch.randn(3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(residual, (inputs, weight, bias, 1))


def test_inputs_of_a_recording_take_no_gradient():
    weight = torch.randn(2, 5, 3, requires_grad=True)
    output = _products(row(9).detach(), weight, None, 1)
    output.sum().backward()
    assert weight.grad.abs().sum() > 0


def test_low_precision_is_left_to_torch():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert _products(row(50), torch.randn(2, 5, 3), None, 1).dtype == torch.bfloat16


def test_gradients_of_a_unit_norm_are_those_of_differences_and_can_be_differentiated():
    inputs = torch.randn(4, 3, 1, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(unit_norm, inputs)
    assert torch.autograd.gradgradcheck(unit_norm, inputs)
    torch.testing.assert_close(unit_norm(inputs), F.normalize(inputs, dim=1))


@pytest.mark.parametrize("architecture", ["offset1-model", "offset10-model", "resample1-model"])
def test_the_order_of_weights_in_memory_changes_no_number(architecture):
    network, plain = (
        build_network(EncoderConfig(architecture=architecture), 5, seed=0) for _ in range(2)
    )
    store_for_sums(network)
    assert any(not weight.is_contiguous() for weight in network.parameters())
    for one, other in zip(network.parameters(), plain.parameters(), strict=True):
        assert torch.equal(one, other)
    windows = torch.randn(7, window_of(network).length, 5)
    torch.testing.assert_close(embed_windows(network, windows), embed_windows(plain, windows))
