"""Encoders adapted to new sessions: what they are trained on, and decoders of old ones on them."""

import numpy as np
import pytest
from small_experiments import POSITION, computed, experiment, rat, saved, split

from cebra_kedro.cells import Cell
from cebra_kedro.pipeline_registry import stages_of
from cebra_kedro.pipelines.decoding.nodes import across, decode
from cebra_kedro.pipelines.features import Features
from cebra_kedro.pipelines.reporting.nodes import one_table
from cebra_kedro.pipelines.training.jobs import jobs_of, starts_of, unit_of
from cebra_kedro.pipelines.training.nodes import embed, join_stores, train_encoder
from cebra_kedro.recording import Label, Recording
from cebra_kedro.run.slurm import phases_of
from cebra_kedro.splits import UNUSED, rows

SESSIONS = ("ann", "ben", "cat")
JOINT = POSITION | {"sessions": {"joint": ["ann", "ben"]}}
NEW = {"sessions": ["cat"], "steps": 2}
ENCODERS = {
    "joint": JOINT,
    "adapted": {"adapt": "joint"} | NEW,
    "few": {"adapt": {"encoder": "joint", "session": "ben"}, "trials": 4} | NEW,
    "single": POSITION | {"sessions": ["ann"]},
    "alone": {"adapt": {"encoder": "single", "together": False}} | NEW,
    "scratch": POSITION | {"sessions": ["cat"], "trials": 4},
}
ACROSS = {"align": ["position"], "bins": 20}


def described(**blocks):
    return experiment(**{"sessions": SESSIONS, "encoders": ENCODERS, "across": ACROSS} | blocks)


@pytest.fixture(scope="module")
def recordings():
    return {name: rat(name, 3 + n, 1000 * n, 30 + n) for n, name in enumerate(SESSIONS)}


@pytest.fixture(scope="module")
def splits(recordings):
    return split(recordings, described())


def jobs(recordings, splits, encoder, chosen=None):
    return jobs_of(recordings, splits, chosen or described(), encoder, SESSIONS)


def trials_of(recording, part, count=None):
    """The first training trials, by a way of its own."""
    seen = [t for t in dict.fromkeys(recording.trial) if (part[recording.trial == t] == 0).all()]
    return seen[:count]


def test_it_is_trained_on_the_training_rows_of_old_sessions_and_the_new_one(recordings, splits):
    found = jobs(recordings, splits, "adapted")
    assert list(found) == [f"cat/fold{fold}_seed{seed}" for fold in range(3) for seed in (0, 10)]
    for key, job in found.items():
        data, config, _ = job()
        fold = int(key[len("cat/fold")])
        for session, one in zip(SESSIONS, data, strict=True):
            train = rows(splits[session]["part"][fold], "train")
            np.testing.assert_array_equal(one.neural, recordings[session].neural[train])
        assert config.steps == 2


def test_alone_it_sees_the_new_session_only(recordings, splits):
    for job in jobs(recordings, splits, "alone").values():
        data, _, _ = job()
        assert [one.neural.shape[1] for one in data] == [recordings["cat"].n_neurons]


@pytest.mark.parametrize("encoder", ["few", "scratch"])
def test_of_the_new_session_it_sees_the_first_trials_only(recordings, splits, encoder):
    for key, job in jobs(recordings, splits, encoder).items():
        *old, new = job()[0]
        cat, part = recordings["cat"], splits["cat"]["part"][int(key[len("cat/fold")])]
        train = np.isin(cat.trial, trials_of(cat, part, 4))
        np.testing.assert_array_equal(new.neural, cat.neural[train])
        assert len(old) == (2 if encoder == "few" else 0)
        for session, one in zip(SESSIONS, old, strict=False):
            whole = rows(splits[session]["part"][int(key[len("cat/fold")])], "train")
            assert len(one.neural) == len(whole)


def test_it_starts_from_the_same_fold_and_seed(recordings, splits, tmp_path):
    keys = [f"joint/fold{fold}_seed{seed}" for fold in range(3) for seed in (0, 10)]
    models = saved({key: Cell(lambda _: {}, f"of {key}") for key in keys}, tmp_path, "arrays")
    own = [key.replace("joint", "cat") for key in keys]
    for encoder, number in {"adapted": 0, "few": 1}.items():
        starts = starts_of(described(), encoder, own, models)
        assert [start.fingerprint for start in starts.values()] == [f"of {key}" for key in keys]
        assert {start.network for start in starts.values()} == {number}
    assert starts_of(described(), "scratch", own, None) == {}


