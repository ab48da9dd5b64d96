"""What is exported embeds in the cebra library as here."""

from __future__ import annotations

import cebra
import numpy as np
import pytest
import torch
from cebra.integrations.sklearn.cebra import CEBRA_LOAD_SAFE_GLOBALS
from tiny_training import LAWS, tiny_config, tiny_data

from cebra_kedro.training.export import export_to_cebra
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


@pytest.mark.parametrize("output_dimension", [2, 5])
def test_a_hybrid_encoder_of_any_dimension_goes_to_cebra(output_dimension, file):
    model = trained(pairs=LAWS["hybrid"], encoder={"output_dimension": output_dimension})
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
