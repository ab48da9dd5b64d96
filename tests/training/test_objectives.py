"""Losses on parts of an embedding: those of cebra's multi-objective solver, and of its hybrid."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from dataclasses import replace
from typing import Any

import cebra.data
import cebra.models
import cebra.solver
import numpy as np
import pytest
import torch
from cebra.models.multiobjective import create_multiobjective_model
from cebra_twin import CebraTwin
from tiny_training import LAWS, tiny_config, tiny_data, train_until_killed

from cebra_kedro.training import TrainingConfig
from cebra_kedro.training import fingerprint as fingerprints
from cebra_kedro.training.checkpoint import Checkpoint
from cebra_kedro.training.data import Guide, TrainingData
from cebra_kedro.training.encoder import embed_windows
from cebra_kedro.training.export import export_to_cebra
from cebra_kedro.training.loop import build_networks, train
from cebra_kedro.training.loss import goodness_of_fit_bits
from cebra_kedro.training.model import EncoderModel
from cebra_kedro.training.objectives import criterion_of, weighed

STEPS = 100
TIME, DELTA, NEAR = LAWS["time"], LAWS["time_delta"], LAWS["delta_normal"]
EUCLIDEAN = {"distance": "euclidean", "temperature": 2.0}


def objective(pairs: dict, first: int, last: int, **more: Any) -> dict:
    return {"pairs": pairs, "dimensions": [first, last]} | more


APART = {"behaviour": objective(DELTA, 0, 1), "time": objective(TIME, 2, 4)}
WITHIN = {"behaviour": objective(DELTA, 0, 2), "time": objective(TIME, 0, 5)}
HYBRID = {"behaviour": objective(DELTA, 0, 2), "time": objective(TIME, 0, 4)}
# architecture, output dimension, settings
CASES: dict[str, tuple[str, int, dict[str, Any]]] = {
    "parts apart": ("offset5-model", 5, {"objectives": APART}),
    "a part within another": ("offset10-model", 6, {"objectives": WITHIN}),
    "not normalised": ("offset5-model", 5, {"objectives": APART, "renormalise": False}),
    "temperatures": (
        "offset5-model",
        8,
        {
            "objectives": {
                "near": objective(NEAR, 0, 2, loss={"temperature": 0.3}),
                "time": objective(TIME, 0, 7, weight=0.5),
                "behaviour": objective(DELTA, 3, 5, weight=2.0),
            }
        },
    ),
    "euclidean": ("offset10-model-mse", 6, {"objectives": WITHIN, "loss": EUCLIDEAN}),
}


def guided(config, seed: int = 0) -> TrainingData:
    data = tiny_data(seed=seed)
    own = [
        Guide(data.labels if law.uses_labels else None, data.classes if law.uses_classes else None)
        for law in config.laws
    ]
    return replace(data, labels=None, classes=None, guides=tuple(own))


def config_of(case: str, **more: Any):
    architecture, n_dims, settings = CASES[case]
    return configured(architecture, n_dims, **settings | more)


def configured(architecture: str, n_dims: int, **settings: Any):
    return tiny_config(
        encoder={"architecture": architecture, "output_dimension": n_dims},
        steps=STEPS,
        batch_size=50,
        optimizer={"learning_rate": 1e-3},
        pairs=next(iter(settings["objectives"].values()))["pairs"],
        **settings,
    )


class Twin(CebraTwin):
    """cebra's multi-objective solver with the weights that ``train`` starts from."""

    @property
    def weights(self) -> list[float]:
        return [one.weight for one in self._config.objectives.values()]

    def cebra_batch(self, step: int) -> Any:
        pairs = self.law.draw(step, self._config.batch_size, self._config.n_negatives)
        return cebra.data.Batch(
            reference=self._cut(0, pairs.reference),
            positive=[self._cut(0, part) for part in pairs.positives],
            negative=self._cut(0, pairs.negative),
        )

    def _make_solver(self) -> Any:
        config = self._config
        (original,) = super()._original_networks()
        losses = [
            {
                "indices": one.dimensions,
                "contrastive_loss": {
                    "name": f"Fixed{loss.distance.title()}InfoNCE",
                    "kwargs": {"temperature": loss.temperature},
                },
            }
            for one, loss in zip(config.objectives.values(), config.losses, strict=True)
        ]
        return cebra.solver.init(
            "multiobjective-solver",
            model=original,
            feature_ranges=[one.columns for one in config.objectives.values()],
            renormalize=bool(config.pieces),
            criterion=cebra.models.MultiCriterions(losses, mode="contrastive"),
            optimizer=torch.optim.Adam(original.parameters(), lr=1e-3),
            tqdm_on=False,
        )