def test_it_is_adapted_anew_when_what_it_starts_from_has_changed(recordings, splits, tmp_path):
    def fingerprints(digest):
        keys = [f"single/ann/fold{fold}_seed{seed}" for fold in range(3) for seed in (0, 10)]
        cells = {key.removeprefix("single/"): Cell(lambda _: {}, digest + key) for key in keys}
        models = saved(cells, tmp_path / digest, "arrays")
        pieces = train_encoder(
            recordings, splits, described(), None, name="rats", encoder="alone", adapted=models
        )
        return [cell.fingerprint for cell in pieces.cells.values()]

    assert fingerprints("a") == fingerprints("a")
    assert not set(fingerprints("a")) & set(fingerprints("b"))


def test_a_run_that_leaves_out_old_sessions_leaves_it_as_it_is(recordings, splits):
    names = {"name": "rats", "encoder": "adapted"}
    for only in ("cat", "ann,cat"):
        pieces = train_encoder(recordings, splits, described(), only, **names, adapted={})
        assert pieces.cells == {}
        assert embed({}, recordings, described(), only, **names).cells == {}


def test_its_node_waits_for_the_other_encoder_and_no_other_does():
    def waits(chosen):
        nodes = {node.name: node for node in stages_of("rats", chosen)["training"].nodes}
        return {
            name.split(".")[2]: [one for one in node.inputs if one.endswith(".models")]
            for name, node in nodes.items()
            if name.endswith(".train")
        }

    assert waits(described()) == {
        "joint": [],
        "adapted": ["rats.joint.models"],
        "few": ["rats.joint.models"],
        "single": [],
        "alone": ["rats.single.models"],
        "scratch": [],
    }


def test_as_jobs_it_is_an_array_after_the_index_of_the_other():
    stages = stages_of("rats", described())
    phases = [one for one in phases_of(stages["ingestion"] + stages["training"]) if one.nodes]
    old, new = "training.rats.joint.train", "training.rats.adapted.train"
    arrays = [number for number, one in enumerate(phases) if one.is_array]
    first, second = (next(n for n in arrays if node in phases[n].nodes) for node in (old, new))
    assert first < second
    assert any(old in one.nodes and not one.is_array for one in phases[first + 1 : second])


def test_decoders_see_the_trials_that_the_encoder_saw(recordings, splits):
    features = Features(recordings, splits, {}, {}, described())
    by_name = {one.name: one for one in features.experiment.readouts}
    cat = recordings["cat"]
    for fold, whole in enumerate(splits["cat"]["part"]):
        part = features.part(by_name["few"], "cat", fold)
        left_out = np.isin(cat.trial, trials_of(cat, whole)[4:])
        np.testing.assert_array_equal(part == UNUSED, left_out)
        np.testing.assert_array_equal(part[~left_out], whole[~left_out])
        np.testing.assert_array_equal(features.part(by_name["adapted"], "cat", fold), whole)
        np.testing.assert_array_equal(
            features.part(by_name["few"], "ann", fold), splits["ann"]["part"][fold]
        )


def test_more_trials_than_there_are_stop_a_run_before_training(recordings):
    scratch = ENCODERS["scratch"] | {"trials": 400}
    with pytest.raises(ValueError, match=r"scratch.trials is 400, but cat has \d+ training trials"):
        split(recordings, described(encoders={"scratch": scratch}))
    name, one = "cat", recordings["cat"]
    alone = Recording(one.neural, one.labels, one.bin_width_s, name)
    chosen = described(encoders={"scratch": ENCODERS["scratch"]}, split={"by": "block"})
    with pytest.raises(ValueError, match="trials is 4, but cat has 0 training trials"):
        split(recordings | {name: alone}, chosen)


