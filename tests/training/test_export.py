"""Encoders go to the cebra library and come back, with the same embedding."""

from __future__ import annotations

import hashlib
import pickle

import cebra
import numpy as np
import pytest
import torch
from cebra.integrations.sklearn.cebra import CEBRA_LOAD_SAFE_GLOBALS
from tiny_training import LAWS, tiny_config, tiny_data

from cebra_kedro.training.export import export_to_cebra, import_from_cebra
from cebra_kedro.training.loop import train

ATOL = 1e-5  # float32 sums in another order, for embeddings of size 1
NEURAL = tiny_data(seed=3).neural


def trained(*data, **changes):
    return train(data or tiny_data(n_trials=1), tiny_config(**changes), name=None)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "cebra.pt"


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize(
    "architecture", ["offset1-model", "offset5-model", "offset36-model-dropout"]
)
def test_cebra_embeds_as_we_do(law, architecture, file):
    model = trained(pairs=LAWS[law], encoder={"architecture": architecture})
    export_to_cebra(model, file)
    loaded = cebra.CEBRA.load(file)
    np.testing.assert_allclose(loaded.transform(NEURAL), model.transform(NEURAL), atol=ATOL)


@pytest.mark.parametrize("law", ["time_delta", "discrete"])
def test_cebra_embeds_each_session_as_we_do(law, file):
    data = [tiny_data(seed=0), tiny_data(seed=1, n_neurons=4), tiny_data(seed=2, n_neurons=9)]
    model = trained(*data, pairs=LAWS[law])
    export_to_cebra(model, file)
    loaded = cebra.CEBRA.load(file)
    assert loaded.num_sessions == 3
    for session, recording in enumerate(data):
        np.testing.assert_allclose(
            loaded.transform(recording.neural, session_id=session),
            model.transform(recording.neural, session=session),
            atol=ATOL,
        )


