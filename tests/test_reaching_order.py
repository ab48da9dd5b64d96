"""Each kind of encoder decodes best what it was guided by: simulated reaching, base settings."""

import numpy as np
import pytest

from cebra_kedro.decoding import ReachingSamples, decode_reaching
from cebra_kedro.io import SimulatedDataset
from cebra_kedro.parameters import TrainingParameters, VariantParameters
from cebra_kedro.pipelines.ingestion.monkey_reaching import split_as_published
from cebra_kedro.pipelines.training.nodes import embed, train_encoders
from cebra_kedro.sources.monkey_reaching import to_recording
from cebra_kedro.splits import PART_NAMES
from cebra_kedro.training.store import ModelStore
from kedro_project import base_parameters

SEEDS = {"position": 3, "target": 3, "time": 3, "shuffled_position": 1, "shuffled_target": 1}
CATALOG = {
    "generator": "cebra_kedro.simulate.monkey_reaching.simulate_session",
    "seed": 5,
    "active_trials": [88, 48],
    "passive_trials": [8, 2],
    "trial_len": 50,
}


@pytest.fixture(scope="module")
def recording():
    """Active trials as in the base environment."""
    arguments = {"session": "active", **CATALOG}
    generator = arguments.pop("generator")
    parts = {
        part: SimulatedDataset(generator=generator, arguments=arguments | {"part": part}).load()
        for part in PART_NAMES
    }
    return to_recording(parts, session="active", bin_width_s=0.012, simulated=True)


@pytest.fixture(scope="module")
def scores(recording, tmp_path_factory):
    """Variant → metric → mean over seeds, on test trials, by nearest neighbours."""
    parameters = base_parameters()["monkey_reaching"]
    splits = split_as_published(recording)
    options = {"neighbours": parameters["decoding"]["neighbours"], "ridge_alphas": (1.0,)}
    found = {}
    for name, n_seeds in SEEDS.items():
        shared = TrainingParameters(
            **parameters["training"] | {"seeds": list(range(n_seeds)), "processes": 1}
        )
        models = train_encoders(
            recording,
            splits,
            ModelStore.open(tmp_path_factory.mktemp(name)),
            shared,
            VariantParameters(**parameters["variants"][name]),
            folder=name,
        )
        results = [
            decode_reaching(
                ReachingSamples(*(entry[k] for k in ("embedding", "position", "target", "part"))),
                decoders=("knn",),
                **options,
            )["knn"].scores
            for entry in embed(recording, splits, models).values()
        ]
        found[name] = {key: np.mean([one[key] for one in results]) for key in results[0]}
    return found


# Means of 3 seeds; the sd of a seed is about 0.05 in R² and 1 % in direction, but a time encoder
# now and then ends in a poor optimum (33 % instead of 75 %). Margins are about half of what is
# found: R² 0.61 position, 0.47 target, 0.33 time; direction 75 % target, 69 % position, 60 % time.
def test_position_encoders_decode_position_best(scores):
    r2 = {name: score["position_r2"] for name, score in scores.items()}
    assert r2["position"] > max(r2["target"], r2["time"]) + 0.07
    assert r2["position"] > 0.45


def test_target_encoders_decode_direction_best(scores):
    direction = {name: score["direction_accuracy"] for name, score in scores.items()}
    assert direction["target"] > max(direction["position"], direction["time"]) + 2
    assert direction["target"] > 65


@pytest.mark.parametrize(
    ("metric", "guided", "margin"),
    [("position_r2", "position", 0.1), ("direction_accuracy", "target", 15.0)],
)
def test_time_encoders_lie_between_those_and_the_controls(scores, metric, guided, margin):
    time = scores["time"][metric]
    assert scores[f"shuffled_{guided}"][metric] + margin < time < scores[guided][metric]


@pytest.mark.parametrize("name", ["shuffled_position", "shuffled_target"])
def test_controls_are_near_chance(scores, name):
    score = scores[name]
    # what any network, trained or not, passes on of its input: at most a quarter of the way from
    # chance to the guided encoders
    for metric, best in (("position_r2", "position"), ("direction_accuracy", "target")):
        chance = score[f"chance_{metric}"]
        assert score[metric] - chance < 0.35 * (scores[best][metric] - chance)


def test_the_case_is_that_of_the_base_environment():
    from kedro.config import OmegaConfigLoader

    from cebra_kedro.settings import CONFIG_LOADER_ARGS
    from kedro_project import PROJECT

    loader = OmegaConfigLoader(str(PROJECT / "conf"), env="base", **CONFIG_LOADER_ARGS)
    arguments = loader["catalog"]["monkey_reaching.active.raw_train"]["arguments"]
    same = ("seed", "active_trials", "trial_len")
    assert {key: arguments[key] for key in same} == {key: CATALOG[key] for key in same}
