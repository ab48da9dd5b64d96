"""The training loop: each setting reaches the optimizer, and nothing else moves."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from tiny_training import LAWS, tiny_config, tiny_counts, tiny_data

from cebra_kedro.training import batch_loss as module
from cebra_kedro.training import optimizer
from cebra_kedro.training.data import TrainingData
from cebra_kedro.training.loop import build_networks, resolve_device, train
from cebra_kedro.training.progress import TrainingError
from cebra_kedro.training.schedule import learning_rates

SERIES, WINDOWS = {"batch_size": 100}, {"batch_size": 2}  # which way of embedding is cheaper


def fit(data: TrainingData | None = None, **changes):
    return train(data or tiny_data(), tiny_config(**changes), name=None)


def same_bits(one, other) -> bool:
    return np.array_equal(one.loss, other.loss) and all(
        torch.equal(one.state[key], other.state[key]) for key in one.state
    )


@pytest.fixture
def steps_taken(monkeypatch) -> list[dict]:
    """What torch's functions of Adam and AdamW are given at each step from now on."""
    taken = []

    def watched(name):
        update = getattr(optimizer, name)

        def step(parameters, gradients, *others, **settings):
            norm = float(torch.linalg.vector_norm(torch.cat([one.flatten() for one in gradients])))
            taken.append({"norm": norm, "name": name, **settings})
            update(parameters, gradients, *others, **settings)

        return step

    for name in ("adam", "adamw"):
        monkeypatch.setattr(optimizer, name, watched(name))
    return taken


@pytest.mark.parametrize("name", ["constant", "cosine", "one_cycle"])
def test_every_step_uses_and_records_its_scheduled_learning_rate(name, steps_taken):
    config = tiny_config(schedule={"name": name}, optimizer={"learning_rate": 2e-3}, steps=25)
    model = train(tiny_data(), config, name=None)
    expected = learning_rates(config.schedule, 2e-3, 25)
    assert [step["lr"] for step in steps_taken] == expected
    np.testing.assert_array_equal(model.learning_rate, np.float32(expected))
    np.testing.assert_array_equal(model.history()["learning_rate"], np.float32(expected))
    assert (len(set(expected)) == 1) == (name == "constant")


def test_gradients_are_clipped_to_the_bound(steps_taken):
    fit(steps=20)
    free = [step["norm"] for step in steps_taken]
    steps_taken.clear()
    bound = 0.5 * min(free)
    fit(steps=20, optimizer={"clip_norm": bound})
    clipped = [step["norm"] for step in steps_taken]
    # float32 norm of a rescaled gradient
    assert max(clipped) <= bound * (1 + 1e-5)
    assert clipped[0] == pytest.approx(bound, rel=1e-5)
    assert clipped[0] < free[0]


def test_a_wide_bound_clips_nothing(steps_taken):
    assert same_bits(fit(), fit(optimizer={"clip_norm": 1e6}))


def test_optimizer_settings_reach_the_optimizer(steps_taken):
    fit(steps=1)
    fit(steps=1, optimizer={"name": "adamw", "weight_decay": 0.1, "betas": (0.5, 0.6)})
    adam, adamw = steps_taken
    assert (adam["name"], adamw["name"]) == ("adam", "adamw")
    assert (adam["weight_decay"], adamw["weight_decay"]) == (0.0, 0.1)
    assert (adam["beta1"], adam["beta2"]) == (0.9, 0.999)
    assert (adamw["beta1"], adamw["beta2"]) == (0.5, 0.6)


@pytest.mark.parametrize("law", LAWS)
def test_the_same_seed_gives_the_same_bits(law):
    one, other = (fit(pairs=LAWS[law], seed=3) for _ in range(2))
    assert same_bits(one, other)
    assert one.fingerprint == other.fingerprint


@pytest.mark.parametrize(
    "changes",
    [{"encoder": {"architecture": "offset36-model-dropout"}}, SERIES, {"precision": "bfloat16"}],
    ids=["dropout", "series", "bfloat16"],
)
def test_the_same_seed_gives_the_same_bits_whatever_happened_before(changes):
    data = tiny_data(n_trials=1)
    torch.manual_seed(1)
    one = fit(data, **changes)
    torch.manual_seed(2)
    np.random.seed(2)  # noqa: NPY002 (the state that must not matter)
    assert same_bits(one, fit(data, **changes))


def test_another_seed_gives_other_weights_and_other_losses():
    one, other = fit(seed=0), fit(seed=1)
    assert not any(torch.equal(one.state[key], other.state[key]) for key in one.state)
    assert not np.array_equal(one.loss, other.loss)


