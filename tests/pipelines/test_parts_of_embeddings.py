"""Two latents, an objective for each: a part tells its own latent well and the other badly."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from small_experiments import saved, split, trained

from cebra_kedro.experiment import Experiment
from cebra_kedro.pipelines.attribution.nodes import attribute
from cebra_kedro.pipelines.decoding.nodes import decode, score
from cebra_kedro.pipelines.ingestion.fit import problems_of_labels, problems_of_rows
from cebra_kedro.pipelines.training.jobs import jobs_of
from cebra_kedro.recording import Label, Recording

NEAR = {"law": "delta_normal", "delta": 0.1}
N_BINS, N_NEURONS = 1500, 16


def part(label: str, first: int, last: int) -> dict:
    return {"labels": [label], "pairs": NEAR, "dimensions": [first, last]}


PARTS = {"objectives": {"one": part("first", 0, 2), "two": part("second", 3, 5)}}
DESCRIBED = Experiment.model_validate(
    {
        "sessions": ["ann"],
        "source": "recording",
        "split": {"by": "block"},
        "training": {
            "encoder": {
                "architecture": "offset1-model",
                "hidden_units": 32,
                "output_dimension": 6,
            },
            "optimizer": {"learning_rate": 0.005},
            "steps": 150,
            "batch_size": 128,
            "device": "cpu",
            "processes": 1,
        },
        "encoders": {"parts": PARTS, "shuffled": {"like": "parts", "shuffle_labels": True}},
        "decode": {
            "first": {"decoders": ["knn"], "scores": ["r2"]},
            "second": {"decoders": ["knn"], "scores": ["r2"]},
        },
        "decoders": {"neighbours": [9, 25]},
        "attribution": {},
    }
)


def recording() -> Recording:
    """Latents that wander on their own; neurons are tuned to both, each to one far more."""
    rng = np.random.default_rng(0)
    latents = np.cumsum(rng.normal(0, 0.15, (N_BINS, 2)), axis=0)
    latents = np.abs((latents + 1) % 4 - 2) - 1  # reflected into [-1, 1]
    weights = rng.normal(size=(2, N_NEURONS)) * 0.5
    weights[0, ::2] *= 5
    weights[1, 1::2] *= 5
    neural = np.tanh(latents @ weights + rng.normal(size=N_NEURONS))
    neural += rng.normal(0, 0.1, neural.shape)
    labels = {
        name: Label(values.astype(np.float32), "continuous")
        for name, values in zip(("first", "second"), latents.T, strict=True)
    }
    return Recording(neural.astype(np.float32), labels, 0.02, "ann")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    recordings = {"ann": recording()}
    models, embeddings = trained(recordings, DESCRIBED, folder)
    splits = split(recordings, DESCRIBED)
    pieces = decode(recordings, splits, embeddings, models, DESCRIBED, None, "two")
    predictions = saved(pieces, folder / "predictions", "arrays")
    maps = attribute(recordings, splits, models, DESCRIBED, None, "two")
    return score(models, DESCRIBED, "two", predictions), maps, predictions


@pytest.fixture
def r2(results):
    table = results[0]
    found = table[table["metric"].str.endswith("_r2") & ~table["metric"].str.startswith("chance")]
    return found.set_index(["variant", "metric"])["value"]


def test_each_part_tells_its_own_latent_and_not_the_other(r2):
    assert min(r2["parts_one", "first_r2"], r2["parts_two", "second_r2"]) > 0.8
    assert max(r2["parts_one", "second_r2"], r2["parts_two", "first_r2"]) < 0.4


def test_the_whole_tells_both(r2):
    assert min(r2["parts", "first_r2"], r2["parts", "second_r2"]) > 0.8


def test_goodness_of_fit_is_of_each_part_and_their_mean(results):
    table = results[0]
    fit = table[table["metric"] == "goodness_of_fit"].set_index("variant")["value"]
    assert set(fit.index) == {
        f"{name}{part}" for name in ("parts", "shuffled") for part in ("", "_one", "_two")
    }
    # float32 means
    assert fit["parts"] == pytest.approx((fit["parts_one"] + fit["parts_two"]) / 2, abs=1e-5)
    assert fit["parts_one"] > fit["shuffled_one"] + 0.3


def test_the_predictions_of_a_part_are_its_own(results):
    predictions = results[2]
    texts = {str(predictions[key]["scores"]) for key in predictions}
    assert len(texts) == len(predictions) == 6
    assert all(json.loads(text) for text in texts)


def test_attribution_is_of_whole_embeddings(results):
    assert {key.split("/")[1] for key in results[1].cells} == {"parts", "shuffled"}


def test_the_control_permutes_the_labels_of_all_objectives_alike():
    recordings = {"ann": recording()}
    splits = split(recordings, DESCRIBED)
    found = {}
    for encoder in ("parts", "shuffled"):
        (job,) = jobs_of(recordings, splits, DESCRIBED, encoder, ["ann"]).values()
        ((data,), _, _) = job()
        assert data.labels is None
        found[encoder] = np.concatenate([guide.labels for guide in data.guides], axis=1)
    true, permuted = found["parts"], found["shuffled"]
    assert (true != permuted).mean() > 0.9
    np.testing.assert_array_equal(
        true[np.lexsort(true.T)], permuted[np.lexsort(permuted.T)]
    )  # rows stay whole


def problems(two: dict) -> list[str]:
    """What is wrong with the recording for an encoder whose second objective is this."""
    objectives = {"one": part("first", 0, 2), "two": two | {"dimensions": [3, 5]}}
    network = {"architecture": "offset10-model", "hidden_units": 8, "output_dimension": 6}
    block = {"encoder": network, "objectives": objectives}
    described = Experiment.model_validate(DESCRIBED.model_dump() | {"encoders": {"parts": block}})
    kinds = {"ann": {name: one.kind for name, one in recording().labels.items()}}
    splits = split({"ann": recording()}, DESCRIBED)
    return [
        *problems_of_labels(described, kinds),
        *problems_of_rows(described, "ann", recording(), splits["ann"]["part"]),
    ]


@pytest.mark.parametrize(
    ("two", "message"),
    [
        ({"labels": ["third"], "pairs": NEAR}, "guided by third, but ann has first, second"),
        ({"classes": "second", "pairs": {"law": "discrete"}}, "classes names second, which is"),
        (
            {"pairs": {"law": "time", "time_offset_bins": 1045}},
            "parts have time_offset_bins 1045, but the longest stretch .* has 1050",
        ),
    ],
)
def test_what_a_recording_lacks_for_an_objective_is_said_before_training(two, message):
    assert re.search(message, "; ".join(problems(two)))
