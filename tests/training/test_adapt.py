"""A trained encoder takes new neurons: its first layer is new, the others stay, as in cebra."""

from functools import partial

import cebra
import numpy as np
import pytest
import torch
from cebra_twin import CebraTwin
from tiny_training import LAWS, WatchedCheckpoint, tiny_config, tiny_data

from cebra_kedro.training.adapt import Start
from cebra_kedro.training.config import EncoderConfig
from cebra_kedro.training.data import TrainingData
from cebra_kedro.training.encoder import build_network, known_architectures
from cebra_kedro.training.export import import_from_cebra
from cebra_kedro.training.fingerprint import fingerprint
from cebra_kedro.training.loop import train

STEPS = 100
NEW = partial(tiny_data, n_neurons=9, seed=7)
FIRST = ("net.0.weight", "net.0.bias")
# architecture, loss, what cebra calls the loss, law
CASES = {
    "ten bins": ("offset10-model", {}, {}, "time_delta"),
    "learned temperature": (
        "offset5-model",
        {"learnable_temperature": True},
        {"temperature_mode": "auto"},
        "time_delta",
    ),
    "one bin": ("offset1-model", {}, {}, "time_delta"),
    "euclidean": (
        "offset10-model-mse",
        {"distance": "euclidean"},
        {"distance": "euclidean"},
        "time",
    ),
}


def started(model, network=0):
    return Start(lambda: model, model.fingerprint, network)


@pytest.fixture(scope="module")
def single():
    return train(tiny_data(), tiny_config(steps=5), name=None)


@pytest.fixture(scope="module")
def joint():
    config = tiny_config(steps=5, pairs=LAWS["time_delta"])
    return train([tiny_data(), tiny_data(seed=1)], config, name=None)


def cebras(architecture, names, law):
    """An estimator that cebra has trained on the old session."""
    old = tiny_data()
    settings = {"conditional": LAWS[law]["law"], "time_offsets": 2} | names
    model = cebra.CEBRA(
        model_architecture=architecture,
        **settings,
        num_hidden_units=4,
        output_dimension=3,
        batch_size=16,
        learning_rate=1e-3,
        max_iterations=5,
        device="cpu",
    )
    return model.fit(old.neural, *([old.labels] if law == "time_delta" else []))


@pytest.mark.parametrize("case", CASES)
def test_its_steps_are_those_of_cebras_adapt(case, tmp_path):
    architecture, loss, names, law = CASES[case]
    new, theirs = NEW(), cebras(architecture, names, law)
    theirs.save(tmp_path / "old.pt")
    config = tiny_config(
        encoder={"architecture": architecture},
        loss=loss,
        pairs=LAWS[law],
        steps=STEPS,
        optimizer={"learning_rate": 1e-3},
    )
    twin = CebraTwin([new], config)
    arrays = (new.neural, new.labels) if law == "time_delta" else (new.neural,)
    twin.solver, network, *_ = theirs._adapt_model(*arrays)
    fresh = list(twin.networks[0].state_dict().items())[:2]
    network.load_state_dict(network.state_dict() | dict(fresh))
    for step in range(STEPS):
        twin.solver.step(twin.cebra_batch(step))

    model = train(new, config, name=None, start=started(import_from_cebra(tmp_path / "old.pt")))
    ours, final = list(model.state.values()), list(network.state_dict().values())
    assert float((ours[0] - fresh[0][1]).abs().max()) > 0.01  # at 1e-3 a step, up to 0.1
    for one, other in zip(ours, final, strict=True):
        # float32 rounding of about 1e-7 a step, summed up and somewhat amplified
        torch.testing.assert_close(one, other, atol=1e-5, rtol=0)
    assert model.temperature == pytest.approx(float(twin.solver.criterion.temperature), abs=1e-5)


def test_cebra_has_no_such_way_for_several_sessions():
    old = [tiny_data(), tiny_data(seed=1)]
    theirs = cebra.CEBRA(max_iterations=1, batch_size=16, device="cpu")
    theirs.fit([one.neural for one in old], [one.labels for one in old])
    with pytest.raises(NotImplementedError, match="adapt option with a multisession"):
        theirs.fit(NEW().neural, NEW().labels, adapt=True)


def test_together_its_steps_are_those_of_cebras_solver_for_sessions_with_the_rest_frozen(joint):
    data = [tiny_data(), tiny_data(seed=1), NEW()]
    config = tiny_config(steps=STEPS, pairs=LAWS["time_delta"], optimizer={"learning_rate": 1e-3})
    twin = CebraTwin(data, config)
    networks = twin.solver.model
    for number in (0, 1):
        networks[number].load_state_dict(joint.network(number).state_dict())
    own = {name: value.clone() for name, value in networks[2].state_dict().items() if name in FIRST}
    networks[2].load_state_dict(joint.network(1).state_dict() | own)
    for name, parameter in networks.named_parameters():
        parameter.requires_grad_(name.removeprefix("2.") in FIRST)
    for step in range(STEPS):
        twin.solver.step(twin.cebra_batch(step))

    model = train(data, config, name=None, start=started(joint, network=1))
    for name, value in networks.state_dict().items():
        torch.testing.assert_close(model.state[name], value, atol=1e-5, rtol=0)  # as above


