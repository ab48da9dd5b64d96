"""Parameters in one array: the same training as with each on its own."""

from __future__ import annotations

import copy

import torch

from cebra_kedro.training.flat import FlatParameters


def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.GELU(), torch.nn.Linear(7, 3))


def loss(model, number):
    inputs = torch.randn(20, 5, generator=torch.Generator().manual_seed(number))
    return model(inputs).square().sum()


def test_steps_are_those_of_each_parameter_on_its_own():
    alone, together = network(), network()
    flat = FlatParameters([*together.parameters()])
    optimizers = [
        torch.optim.AdamW(parameters, lr=0.01, weight_decay=0.1)
        for parameters in ([*alone.parameters()], [flat.values])
    ]
    for number in range(5):
        optimizers[0].zero_grad()
        flat.clear_gradients()
        for model, optimizer in zip((alone, together), optimizers, strict=True):
            loss(model, number).backward()
            optimizer.step()
    for one, other in zip(alone.parameters(), together.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-6)


def test_norms_of_gradients_are_those_of_all_parameters():
    alone, together = network(), network()
    flat = FlatParameters([*together.parameters()])
    flat.clear_gradients()
    for model in (alone, together):
        loss(model, 0).backward()
    norms = [
        torch.nn.utils.clip_grad_norm_(parameters, 0.1)
        for parameters in ([*alone.parameters()], [flat.values])
    ]
    torch.testing.assert_close(*norms)
    for one, other in zip(alone.parameters(), together.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad)


def test_gradients_do_not_add_up_from_step_to_step():
    model = network()
    flat = FlatParameters([*model.parameters()])
    found = []
    for _ in range(2):
        flat.clear_gradients()
        loss(model, 0).backward()
        found.append(flat.values.grad.clone())
    assert torch.equal(*found)
    assert found[0].abs().sum() > 0


def test_weights_that_are_put_back_are_trained_on():
    model = network()
    flat = FlatParameters([*model.parameters()])
    before = copy.deepcopy(model.state_dict())
    with torch.no_grad():
        flat.values += 1
    assert not torch.equal(model[0].weight, before["0.weight"])
    model.load_state_dict(before)
    flat.clear_gradients()
    loss(model, 0).backward()
    torch.optim.SGD([flat.values], lr=0.1).step()
    assert not torch.equal(model[0].weight, before["0.weight"])


def test_a_parameter_without_dimensions_has_its_place():
    one = torch.nn.Parameter(torch.tensor(2.0))
    flat = FlatParameters([one, torch.nn.Parameter(torch.ones(3))])
    flat.clear_gradients()
    one.square().backward()
    assert float(flat.values.grad.sum()) == 4.0


def test_parameters_keep_their_order_in_memory():
    inputs = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    transposed = torch.nn.Parameter(torch.arange(6.0).view(3, 2).T)
    values = transposed.detach().clone()
    flat = FlatParameters([torch.nn.Parameter(torch.ones(5)), transposed])
    assert transposed.stride() == (1, 2)
    assert torch.equal(transposed, values)
    flat.clear_gradients()
    (inputs @ transposed.T).sum().backward()
    torch.testing.assert_close(transposed.grad, inputs.sum(dim=0).expand(2, 3))
    assert transposed.grad.stride() == (1, 2)
    torch.testing.assert_close(flat.values.grad.sum(), transposed.grad.sum())