def test_a_resampling_network_gives_every_fourth_row(file):
    model = trained(encoder={"architecture": "offset20-model-4x-subsample"})
    export_to_cebra(model, file)
    theirs = cebra.CEBRA.load(file).transform(NEURAL)
    assert len(theirs) == -(-len(NEURAL) // 4)
    np.testing.assert_allclose(theirs, model.transform(NEURAL)[::4], atol=ATOL)


def test_the_file_opens_under_the_rule_that_executes_nothing(file):
    export_to_cebra(trained(pairs=LAWS["mixed"]), file)
    with torch.serialization.safe_globals(CEBRA_LOAD_SAFE_GLOBALS):
        content = torch.load(file, weights_only=True)
    assert set(content) == {"args", "state", "state_dict", "metadata"}


@pytest.mark.parametrize(
    ("law", "expected"),
    [
        ("time", {"conditional": "time", "time_offsets": 2, "hybrid": False}),
        ("time_delta", {"conditional": "time_delta", "time_offsets": 2, "hybrid": False}),
        ("delta_normal", {"conditional": "delta", "delta": 0.1, "hybrid": False}),
        ("hybrid", {"conditional": "time_delta", "time_offsets": 2, "hybrid": True}),
        ("discrete", {"conditional": None, "hybrid": False}),
    ],
)
def test_cebra_finds_its_own_words_for_the_settings(law, expected, file):
    model = trained(
        pairs=LAWS[law],
        loss={"learnable_temperature": True, "temperature": 0.5, "min_temperature": 0.2},
        optimizer={"learning_rate": 2e-3, "betas": (0.8, 0.9), "weight_decay": 0.01},
        batch_size=20,
    )
    export_to_cebra(model, file)
    loaded = cebra.CEBRA.load(file)
    found = loaded.get_params()
    expected = expected | {
        "model_architecture": "offset5-model",
        "num_hidden_units": 4,
        "output_dimension": 3,
        "temperature_mode": "auto",
        "temperature": 0.5,
        "min_temperature": 0.2,
        "learning_rate": 2e-3,
        "batch_size": 20,
        "max_iterations": 12,
        "distance": "cosine",
    }
    assert {name: found[name] for name in expected} == expected
    adam = dict(found["optimizer_kwargs"])
    assert (adam["betas"], adam["weight_decay"]) == ((0.8, 0.9), 0.01)
    # exp of a log in float32
    assert loaded.solver_.criterion.temperature == pytest.approx(model.temperature, rel=1e-6)
    np.testing.assert_array_equal(loaded.solver_.history, model.loss.tolist())


def test_cebra_goes_on_working_with_the_file(file):
    data = tiny_data(n_trials=1)
    export_to_cebra(trained(pairs=LAWS["time_delta"]), file)
    loaded = cebra.CEBRA.load(file)
    labels = data.labels.astype(np.float32)
    bits = cebra.sklearn.metrics.goodness_of_fit_score(loaded, data.neural, labels, num_batches=3)
    assert np.isfinite(bits)
    assert cebra.plot_loss(loaded) is not None
    loaded.max_adapt_iterations = 2
    other = tiny_data(n_trials=1, n_neurons=8)
    assert loaded.fit(other.neural, labels, adapt=True).transform(other.neural).shape == (150, 3)


@pytest.mark.parametrize("law", [law for law in LAWS if law != "mixed"])
def test_a_round_trip_keeps_what_cebra_has_a_word_for(law, file):
    model = trained(
        pairs=LAWS[law] | {"windows": "cebra"},
        loss={"learnable_temperature": True, "temperature": 0.5, "min_temperature": 0.2},
        optimizer={"betas": (0.8, 0.9), "weight_decay": 0.01},
    )
    export_to_cebra(model, file)
    back = import_from_cebra(file)
    free = {"threads": None, "device": "auto"}
    assert back.config == model.config.model_copy(update=free)
    assert back.n_neurons == (6,)
    assert back.temperature == pytest.approx(model.temperature, rel=1e-6)
    np.testing.assert_array_equal(back.loss, model.loss)
    np.testing.assert_array_equal(back.learning_rate, model.learning_rate)
    np.testing.assert_array_equal(back.transform(NEURAL), model.transform(NEURAL))
    assert back.fingerprint == f"imported:{hashlib.sha256(file.read_bytes()).hexdigest()}"
    back.save(file)
    np.testing.assert_array_equal(type(back).load(file).transform(NEURAL), back.transform(NEURAL))


PHASE, QUADRANT = tiny_data().labels.astype(np.float32), tiny_data().classes
# arguments of cebra.CEBRA, labels, and the law they amount to
FITTED = {
    "time": ({}, (), {"law": "time", "time_offset_bins": 1}),
    "labels, but by time": (
        {"conditional": "time", "time_offsets": 3},
        (PHASE,),
        {"law": "time", "time_offset_bins": 3},
    ),
    "labels": ({"time_offsets": (3,)}, (PHASE,), {"law": "time_delta", "time_offset_bins": 3}),
    "noise": (
        {"conditional": "delta_normal", "delta": 0.2},
        (PHASE.astype(float),),
        {"law": "delta_normal", "delta": 0.2},
    ),
    "classes": ({}, (QUADRANT,), {"law": "discrete"}),
    "both": ({}, (QUADRANT, PHASE), {"law": "mixed", "time_offset_bins": 1}),
    "hybrid": ({"hybrid": True}, (PHASE,), {"law": "hybrid", "time_offset_bins": 1}),
    "euclidean": (
        {"distance": "euclidean", "model_architecture": "offset10-model-mse"},
        (PHASE,),
        {"law": "time_delta", "time_offset_bins": 1},
    ),
    "learned temperature": (
        {"temperature_mode": "auto", "temperature": 0.05, "learning_rate": 1e-2},
        (),
        {"law": "time", "time_offset_bins": 1},
    ),
}


def fitted(arguments: dict, labels: tuple) -> cebra.CEBRA:
    """A model that cebra itself trained a few steps."""
    settings = {
        "model_architecture": "offset10-model",
        "batch_size": 32,
        "max_iterations": 3,
        "num_hidden_units": 8,
        "output_dimension": 4,
        "device": "cpu",
    }
    neural = tiny_data().neural
    torch.manual_seed(0)
    return cebra.CEBRA(**(settings | arguments)).fit(neural, *labels)


@pytest.mark.parametrize("case", FITTED)
def test_what_cebra_trained_embeds_here_as_there(case, file):
    arguments, labels, pairs = FITTED[case]
    original = fitted(arguments, labels)
    original.save(file)
    model = import_from_cebra(file)
    np.testing.assert_allclose(model.transform(NEURAL), original.transform(NEURAL), atol=ATOL)
    used = model.config.pairs.model_dump(exclude_none=True)
    assert used == pairs | {"windows": "cebra"}
    assert model.temperature == pytest.approx(original.solver_.criterion.temperature, rel=1e-6)
    np.testing.assert_array_equal(model.loss, np.float32(original.solver_.history))
    assert (model.config.batch_size, model.config.steps) == (32, 3)


def test_sessions_that_cebra_trained_embed_here_as_there(file):
    data = [tiny_data(seed=0), tiny_data(seed=1, n_neurons=4)]
    original = cebra.CEBRA(
        model_architecture="offset5-model",
        batch_size=32,
        max_iterations=3,
        conditional="delta",  # which cebra ignores here
        delta=0.1,
        time_offsets=2,
        device="cpu",
    ).fit([part.neural for part in data], [part.labels.astype(np.float32) for part in data])
    original.save(file)
    model = import_from_cebra(file)
    assert model.n_neurons == (6, 4)
    assert model.config.pairs.law == "time_delta"
    for session, part in enumerate(data):
        np.testing.assert_allclose(
            model.transform(part.neural, session=session),
            original.transform(part.neural, session_id=session),
            atol=ATOL,
        )


def test_without_a_batch_size_there_is_no_loss_history(file, caplog):
    original = fitted({"batch_size": None}, ())
    original.save(file)
    model = import_from_cebra(file)
    np.testing.assert_allclose(model.transform(NEURAL), original.transform(NEURAL), atol=ATOL)
    assert len(model.history()) == 0
    assert "number of negatives unknown" in caplog.text


def test_different_session_encoders_cannot_be_exported(file):
    one = {"architecture": "offset5-model", "hidden_units": 4}
    model = trained(
        tiny_data(),
        tiny_data(seed=1),
        pairs=LAWS["discrete"],
        session_encoders=(one, one | {"hidden_units": 6}),
    )
    with pytest.raises(ValueError, match=r"same network for every session.*\(4 units\).*\(6 units"):
        export_to_cebra(model, file)
    assert not file.exists()


def test_a_network_that_cebra_cannot_run_is_not_exported(file):
    model = trained(encoder={"architecture": "offset4-model-2x-subsample"})
    with pytest.raises(ValueError, match="cannot run offset4-model-2x-subsample"):
        export_to_cebra(model, file)
    assert not file.exists()


def test_a_failed_export_leaves_the_older_file(file, monkeypatch):
    file.write_bytes(b"older")

    def half(content, name):
        name.write_bytes(b"half of ")
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(OSError, match="disk full"):
        export_to_cebra(trained(), file)
    assert file.read_bytes() == b"older"
    assert list(file.parent.iterdir()) == [file]


class Attack:
    """Reports when it is unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("code in the file was executed",))


def damaged(file, change) -> None:
    """Write a cebra file whose content was changed."""
    export_to_cebra(trained(), file)
    with torch.serialization.safe_globals(CEBRA_LOAD_SAFE_GLOBALS):
        content = torch.load(file, weights_only=True)
    change(content)
    torch.save(content, file)


def test_code_in_a_file_is_not_executed(file):
    damaged(file, lambda content: content["metadata"].update(attack=Attack()))
    with pytest.raises(ValueError, match="cannot be read without executing code in it"):
        import_from_cebra(file)
    file.write_bytes(pickle.dumps(Attack()))
    with pytest.raises(ValueError, match="cannot be read without executing code in it"):
        import_from_cebra(file)


def test_a_model_pickled_as_a_whole_is_not_opened(file):
    with pytest.warns(DeprecationWarning, match="backend='torch' is deprecated"):
        fitted({"model_architecture": "offset1-model"}, ()).save(file, backend="torch")
    with pytest.raises(ValueError, match=r"save it again with cebra's default backend"):
        import_from_cebra(file)


@pytest.mark.parametrize("length", [0, 100, -1])
def test_a_damaged_file_says_so(length, file):
    export_to_cebra(trained(), file)
    file.write_bytes(file.read_bytes()[:length])
    with pytest.raises(ValueError, match=r"cebra\.pt cannot be read .*or is damaged"):
        import_from_cebra(file)


def test_a_missing_file_is_reported_as_missing(file):
    with pytest.raises(FileNotFoundError, match=r"cebra\.pt"):
        import_from_cebra(file)


def test_another_file_and_an_unfitted_model_are_refused(file):
    trained().save(file)
    with pytest.raises(ValueError, match="a torch file but not a cebra model"):
        import_from_cebra(file)
    damaged(file, lambda content: content["state"].pop("n_features_"))
    with pytest.raises(ValueError, match="not fitted; call fit, then save"):
        import_from_cebra(file)


def test_an_architecture_that_is_not_registered_is_refused(file):
    damaged(file, lambda content: content["args"].update(model_architecture="offset5-modle"))
    with pytest.raises(ValueError, match=r"got 'offset5-modle'; did you mean .*offset5-model"):
        import_from_cebra(file)
