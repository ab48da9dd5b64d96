"""What the cebra library trained embeds here as there; files are read, never executed."""

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


def exported(file, **changes):
    """A model of ours in cebra's format."""
    model = train(tiny_data(n_trials=1), tiny_config(**changes), name=None)
    export_to_cebra(model, file)
    return model


@pytest.fixture
def file(tmp_path):
    return tmp_path / "cebra.pt"


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


@pytest.mark.parametrize("law", LAWS)
def test_a_round_trip_keeps_what_cebra_has_a_word_for(law, file):
    model = exported(
        file,
        pairs=LAWS[law] | {"windows": "cebra"},
        loss={"learnable_temperature": True, "temperature": 0.5, "min_temperature": 0.2},
        optimizer={"betas": (0.8, 0.9), "weight_decay": 0.01},
    )
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


class Attack:
    """Reports when it is unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("code in the file was executed",))


def damaged(file, change) -> None:
    """Write a cebra file whose content was changed."""
    exported(file)
    with torch.serialization.safe_globals(CEBRA_LOAD_SAFE_GLOBALS):
        content = torch.load(file, weights_only=True)
    change(content)
    torch.save(content, file)


def test_code_in_a_file_is_not_executed(file):
    damaged(file, lambda content: content["metadata"].update(attack=Attack()))
    with pytest.raises(
        ValueError, match=r"executing code in it: it asks for _pytest\.outcomes\.\w*[Ff]ail"
    ):
        import_from_cebra(file)
    file.write_bytes(pickle.dumps(Attack()))
    with pytest.raises(ValueError, match="cannot be read as a file of cebra"):
        import_from_cebra(file)


PICKLED = ("time", "labels", "classes", "both", "hybrid", "learned temperature")


@pytest.mark.parametrize("case", PICKLED)
def test_an_estimator_pickled_as_a_whole_is_read_as_the_dict_of_it(case, file):
    arguments, labels, _ = FITTED[case]
    # cebra 0.6 cannot pickle networks of longer windows
    original = fitted(arguments | {"model_architecture": "offset1-model"}, labels)
    original.save(file)
    expected = import_from_cebra(file)
    with pytest.warns(DeprecationWarning, match="backend='torch' is deprecated"):
        original.save(file, backend="torch")
    model = import_from_cebra(file)
    np.testing.assert_allclose(model.transform(NEURAL), original.transform(NEURAL), atol=ATOL)
    assert (model.config, model.n_neurons) == (expected.config, expected.n_neurons)
    assert model.temperature == expected.temperature
    np.testing.assert_array_equal(model.loss, expected.loss)


def test_pickled_sessions_keep_their_order(file):
    neural = [tiny_data().neural, tiny_data(n_neurons=4).neural]
    settings = {"model_architecture": "offset1-model", "batch_size": 32, "max_iterations": 3}
    original = cebra.CEBRA(**settings, device="cpu").fit(neural, [PHASE, PHASE])
    torch.save(original, file)
    model = import_from_cebra(file)
    assert model.n_neurons == (6, 4)
    for session, one in enumerate(neural):
        expected = original.transform(one, session_id=session)
        np.testing.assert_allclose(model.transform(one, session=session), expected, atol=ATOL)


def test_code_in_a_pickled_estimator_is_not_executed(file):
    original = fitted({"model_architecture": "offset1-model"}, ())
    original.attack = Attack()
    torch.save(original, file)
    with pytest.raises(ValueError, match="cannot be read without executing code in it"):
        import_from_cebra(file)


@pytest.mark.parametrize("other", [torch.nn.Linear(2, 2), cebra.CEBRA(), torch.optim.Adam])
def test_another_pickled_object_is_refused(file, other):
    torch.save(other, file)
    with pytest.raises(ValueError, match=r"not a cebra model|not fitted"):
        import_from_cebra(file)


def test_labels_of_any_type_and_numbers_of_numpy_are_read(file):
    """Neither is among what cebra 0.6 itself reads safely."""
    original = fitted({"max_iterations": np.int64(3), "learning_rate": np.float64(1e-3)}, ())
    original.label_types_ = [(np.dtype(code), (200,)) for code in ("uint8", "int16", "float16")]
    original.save(file)
    config = import_from_cebra(file).config
    assert (config.steps, config.optimizer.learning_rate) == (3, 1e-3)


@pytest.mark.parametrize("length", [0, 100, -1])
def test_a_damaged_file_says_so(length, file):
    exported(file)
    file.write_bytes(file.read_bytes()[:length])
    with pytest.raises(ValueError, match=r"cebra\.pt cannot be read .*it is damaged"):
        import_from_cebra(file)


def test_a_missing_file_is_reported_as_missing(file):
    with pytest.raises(FileNotFoundError, match=r"cebra\.pt"):
        import_from_cebra(file)


def test_another_file_and_an_unfitted_model_are_refused(file):
    exported(file).save(file)
    with pytest.raises(ValueError, match="a torch file but not a cebra model"):
        import_from_cebra(file)
    damaged(file, lambda content: content["state"].pop("n_features_"))
    with pytest.raises(ValueError, match="not fitted; call fit, then save"):
        import_from_cebra(file)


def test_an_architecture_that_is_not_registered_is_refused(file):
    damaged(file, lambda content: content["args"].update(model_architecture="offset5-modle"))
    with pytest.raises(ValueError, match=r"got 'offset5-modle'; did you mean .*offset5-model"):
        import_from_cebra(file)