def our_losses(twin: CebraTwin, session: TrainingData, step: int) -> torch.Tensor:
    """By our networks and criterion, on windows of the batch's rows."""
    batch, config = twin.our_batch(step), twin._config
    rows = batch.rows[0].numpy()
    windows = twin._cut(0, np.searchsorted(twin.anchors.row, rows)).transpose(1, 2)
    embedding = embed_windows(twin.networks[0], windows)
    return criterion_of(config, torch.float32)(embedding, batch)


@pytest.mark.parametrize("case", CASES)
def test_losses_and_gradients_of_a_step_are_cebras(case):
    config = config_of(case)
    session = guided(config)
    twin = Twin([session], config)
    ours = our_losses(twin, session, step=0)
    weighed(ours, config, step=0).backward()
    theirs = twin.solver.criterion(twin.solver._inference(twin.cebra_batch(0)))
    sum(w * loss for w, loss in zip(twin.weights, theirs, strict=True)).backward()
    # float32 rounding of sums over 50 references
    torch.testing.assert_close(ours, torch.stack(theirs), atol=1e-5, rtol=1e-5)
    for one, other in zip(twin.networks.parameters(), twin.solver.model.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("case", CASES)
def test_a_hundred_steps_lead_to_cebras_weights_and_embedding(case):
    config = config_of(case)
    session = guided(config)
    twin = Twin([session], config)
    for step in range(STEPS):
        twin.solver.step(twin.cebra_batch(step), weights_loss=twin.weights)
    model = train(session, config, name=None)
    final, ours = list(twin.solver.model.state_dict().values()), list(model.state.values())
    if case == "euclidean":  # distances do not see the last bias
        final, ours = final[:-1], ours[:-1]
    for one, other in zip(ours, final, strict=True):
        # float32 rounding of about 1e-7 a step, summed up and somewhat amplified
        torch.testing.assert_close(one, other, atol=2e-5, rtol=0)
    theirs = np.array([twin.solver.log["loss_train", n] for n in range(len(twin.weights))]).T
    np.testing.assert_allclose(model.objective_loss, theirs, atol=1e-4)
    np.testing.assert_allclose(model.loss, theirs.sum(axis=1), atol=1e-4)
    if case != "euclidean":
        assert_same_embedding(twin, model, session)


def assert_same_embedding(twin: CebraTwin, model: EncoderModel, session: TrainingData) -> None:
    """What cebra's model gives as a whole is what ours embeds, inside of borders."""
    whole = create_multiobjective_model(
        twin.solver.model.module,
        feature_ranges=twin.solver.model.feature_ranges,
        renormalize=twin.solver.model.renormalize,
        split_outputs=False,
    )
    anchors = np.arange(20)
    with torch.no_grad():
        theirs = whole(twin._cut(0, anchors)).numpy()
    ours = model.transform(session.neural, session.segment)[twin.anchors.row[anchors]]
    np.testing.assert_allclose(ours, theirs, atol=2e-4)


def test_cebras_hybrid_is_behaviour_on_the_first_dimensions_and_time_on_all():
    """That of ``cebra.CEBRA(hybrid=True)``: one norm of all, a temperature in common."""
    config = configured(
        "offset5-model",
        5,
        objectives=HYBRID,
        renormalise=False,
        loss={"learnable_temperature": True, "temperature": 0.5},
    )
    session = guided(config)
    as_law = tiny_config(
        encoder={"architecture": "offset5-model", "output_dimension": 5},
        steps=STEPS,
        batch_size=50,
        optimizer={"learning_rate": 1e-3},
        pairs=LAWS["hybrid"],
        loss=config.loss.model_dump(),
    )
    # its law draws the same pairs, and cebra's own solver makes its objectives of them
    twin = CebraTwin([tiny_data()], as_law)
    model = train(session, config, name=None)
    for step in range(STEPS):
        twin.solver.step(twin.cebra_batch(step))
    for one, other in zip(
        model.state.values(), twin.solver.model.state_dict().values(), strict=True
    ):
        torch.testing.assert_close(one, other, atol=2e-5, rtol=0)
    np.testing.assert_allclose(model.loss, twin.solver.history, atol=1e-4)
    assert model.temperature == pytest.approx(twin.solver.criterion.temperature, abs=1e-5)


def test_two_objectives_on_all_dimensions_are_the_hybrid_law():
    whole = {name: one | {"dimensions": [0, 4]} for name, one in HYBRID.items()}
    config = configured("offset5-model", 5, objectives=whole)
    hybrid = tiny_config(
        **{k: getattr(config, k).model_dump() for k in ("encoder", "optimizer")},
        steps=STEPS,
        batch_size=50,
        pairs=LAWS["hybrid"],
    )
    one, other = train(guided(config), config, name=None), train(tiny_data(), hybrid, name=None)
    np.testing.assert_allclose(one.loss, other.loss, atol=1e-4)  # sums in another order


# --- weights --------------------------------------------------------------------------------------
def test_a_weight_rises_in_a_straight_line():
    late = APART["time"] | {"weight": 2.0, "ramp_up": [0.2, 0.6]}
    config = configured("offset5-model", 5, objectives=APART | {"time": late})
    losses = torch.tensor([10.0, 1.0])
    found = [float(weighed(losses, config, step)) for step in (0, 20, 40, 60, STEPS)]
    assert found == [10, 10, 11, 12, 12]


def test_an_objective_that_has_not_risen_moves_no_weight_of_its_part():
    late = APART["time"] | {"ramp_up": [0.99, 0.99]}
    config = configured("offset5-model", 5, objectives=APART | {"time": late})
    data = guided(config)
    last = [*build_networks([data], config)[0].parameters()][-1].detach()
    moved = ([*train(data, config, name=None).state.values()][-1] - last).abs()
    assert moved[:2].max() > 0.01  # of the biases, at 1e-3 a step
    assert moved[2:].max() < 1.1e-3  # by the one step of the time part


# --- what is kept ---------------------------------------------------------------------------------
def test_the_history_has_the_bits_of_each_objective_and_their_mean(tmp_path):
    config = config_of("temperatures")
    model = train(guided(config), config, name=None)
    model.save(tmp_path / "model.pt")
    again = EncoderModel.load(tmp_path / "model.pt")
    assert again.config == config
    history = again.history()
    each = history[[f"goodness_of_fit_bits_{name}" for name in config.objectives]]
    np.testing.assert_allclose(each.mean(axis=1), history["goodness_of_fit_bits"], atol=1e-5)
    of_time = goodness_of_fit_bits(model.objective_loss[:, 1], 50)
    np.testing.assert_allclose(each.iloc[:, 1], of_time, atol=1e-6)
    data = tiny_data()
    assert np.array_equal(again.transform(data.neural), model.transform(data.neural))


def test_parts_have_unit_norm_each():
    config = config_of("a part within another")
    embedding = train(guided(config), config, name=None).transform(tiny_data().neural)
    for part in (embedding[:, :3], embedding[:, 3:]):
        np.testing.assert_allclose(np.linalg.norm(part, axis=1), 1, atol=1e-5)


def test_a_low_temperature_does_not_overflow_where_the_norm_is_above_one():
    config = config_of("a part within another", loss={"temperature": 0.02})
    # inner products up to 2, so that exponents reach 100, beyond float32
    assert np.isfinite(train(guided(config), config, name=None).objective_loss).all()


def test_a_killed_training_goes_on_with_the_same_bits(tmp_path):
    config = configured("offset5-model", 5, objectives=APART)
    data = guided(config)
    whole = train(data, config, name=None)
    process = multiprocessing.get_context("spawn").Process(
        target=train_until_killed, args=(tmp_path / "state.pt", config, data, None, 50)
    )
    process.start()
    process.join()
    resumed = train(data, config, checkpoint=Checkpoint(tmp_path / "state.pt"), name=None)
    assert np.array_equal(resumed.objective_loss, whole.objective_loss)
    assert all(torch.equal(resumed.state[key], whole.state[key]) for key in whole.state)


def test_early_stop_looks_at_what_the_objectives_weigh():
    stop = {"every_steps": 10, "patience": 3, "draws": 2}
    config = configured("offset5-model", 5, objectives=APART, early_stop=stop)
    model = train(guided(config), config, validation=guided(config, seed=1), name=None)
    assert len(model.objective_loss) == len(model.loss) <= STEPS


def test_sessions_share_the_objectives_of_their_labels():
    parts = {"near": objective(NEAR, 0, 1), "classes": objective({"law": "discrete"}, 2, 3)}
    config = configured("offset5-model", 4, objectives=parts)
    model = train([guided(config), guided(config, seed=1)], config, name=None)
    assert len(model.n_neurons) == 2
    bits = model.history().filter(like="bits_")
    assert (bits[-20:].mean() > bits[:20].mean() + 0.1).all()


def test_it_is_refused_where_cebra_has_no_place_for_it(tmp_path):
    config = configured("offset5-model", 5, objectives=APART)
    with pytest.raises(ValueError, match="has no objectives on parts"):
        export_to_cebra(train(guided(config), config, name=None), tmp_path / "model.pt")


def test_labels_of_each_objective_are_needed():
    config = configured("offset5-model", 5, objectives=APART)
    with pytest.raises(ValueError, match="guides of 2 objectives, got 0"):
        train(tiny_data(), config, name=None)


def test_references_have_their_successor_by_every_time_law():
    parts = {
        "fast": objective(TIME, 0, 1),
        "slow": objective(TIME | {"time_offset_bins": 20}, 2, 3),
    }
    config = configured("offset5-model", 4, objectives=parts)
    twin = Twin([guided(config)], config)
    pairs = twin.law.draw(0, 500, 500)
    for positive, span in zip(pairs.positives, (2, 20), strict=True):
        assert (positive - pairs.reference == span).all()
        segment = twin.anchors.segment
        assert (segment[positive] == segment[pairs.reference]).all()


def test_an_encoder_without_objectives_has_the_fingerprint_that_it_had_before(monkeypatch):
    monkeypatch.setattr(fingerprints, "_code_version", lambda: "code")
    data, config = tiny_data(), tiny_config()
    digest = hashlib.sha256()
    for array in (data.neural, data.segment, data.labels, data.classes):
        digest.update(f"{array.dtype.str}{array.shape}".encode() + array.tobytes())
    settings = config.model_dump(mode="json")
    del settings["objectives"], settings["renormalise"]
    digest.update(json.dumps(settings, separators=(",", ":")).encode() + b"code")
    assert fingerprints.fingerprint([data], config) == digest.hexdigest()


# --- what is refused ------------------------------------------------------------------------------
REFUSED = {
    "outside": ({"behaviour": objective(DELTA, 0, 5)}, "in 0 … 4"),
    "backwards": ({"behaviour": objective(DELTA, 3, 1)}, "first and the last"),
    "left over": ({"behaviour": objective(DELTA, 0, 2)}, "no objective has the dimensions 3, 4"),
    "one dimension": (
        {"behaviour": objective(DELTA, 0, 3), "time": objective(TIME, 0, 4)},
        "could only be ±1",
    ),
    "hybrid": ({"both": objective(LAWS["hybrid"], 0, 4)}, "two objectives"),
    "prior": ({"c": objective({"law": "discrete", "prior": "uniform"}, 0, 4)}, "remove prior"),
    "ramp": ({"time": objective(TIME, 0, 4, ramp_up=[0.5, 0.2])}, "ramp_up must be"),
    "learned": (
        {"time": objective(TIME, 0, 4, loss={"learnable_temperature": True})},
        "learned for all objectives or none",
    ),
    "windows": (
        {"a": objective(TIME, 0, 4), "b": objective(DELTA | {"windows": "cebra"}, 0, 4)},
        "share their windows",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_objectives_that_do_not_fit_are_refused(case):
    objectives, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        configured("offset5-model", 5, objectives=objectives)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pairs": TIME, "renormalise": True}, "renormalise is for parts"),
        ({"pairs": TIME, "objectives": APART}, "remove pairs beside them"),
        (
            {
                "objectives": {k: o | {"loss": {}} for k, o in APART.items()},
                "loss": {"temperature": 0.1},
            },
            "remove loss beside them",
        ),
        (
            {"objectives": APART, "renormalise": True, "loss": {"distance": "euclidean"}},
            "for the cosine distance",
        ),
    ],
)
def test_settings_beside_objectives_are_used_or_refused(settings, message):
    block = {"encoder": {"output_dimension": 5}, "steps": 10} | settings
    with pytest.raises(ValueError, match=message):
        TrainingConfig.model_validate(block)