@pytest.mark.parametrize("network", [0, 1])
def test_only_the_new_first_layer_is_trained(joint, network):
    data = [tiny_data(), tiny_data(seed=1), NEW()]
    config = tiny_config(
        pairs=LAWS["time_delta"],
        optimizer={"name": "adamw", "weight_decay": 0.5, "clip_norm": 1.0},
    )
    model = train(data, config, name=None, start=started(joint, network))
    lent = joint.network(network).state_dict()
    for name, value in model.state.items():
        number, _, place = name.partition(".")
        if number != "2":
            assert torch.equal(value, joint.state[name])
        elif place not in FIRST:
            assert torch.equal(value, lent[place])
    fresh = build_network(config.encoder, 9, config.seed + 2).state_dict()
    for name in FIRST:
        assert model.state[f"2.{name}"].shape == fresh[name].shape
        assert not torch.equal(model.state[f"2.{name}"], fresh[name])


def seen(phase, n_neurons, seed):
    """Neurons with preferred directions of their own, of an animal that turns on a circle."""
    rng = np.random.default_rng(seed)
    circle = np.stack([np.cos(phase), np.sin(phase)], axis=1)
    neural = circle @ rng.normal(size=(2, n_neurons)) + rng.normal(0, 0.3, (len(phase), n_neurons))
    return TrainingData(neural.astype(np.float32), np.zeros(len(phase), np.int64), circle)


def test_decoders_of_the_old_session_read_the_new_one():
    phase = np.cumsum(np.random.default_rng(0).normal(0.2, 0.1, 1000))
    old, new = seen(phase, 12, 1), seen(phase[::-1] + 1, 15, 2)
    settings = {"pairs": LAWS["time_delta"], "optimizer": {"learning_rate": 3e-3}}
    config = tiny_config(steps=300, batch_size=64, encoder={"hidden_units": 16}, **settings)
    model = train(old, config, name=None)
    adapted = train([old, new], config, name=None, start=started(model))
    fitted, read = adapted.transform(old.neural), adapted.transform(new.neural, session=1)
    np.testing.assert_array_equal(fitted, model.transform(old.neural))
    nearest = (read @ fitted.T).argmax(axis=1)
    cosine = (old.labels[nearest] * new.labels).sum(axis=1)
    assert np.median(np.arccos(cosine.clip(-1, 1))) < np.pi / 12  # chance is π / 2


def test_it_goes_on_from_its_checkpoint_with_the_same_bits(single, tmp_path):
    class Killed(WatchedCheckpoint):
        def save_if_due(self, state, fingerprint):
            super().save_if_due(state, fingerprint)
            if state.step == 7:
                raise KeyboardInterrupt

    config, start = tiny_config(), started(single)
    whole = train(NEW(), config, name=None, start=start)
    with pytest.raises(KeyboardInterrupt):
        path = tmp_path / "run.checkpoint"
        train(NEW(), config, checkpoint=Killed(path, every_steps=3), name=None, start=start)
    resumed = train(NEW(), config, checkpoint=WatchedCheckpoint(path), name=None, start=start)
    assert all(torch.equal(value, resumed.state[name]) for name, value in whole.state.items())


def test_its_fingerprint_has_that_of_its_start(single):
    config, data = tiny_config(), [NEW()]
    starts = [None, Start(None, "a"), Start(None, "b"), Start(None, "a", network=1)]
    assert len({fingerprint(data, config, (), start) for start in starts}) == 4
    model = train(data, config, name=None, start=started(single))
    assert model.fingerprint == fingerprint(data, config, (), started(single))


@pytest.mark.parametrize("change", [{"architecture": "offset10-model"}, {"hidden_units": 5}])
def test_a_network_with_other_layers_is_refused(single, change):
    config = tiny_config(encoder=change)
    with pytest.raises(ValueError, match="if its first layer alone depends on the number of neur"):
        train(NEW(), config, name=None, start=started(single))


def test_of_cebras_networks_those_that_resample_have_more_layers_that_depend_on_neurons():
    for architecture in known_architectures():
        config = EncoderConfig(architecture=architecture, hidden_units=8)
        few, more = (build_network(config, n, 0).state_dict() for n in (5, 6))
        depend = [number for number, name in enumerate(few) if few[name].shape != more[name].shape]
        assert depend == ([0, 2] if config.resamples else [0]), architecture
        layers = {name.rpartition(".")[0] for name in list(few)[:2]}
        assert len(layers) == 1, architecture  # its weight and its bias