def test_the_largest_seed_is_as_good_as_any():
    encoder = {"architecture": "offset36-model-dropout"}
    model = fit(tiny_data(n_trials=1), seed=2**63 - 1, encoder=encoder, steps=2)
    assert np.isfinite(model.loss).all()


def test_first_weights_differ_by_seed_and_by_session():
    data = [tiny_data(seed=0), tiny_data(seed=1)]
    one, other = (build_networks(data, tiny_config(seed=seed)) for seed in (0, 10))
    first = [network.state_dict()["net.0.weight"] for network in (*one, *other)]
    assert len({tuple(weight.flatten().tolist()) for weight in first}) == 4


@pytest.mark.parametrize("architecture", ["offset5-model", "offset36-model-dropout"])
def test_global_random_states_are_left_alone(architecture):
    torch.manual_seed(7)
    before, numpys = torch.get_rng_state(), np.random.get_state()  # noqa: NPY002
    fit(tiny_data(n_trials=1), encoder={"architecture": architecture})
    assert torch.equal(torch.get_rng_state(), before)
    assert all(
        np.array_equal(a, b)
        for a, b in zip(np.random.get_state(), numpys, strict=True)  # noqa: NPY002
    )


def test_dropout_differs_from_step_to_step_and_acts_at_all():
    encoder = {"hidden_units": 8}
    plain = fit(tiny_data(n_trials=1), encoder=encoder | {"architecture": "offset36-model"})
    dropping = fit(
        tiny_data(n_trials=1), encoder=encoder | {"architecture": "offset36-model-dropout"}
    )
    assert not np.array_equal(plain.loss, dropping.loss)


@pytest.mark.parametrize("make_data", [tiny_data, tiny_counts])
@pytest.mark.usefixtures("sums_for_any_network")
def test_drawing_beside_training_and_taking_turns_give_the_same_bits(make_data, monkeypatch):
    models = []
    for n_cores in (1, 2):  # with the one thread of the tiny configuration
        monkeypatch.setattr(module, "available_cores", lambda n_cores=n_cores: n_cores)
        models.append(fit(make_data()))
    assert same_bits(*models)


@pytest.mark.parametrize(("limit", "ahead"), [(2**28, 32), (20_000, 3), (1, 1)])
def test_less_is_drawn_ahead_if_it_takes_much_memory(limit, ahead, tmp_path, monkeypatch):
    # three times 16 rows, windows of 5 bins of 6 float32 values: 5760 bytes a step
    np.save(tmp_path / "neural.npy", tiny_data(n_time=5000).neural)
    mapped = np.load(tmp_path / "neural.npy", mmap_mode="r")
    asked, drawn_ahead = [], module.drawn_ahead

    def watched(*functions_and_steps, **options):
        asked.append(options["ahead"])
        return drawn_ahead(*functions_and_steps, **options)

    monkeypatch.setattr(module, "drawn_ahead", watched)
    monkeypatch.setattr(module, "_BYTES_AHEAD", limit)
    fit(dataclasses.replace(tiny_data(n_time=5000), neural=mapped))
    assert asked == [ahead]


def test_threads_and_inputs_are_left_as_they_were():
    data = tiny_data()
    copies = {name: np.array(value) for name, value in vars(data).items()}
    torch.set_num_threads(2)
    fit(data, threads=1)
    assert torch.get_num_threads() == 2
    for name, copy in copies.items():
        np.testing.assert_array_equal(getattr(data, name), copy)


@pytest.mark.parametrize("batch", [SERIES, WINDOWS], ids=["series", "windows"])
def test_a_memory_mapped_file_trains_as_an_array(batch, tmp_path):
    data = tiny_data()
    np.save(tmp_path / "neural.npy", data.neural)
    mapped = np.load(tmp_path / "neural.npy", mmap_mode="r")
    stored = dataclasses.replace(data, neural=mapped)
    assert same_bits(fit(data, **batch), fit(stored, **batch))


def test_an_infinite_value_in_the_data_stops_with_step_and_cause():
    data = tiny_data()
    neural = data.neural.copy()
    neural[:, 2] = np.inf
    with pytest.raises(TrainingError, match=r"at step 0 of 12; .*infinite or huge value"):
        fit(dataclasses.replace(data, neural=neural))


def test_an_absurd_learning_rate_stops_with_step_and_cause():
    # 25 layers whose weights grow by 1 a step: norms overflow float32
    encoder = {"architecture": "offset50-model", "hidden_units": 32}
    with pytest.raises(
        TrainingError, match=r"is nan at step [1-9] of 10; .*rate \(1\.0\) too high"
    ):
        fit(tiny_data(n_trials=1), encoder=encoder, optimizer={"learning_rate": 1.0}, steps=10)