# --- a latent that is known ----------------------------------------------------------------------
def animal(name):
    """It runs from 0 to 1 m in each trial, at a pace of its own."""
    rng = np.random.default_rng(list(map(ord, name)))
    pace = np.sort(rng.uniform(0, 1, (16, 100)), axis=1).ravel()
    position = Label(pace.astype(np.float32), "continuous", "m")
    trial = np.repeat(np.arange(16), 100)
    neural = (np.arange(2 * len(pace)).reshape(-1, 2) % 3 == 0).astype(np.uint8)
    return Recording(neural, {"position": position}, 0.025, name, trial)


def latent(recording, turned):
    """A curve on the sphere, in its place or turned about."""
    angle = 2.5 * recording.labels["position"].values
    points = np.stack([np.cos(angle), np.sin(angle), 0.3 * np.cos(2 * angle)], axis=1)
    return {"embedding": (points @ np.diag([-1.0, 1, -1]) if turned else points).astype("f4")}


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    animals = {name: animal(name) for name in SESSIONS}
    folder, stores, chosen = tmp_path_factory.mktemp("known"), {}, described()
    for encoder in ENCODERS:
        cells = {}
        for name in chosen.sessions_of(encoder):
            value = latent(animals[name], turned=encoder == "alone")
            for fold in range(3):
                key = f"{name}/fold{fold}_seed0"
                cells[key] = Cell(lambda _, value=value: value, f"{encoder} {key}")
        stores[encoder] = saved(cells, folder / encoder, "arrays")
    parts = split(animals, chosen)
    pieces = across(animals, parts, join_stores(**stores), None, chosen, None, "rats")
    return one_table(saved(pieces, folder / "across", "tables"))


def test_decoders_of_old_sessions_are_carried_to_the_new_one(table):
    def pairs(variant):
        of = table[table["variant"] == variant]
        return set(zip(of["source"], of["target"], of["through"], strict=True))

    own = ("cat", "cat", "within")
    assert pairs("adapted") == {("ann", "cat", "joint"), ("ben", "cat", "joint"), own}
    assert pairs("few") == pairs("adapted")
    assert pairs("alone") == {("ann", "cat", "aligned"), own}
    assert pairs("scratch") == {own}


def test_a_known_latent_is_read_from_the_new_session(table):
    of = table[table["source"] != table["target"]].groupby(["metric", "variant"])["value"].mean()
    error = of["position_error_median"]
    for variant in ("adapted", "few", "alone"):
        assert error[variant] < 0.02  # m, of a track of 1 m; alone, after it is turned back


# --- through the nodes ---------------------------------------------------------------------------
def test_models_and_scores_of_a_whole_experiment(recordings, splits, tmp_path):
    chosen = described(encoders={name: ENCODERS[name] for name in ("joint", "few")})
    models, embeddings = {}, {}
    for encoder in chosen.encoders:
        names = {"name": "rats", "encoder": encoder}
        old = {"adapted": models["joint"]} if encoder == "few" else {}
        pieces = train_encoder(recordings, splits, chosen, None, **names, **old)
        models[encoder] = saved(pieces, tmp_path / "models" / encoder, "models")
        pieces = embed(models[encoder], recordings, chosen, None, **names)
        embeddings[encoder] = saved(pieces, tmp_path / "embeddings" / encoder, "arrays")
    few, old = models["few"]["cat/fold1_seed10"], models["joint"]["joint/fold1_seed10"]
    assert few.n_neurons == tuple(recordings[name].n_neurons for name in SESSIONS)
    assert unit_of(chosen, "few", "cat").members[-1] == ("cat", "")
    cat = recordings["cat"]
    np.testing.assert_array_equal(
        embeddings["few"]["cat/fold1_seed10"]["embedding"],
        few.transform(cat.neural, cat.segment(), 2),
    )
    for name, value in old.state.items():
        np.testing.assert_array_equal(few.state[name], value)
    data = (recordings, splits, join_stores(**embeddings), join_stores(**models), chosen)
    scored = computed(decode(*data, None, name="rats"))
    assert {key for key in scored if "few" in key} == {
        f"cat/few/fold{fold}_seed{seed}" for fold in range(3) for seed in (0, 10)
    }
    carried = computed(across(*data, None, name="rats"))
    assert "ann_to_cat/few/fold0_seed0" in carried and "cat_to_ann/few/fold0_seed0" not in carried
