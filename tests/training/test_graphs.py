"""Steps recorded once and played again: the same training, or as ever where that cannot be."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny_training import LAWS, tiny_config, tiny_counts, tiny_data

from cebra_kedro.training import graphs, loop
from cebra_kedro.training.loop import train

ATOL = 1e-5  # float32 sums in another order, for losses of about 3


class Replayer:
    """Plays a recording by computing it again, where there is no GPU."""

    def __init__(self):
        self.warm_ups = self.recordings = self.plays = 0

    def warm_up(self, function):
        self.warm_ups += 1
        return function()

    def record(self, function):
        self.recordings += 1

        def play():
            self.plays += 1
            return function()

        return play


@pytest.fixture
def recorder(monkeypatch):
    """In place of CUDA, on a CPU."""
    replayer = Replayer()
    monkeypatch.setattr(graphs, "CudaRecorder", lambda: replayer)
    monkeypatch.setattr(loop, "can_be_recorded", lambda *_: True)
    return replayer


def fit(data=None, **changes):
    return train(tiny_data() if data is None else data, tiny_config(**changes), name=None)


@pytest.mark.parametrize(
    "changes",
    [
        {"pairs": LAWS["time"]},
        {"pairs": LAWS["hybrid"], "loss": {"learnable_temperature": True}},
        {"pairs": LAWS["time_delta"]},
        {"pairs": LAWS["mixed"]},
        {"pairs": LAWS["discrete"], "negatives": 9, "optimizer": {"clip_norm": 0.1}},
        {"batch_size": 2},
        {"loss": {"distance": "euclidean"}, "encoder": {"architecture": "offset10-model-mse"}},
        {"precision": "bfloat16"},
        {"schedule": {"name": "one_cycle"}, "optimizer": {"name": "adamw"}},
    ],
    ids=[
        "time",
        "hybrid",
        "time_delta",
        "mixed",
        "discrete",
        "few",
        "euclidean",
        "bfloat16",
        "one cycle",
    ],
)
def test_batches_of_one_size_train_the_same_encoder(recorder, changes):
    as_ever, recorded = fit(**changes), fit(**changes, cuda_graphs=True)
    assert (recorder.warm_ups, recorder.recordings, recorder.plays) == (3, 1, 9)
    low = changes.get("precision") == "bfloat16"
    # in bfloat16, 8 bits of losses of about 3
    np.testing.assert_allclose(recorded.loss, as_ever.loss, atol=0.03 if low else ATOL)
    np.testing.assert_array_equal(recorded.learning_rate, as_ever.learning_rate)


def test_so_do_several_sessions(recorder):
    sessions = [tiny_data(seed=0), tiny_data(n_time=40, n_neurons=4, seed=1)]
    changes = {"pairs": LAWS["delta_normal"]}
    as_ever, recorded = fit(sessions, **changes), fit(sessions, **changes, cuda_graphs=True)
    assert recorder.plays == 9
    np.testing.assert_allclose(recorded.loss, as_ever.loss, atol=ATOL)


def test_a_batch_comes_back_from_its_two_arrays_with_other_batches_sizes():
    config = tiny_config(batch_size=4, negatives=3)
    size = graphs.FixedSize([9, 5], config)
    batch = graphs.Batch(
        rows=(torch.tensor([3, 8]), torch.tensor([1])),
        reference=torch.tensor([0, 0, 1, 2, 2, 1, 0, 0]),
        positives=(torch.tensor([2, 1, 0, 0, 1, 2, 2, 2]),),
        query=torch.tensor([0, 1, 2]),
        query_weight=torch.tensor([0.5, 0.25, 0.25]),
        key=torch.tensor([2]),
        key_weight=torch.tensor([6.0]),
    )
    filled = size.fill(batch)
    assert [len(rows) for rows in filled.rows] == [9, 5]
    index, weight = size.pack(filled, [10 * rows for rows in filled.rows])
    found, looked_up = size.unpack(index, weight)
    assert [rows.tolist() for rows in looked_up] == [[30] + [80] * 8, [10] * 5]
    everything = torch.cat(looked_up)
    # rows 3 and 8 of the first session and 1 of the second, wherever they now stand
    drawn = torch.tensor([30, 80, 10])
    for name in ("reference", "query", "key"):
        before = drawn[getattr(batch, name)].tolist()
        assert everything[getattr(found, name)].tolist()[: len(before)] == before
    assert everything[found.positives[0]].tolist() == drawn[batch.positives[0]].tolist()
    assert found.query_weight.tolist() == [0.5, 0.25, 0.25, 0, 0, 0, 0, 0]
    assert found.key_weight.tolist() == [6, 0, 0, 0, 0, 0]


def test_what_cannot_be_recorded_goes_on_as_ever(recorder, monkeypatch, caplog):
    def refuse(_):
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(recorder, "record", refuse)
    recorded = fit(cuda_graphs=True)
    assert recorder.warm_ups == 12
    assert "not permitted when stream is capturing" in caplog.text
    np.testing.assert_allclose(recorded.loss, fit().loss, atol=ATOL)


def test_where_steps_cannot_be_recorded_the_log_says_why_once(caplog):
    graphs._say_once.cache_clear()
    plain, asked = fit(), fit(cuda_graphs=True)
    fit(cuda_graphs=True, seed=1)
    np.testing.assert_array_equal(asked.loss, plain.loss)
    assert caplog.text.count("cuda_graphs has no effect: the device is cpu") == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"encoder": {"architecture": "offset36-model-dropout"}}, "dropout draws"),
        ({"jacobian_regularisation": {"weight": 0.1}}, "jacobian_regularisation draws"),
    ],
    ids=["none", "dropout", "jacobian"],
)
def test_obstacles(changes, reason, caplog):
    graphs._say_once.cache_clear()
    data, config, cuda = tiny_counts(), tiny_config(**changes), torch.device("cuda")
    networks = loop.build_networks([data], config)
    assert graphs.can_be_recorded(networks, [data], config, cuda) == (reason is None)
    assert caplog.text == "" if reason is None else f"no effect: {reason}" in caplog.text


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_graph_trains_as_its_kernels_one_by_one(precision, caplog):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    changes = {"device": "cuda", "pairs": LAWS["hybrid"], "precision": precision, "steps": 30}
    as_ever, recorded = fit(**changes), fit(**changes, cuda_graphs=True)
    assert "CUDA graph" not in caplog.text
    atol = 1e-3 if precision == "float32" else 0.05
    np.testing.assert_allclose(recorded.loss, as_ever.loss, atol=atol)