def test_a_device_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    for device in ("cuda", "mps"):
        with pytest.raises(ValueError, match=f"device {device} is not available.*use auto or cpu"):
            fit(device=device)
    assert resolve_device("auto").type == "cpu"
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert resolve_device("auto").type == "mps"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert resolve_device("auto").type == "cuda"
    assert resolve_device("cpu").type == "cpu"


@pytest.mark.parametrize("make_data", [tiny_data, tiny_counts])
@pytest.mark.parametrize("batch", [SERIES, WINDOWS], ids=["series", "windows"])
@pytest.mark.usefixtures("sums_for_any_network")
def test_bfloat16_is_close_to_float32(batch, make_data):
    changes = {"optimizer": {"learning_rate": 3e-3}, "steps": 30, **batch}
    data = make_data()
    full, half = fit(data, **changes), fit(data, **changes, precision="bfloat16")
    assert all(value.dtype == torch.float32 for value in half.state.values())
    assert not np.array_equal(full.loss, half.loss)
    # bfloat16 has 8 bits: 0.4 % of similarities and losses of about 1 to 5
    np.testing.assert_allclose(half.loss, full.loss, atol=0.05)
    cosine = (full.transform(data.neural) * half.transform(data.neural)).sum(axis=1)
    assert cosine.min() > 0.99


def test_the_number_of_negatives_is_its_own_setting():
    # at a high temperature nothing is told apart, and the loss is the log of their number
    few, many = (fit(loss={"temperature": 100}, negatives=n, steps=3) for n in (4, 64))
    np.testing.assert_allclose(few.loss, np.log(4), atol=0.02)  # |φ| ≤ 1 / 100
    np.testing.assert_allclose(many.loss, np.log(64), atol=0.02)
    np.testing.assert_allclose(many.history()["goodness_of_fit_bits"], 0, atol=0.03)


def test_a_learned_temperature_moves_but_not_below_its_minimum():
    learned = {"learnable_temperature": True, "temperature": 0.5}
    optimizer = {"learning_rate": 1e-2}
    free = fit(loss=learned, optimizer=optimizer, steps=60, **SERIES)
    assert free.temperature < 0.45  # the data are easy to tell apart: colder is better
    bounded = fit(loss=learned | {"min_temperature": 0.48}, optimizer=optimizer, steps=60, **SERIES)
    assert bounded.temperature == pytest.approx(0.48, rel=1e-6)  # exp of a log in float32
    fixed = fit(loss={"temperature": 0.5}, optimizer=optimizer, steps=60, **SERIES)
    assert fixed.temperature == 0.5


def test_training_lowers_the_loss():
    model = fit(pairs=LAWS["time_delta"], steps=100, optimizer={"learning_rate": 1e-2}, **SERIES)
    bits = model.history()["goodness_of_fit_bits"].to_numpy()
    # the phase explains about 1 bit; an untrained network 0.2
    assert bits[0] < 0.4
    assert bits[-5:].mean() > 0.8


def test_several_sessions_share_one_embedding():
    data = [tiny_data(seed=0), tiny_data(seed=1, n_neurons=4, n_time=120)]
    config = tiny_config(
        pairs=LAWS["time_delta"],
        session_encoders=(
            {"architecture": "offset5-model", "hidden_units": 4},
            {"architecture": "offset1-model", "hidden_units": 6},
        ),
    )
    model = train(data, config, name=None)
    assert model.n_neurons == (6, 4)
    assert model.network(0).get_offset().right == 3
    assert model.network(1).get_offset().right == 1
    assert model.transform(data[1].neural, session=1).shape == (120, 3)


def test_data_that_do_not_fit_the_encoder_are_refused():
    with pytest.raises(ValueError, match="receptive field is 50 bins"):
        fit(tiny_data(n_time=40), encoder={"architecture": "offset50-model"})
    with pytest.raises(ValueError, match="one entry for each of 1 sessions, got 2"):
        fit(session_encoders=({}, {}))


@pytest.mark.gpu
@pytest.mark.parametrize("batch", [SERIES, WINDOWS], ids=["series", "windows"])
def test_a_gpu_trains_as_the_cpu(batch):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    changes = {"pairs": LAWS["hybrid"], "loss": {"learnable_temperature": True}, **batch}
    cpu, gpu = fit(**changes), fit(**changes, device="cuda")
    # float32, TF32 off by default, 12 steps
    np.testing.assert_allclose(gpu.loss, cpu.loss, atol=1e-3)
    assert all(weights.device.type == "cpu" for weights in gpu.state.values())
