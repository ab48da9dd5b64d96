"""No encoder and no baseline is fitted on rows that it will be tested on."""

import dataclasses
import pickle
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from small_experiments import (
    CICERO_BEGINS,
    DELTA,
    FOUR_BINS,
    POSITION,
    TIME,
    TRAINING,
    area,
    computed,
    experiment,
    movie,
    rats,
    saved,
    split,
    trained,
    with_labels,
)

from cebra_kedro.experiment import recording_key
from cebra_kedro.pipelines import fold_and_seed
from cebra_kedro.pipelines.training import nodes
from cebra_kedro.pipelines.training.jobs import first_neurons, jobs_of, unit_of
from cebra_kedro.pipelines.training.nodes import (
    embed,
    embed_baseline,
    join_stores,
    train_encoder,
)
from cebra_kedro.recording import Label, Recording
from cebra_kedro.splits import rows
from cebra_kedro.training.fingerprint import fingerprint

SHUFFLED = POSITION | {"shuffle_labels": True}
UNGUIDED = {"pairs": TIME}
TRANSDUCTIVE = {"pairs": TIME, "fit_on": "all"}


def described(**encoders):
    return experiment(encoders=encoders)


@pytest.fixture
def jobs(monkeypatch):
    """What a node would train: key → the data of each network, and the configuration."""

    def of(recordings, splits, chosen, encoder, only=None):
        found = {}
        with monkeypatch.context() as patch:
            patch.setattr(nodes, "training_cells", lambda jobs, **_: found.update(jobs) or {})
            train_encoder(recordings, splits, chosen, only, name="rats", encoder=encoder)
        made = {key: job() for key, job in found.items()}
        assert not any(validation for *_, validation in made.values())  # nothing stops early
        return {key: (data, config) for key, (data, config, _) in made.items()}

    return of


@pytest.fixture
def buddys_jobs(jobs, recordings, splits):
    """The data of encoders of rat buddy, which have one network each."""

    def of(block):
        found = jobs(recordings, splits, described(encoder=block), "encoder", "buddy")
        assert all(len(data) == 1 for data, _ in found.values())
        return {key: data for key, ([data], _) in found.items()}

    return of


def rows_of(data):
    return data.neural[:, 0].astype(int)


@pytest.mark.parametrize(
    "block", [POSITION, SHUFFLED, UNGUIDED], ids=["labels", "shuffled", "time"]
)
def test_an_encoder_is_trained_on_exactly_the_training_rows_of_its_fold(
    jobs, recordings, splits, block
):
    found = jobs(recordings, splits, described(encoder=block), "encoder")
    assert list(found) == [
        f"{session}/fold{fold}_seed{seed}"
        for session in ("buddy", "cicero")
        for fold in range(3)
        for seed in (0, 10)
    ]
    for key, ([data], config) in found.items():
        session, (fold, seed) = key.split("/")[0], fold_and_seed(key)
        begins = CICERO_BEGINS if session == "cicero" else 0
        train = rows(splits[session]["part"][fold], "train")
        np.testing.assert_array_equal(rows_of(data) - begins, train)
        np.testing.assert_array_equal(data.neural, recordings[session].neural[train])
        assert config.seed == seed


@pytest.mark.parametrize("block", [POSITION, SHUFFLED], ids=["labels", "shuffled"])
def test_no_label_of_a_held_out_row_is_in_the_training_data(buddys_jobs, recordings, splits, block):
    position = recordings["buddy"].labels["position"].values
    for key, data in buddys_jobs(block).items():
        fold, _ = fold_and_seed(key)
        held_out = position[rows(splits["buddy"]["part"][fold], "valid", "test")]
        assert not np.isin(data.labels[:, 0], held_out).any()


def test_labels_stay_with_their_rows(buddys_jobs):
    for data in buddys_jobs(POSITION).values():
        # Positions are row numbers / 1000 in float32.
        np.testing.assert_allclose(data.labels[:, 0] * 1000, rows_of(data), rtol=1e-6)


def test_the_control_permutes_label_rows_and_leaves_the_activity(buddys_jobs):
    labels = {"labels": ["position", "direction"]}
    plain = buddys_jobs(POSITION | labels)
    orders = set()
    for key, data in buddys_jobs(SHUFFLED | labels).items():
        truth = plain[key]
        np.testing.assert_array_equal(data.neural, truth.neural)
        order = np.argsort(data.labels[:, 0])
        # Whole rows move: direction stays with its position.
        np.testing.assert_array_equal(data.labels[order], truth.labels)
        # A random permutation of ~130 rows keeps about 1 in place.
        assert (data.labels[:, 0] == truth.labels[:, 0]).mean() < 0.1
        orders.add((fold_and_seed(key)[0], tuple(order)))
    assert len(orders) == len(plain)  # each seed has its own permutation


def test_standardised_labels_do_not_depend_on_the_unit(jobs, recordings, splits):
    """Over the rows that are trained on, of both sessions; classes stay as they are."""
    block = {"labels": ["position", "direction"], "sessions": "joint"}
    together = described(together=block | {"pairs": DELTA | {"standardise": True}})
    in_mm = {
        name: with_labels(one, position=Label(one.labels["position"].values * 1000, "continuous"))
        for name, one in recordings.items()
    }
    found = jobs(recordings, splits, together, "together")
    for key, (data, _) in jobs(in_mm, splits, together, "together").items():
        for one, other in zip(data, found[key][0], strict=True):
            # float32, twice divided
            np.testing.assert_allclose(one.labels, other.labels, rtol=1e-5)
            assert set(np.unique(one.labels[:, 1:])) <= {0.0, 1.0}
        position = np.concatenate([one.labels[:, 0] for one in data])
        assert position.std(dtype=float) == pytest.approx(1, abs=1e-5)
    plain = jobs(recordings, splits, described(together=block | {"pairs": DELTA}), "together")
    assert all(
        data[0].labels[:, 0].std() != pytest.approx(1, abs=0.1) for data, _ in plain.values()
    )


def test_classes_of_a_control_move_with_its_labels(buddys_jobs):
    mixed = {"labels": ["position"], "classes": "increasing", "pairs": DELTA | {"law": "mixed"}}
    plain = buddys_jobs(mixed)
    for key, data in buddys_jobs(mixed | {"shuffle_labels": "encoder_and_decoder"}).items():
        order = np.argsort(data.labels[:, 0])
        np.testing.assert_array_equal(data.classes[order], plain[key].classes)
        assert (data.classes != plain[key].classes).any()


def test_an_encoder_without_labels_gets_none(buddys_jobs):
    assert all(
        data.labels is None and data.classes is None for data in buddys_jobs(UNGUIDED).values()
    )


def test_windows_cannot_cross_trials_or_held_out_rows(buddys_jobs, recordings):
    for data in buddys_jobs(UNGUIDED).values():
        row = rows_of(data)
        joined = data.segment[1:] == data.segment[:-1]
        trial = recordings["buddy"].segment()[row]
        np.testing.assert_array_equal(joined, (np.diff(row) == 1) & (np.diff(trial) == 0))


def test_rows_of_a_random_split_count_as_neighbours(jobs, recordings):
    chosen = experiment(split={"by": "random_optimistic", "seed": 1})
    splits = split(recordings, chosen)
    found = jobs(recordings, splits, chosen, "position", "buddy")
    for [data], _ in found.values():
        assert len(np.unique(data.segment)) == 1
        assert np.count_nonzero(np.diff(rows_of(data)) != 1) > 20  # there are gaps


def test_a_transductive_encoder_sees_all_activity_and_no_label_once_for_all_folds(
    jobs, recordings, splits
):
    chosen = described(time_transductive=TRANSDUCTIVE)
    found = jobs(recordings, splits, chosen, "time_transductive", ["buddy"])
    assert list(found) == ["buddy/all_seed0", "buddy/all_seed10"]
    for [data], _ in found.values():
        np.testing.assert_array_equal(data.neural, recordings["buddy"].neural)
        assert data.labels is None


def test_validation_rows_can_be_trained_on_but_never_test_rows(buddys_jobs, splits):
    for key, data in buddys_jobs(POSITION | {"fit_on": "train_and_valid"}).items():
        part = splits["buddy"]["part"][fold_and_seed(key)[0]]
        np.testing.assert_array_equal(rows_of(data), np.flatnonzero(part != 2))


def test_a_training_is_stopped_by_validation_rows_only(recordings, splits):
    training = TRAINING | {"early_stop": {"every_steps": 1, "patience": 1}}
    chosen = experiment(training=training, encoders={"together": POSITION | {"sessions": "joint"}})
    for key, job in jobs_of(recordings, splits, chosen, "together", chosen.sessions).items():
        fitted, config, watched = job()
        assert config.early_stop is not None
        for name, seen, valid in zip(chosen.sessions, fitted, watched, strict=True):
            part = splits[name]["part"][fold_and_seed(key)[0]]
            np.testing.assert_array_equal(seen.neural, recordings[name].neural[part == 0])
            np.testing.assert_array_equal(valid.neural, recordings[name].neural[part == 1])
            position = recordings[name].labels["position"].values[part == 1]
            np.testing.assert_array_equal(valid.labels[:, 0], position)


def test_a_joint_encoder_has_a_network_for_each_session_and_their_classes_in_common(
    jobs, recordings, splits
):
    """Rats with different numbers of neurons, who have been in different places."""
    places = {"buddy": [0, 1, 2], "cicero": [1, 2, 4]}
    recordings = {
        name: with_labels(one, place=Label(np.resize(places[name], one.n_time), "discrete"))
        for name, one in recordings.items()
    }
    block = {"labels": ["position", "place"], "pairs": DELTA, "sessions": "joint"}
    found = jobs(recordings, splits, described(together=block), "together")
    assert list(found) == [f"joint/fold{fold}_seed{seed}" for fold in range(3) for seed in (0, 10)]
    for key, (data, config) in found.items():
        assert [one.neural.shape[1] for one in data] == [3, 5]
        assert len(config.encoders(2)) == 2
        for name, one in zip(places, data, strict=True):
            train = rows(splits[name]["part"][fold_and_seed(key)[0]], "train")
            np.testing.assert_array_equal(one.neural, recordings[name].neural[train])
            # a column for position, and one for each of 0, 1, 2, 4, which means the same in both
            ids = np.array([0, 1, 2, 4])
            place = recordings[name].labels["place"].values[train]
            np.testing.assert_array_equal(one.labels[:, 1:], place[:, None] == ids)


def test_a_clock_is_that_of_the_whole_trial_whichever_rows_are_trained_on(jobs, recordings, splits):
    near = {"law": "delta_normal", "delta": 0.05, "ties": "uniform"}
    block = {"labels": ["time_in_trial"], "pairs": near, "sessions": "joint"}
    for key, (data, _) in jobs(recordings, splits, described(together=block), "together").items():
        for name, one in zip(recordings, data, strict=True):
            train = rows(splits[name]["part"][fold_and_seed(key)[0]], "train")
            expected = 0.025 * (train % 12)  # bins of a trial of small_experiments
            np.testing.assert_allclose(one.labels[:, 0], expected, rtol=1e-6)  # float32


def test_a_joint_encoder_of_some_sessions_leaves_out_the_others(jobs, recordings, splits):
    from small_experiments import rat

    chosen = experiment(
        sessions=["buddy", "other", "cicero"],
        encoders={"pair": POSITION | {"sessions": {"joint": ["cicero", "buddy"]}}},
    )
    recordings, splits = recordings | {"other": rat("other")}, splits | {"other": splits["buddy"]}
    for data, _ in jobs(recordings, splits, chosen, "pair").values():
        assert [one.neural.shape[1] for one in data] == [3, 5]  # in the order of the experiment
    assert unit_of(chosen, "pair", "buddy").name == "joint"


def test_a_joint_encoder_is_not_trained_or_applied_in_a_run_without_one_of_its_sessions(
    jobs, recordings, splits, tmp_path, caplog
):
    chosen = described(together=POSITION | {"sessions": "joint"})
    with caplog.at_level("INFO"):
        assert jobs(recordings, splits, chosen, "together", "cicero") == {}
    assert "rats.together: not trained" in caplog.text
    assert len(jobs(recordings, splits, chosen, "together", "cicero, buddy")) == 6
    models, _ = trained(recordings, chosen, tmp_path)
    names = {"name": "rats", "encoder": "together"}
    below = models.below("together")
    assert embed(below, recordings, chosen, ["cicero"], **names).cells == {}
    assert len(embed(below, recordings, chosen, None, **names).cells) == 12


def test_an_encoder_is_trained_on_its_own_sessions_only(jobs, recordings, splits):
    chosen = described(position=POSITION | {"sessions": ["cicero"]})
    found = jobs(recordings, splits, chosen, "position")
    assert {key.split("/")[0] for key in found} == {"cicero"}
    assert jobs(recordings, splits, chosen, "position", "buddy") == {}


def test_guidance_of_a_session_replaces_labels_and_law_of_guided_encoders(jobs, recordings, splits):
    guidance = {"cicero": {"classes": "direction", "pairs": {"law": "discrete"}}}
    chosen = experiment(encoders={"position": POSITION, "time": UNGUIDED}, guidance=guidance)
    found = jobs(recordings, splits, chosen, "position")
    for key, ([data], config) in found.items():
        if key.startswith("cicero"):
            assert config.pairs.law == "discrete"
            assert data.labels is None
            assert data.classes is not None
        else:
            assert config.pairs.law == "time_delta"
    laws = {config.pairs.law for _, config in jobs(recordings, splits, chosen, "time").values()}
    assert laws == {"time"}


def test_populations_are_trained_together_with_a_network_each(jobs):
    recordings, chosen = area(), movie()
    splits = split(recordings, chosen)
    found = jobs(recordings, splits, chosen, "joint")
    assert list(found) == ["VISp/fold0_seed0", "VISp/fold0_seed10"]
    for data, config in found.values():
        networks = [network.architecture for network in config.encoders(2)]
        assert networks == ["offset1-model", "resample1-model"]
        for one, recording in zip(data, recordings.values(), strict=True):
            # trained on all repeats but the last, guided by the features of the frame on screen
            row = np.flatnonzero(recording.labels["repeat"].values < 3)
            np.testing.assert_array_equal(one.neural[:, 1], row)
            features = recording.labels["features"].table
            np.testing.assert_array_equal(one.labels, features[one.neural[:, 0]])


def test_an_encoder_of_one_population_sees_no_other(jobs):
    block = {"populations": ["neuropixels"], "encoder": FOUR_BINS, "pairs": TIME}
    recordings, chosen = area(), movie(encoders={"spikes": block})
    for data, _ in jobs(recordings, split(recordings, chosen), chosen, "spikes").values():
        (one,) = data
        assert one.neural.shape[1] == 2


def test_a_cell_is_known_by_what_is_fitted(recordings, splits):
    chosen = described(position=POSITION)
    pieces = train_encoder(recordings, splits, chosen, None, name="rats", encoder="position")
    jobs = jobs_of(recordings, splits, chosen, "position", chosen.sessions)
    assert {key: cell.fingerprint for key, cell in pieces.cells.items()} == {
        key: fingerprint(*job()) for key, job in jobs.items()
    }
    assert len({cell.fingerprint for cell in pieces.cells.values()}) == len(jobs)
    assert (pieces.processes, pieces.title) == (1, "rats.position")


def test_finished_encoders_are_kept_and_only_what_changed_is_trained_again(tmp_path, caplog):
    def run(recordings, **training):
        chosen = experiment(training=TRAINING | training)
        splits = split(recordings, chosen)
        names = {"name": "rats", "encoder": "position"}
        caplog.clear()
        with caplog.at_level("INFO"):
            pieces = train_encoder(recordings, splits, chosen, None, **names)
            saved(pieces, tmp_path, "models")
        return caplog.text

    recordings = rats()
    assert "12 computed" in run(recordings)
    assert "0 computed" in run(rats())
    assert "6 computed" in run(rats(), seeds=[0, 5])
    position = recordings["buddy"].labels["position"]
    moved = Label(position.values[::-1], "continuous", "m")
    changed = recordings | {"buddy": with_labels(recordings["buddy"], position=moved)}
    assert "6 computed" in run(changed, seeds=[0, 5])


def test_a_label_that_guides_nothing_retrains_nothing(jobs, recordings, splits):
    def fingerprints(recordings):
        found = jobs(recordings, splits, described(position=POSITION), "position")
        return {key: fingerprint(*job) for key, job in found.items()}

    other = Label(np.zeros(recordings["buddy"].n_time, int), "discrete")
    changed = recordings | {"buddy": with_labels(recordings["buddy"], increasing=other)}
    assert fingerprints(changed) == fingerprints(recordings)


@dataclasses.dataclass
class Model:
    """Embeds each bin as its row number times a factor, and remembers what it was given."""

    factor: float = 1.0
    seen: list = dataclasses.field(default_factory=list)

    def transform(self, neural, segment, session=0):
        self.seen.append((neural, segment, session))
        return self.factor * neural[:, :1].astype(np.float32)

    def history(self):
        return pd.DataFrame()


class Models(dict):
    """Stands for a store."""

    def fingerprint(self, key):
        return f"of {key}: {self[key].factor}"


def test_every_model_embeds_the_whole_recording_of_its_session(recordings):
    keys = [f"{name}/fold{fold}_seed0" for name in recordings for fold in range(3)]
    models = Models({key: Model(number + 1.0) for number, key in enumerate(keys)})
    pieces = embed(models, recordings, experiment(), None, name="rats", encoder="position")
    found = computed(pieces)
    assert list(found) == keys
    for key, entry in found.items():
        recording = recordings[key.split("/")[0]]
        ((neural, segment, number),) = models[key].seen
        np.testing.assert_array_equal(neural, recording.neural)
        np.testing.assert_array_equal(segment, recording.segment())
        assert number == 0
        assert set(entry) == {"embedding"}
        expected = models[key].factor * recording.neural[:, 0]
        np.testing.assert_array_equal(entry["embedding"][:, 0], expected)


def test_a_transductive_encoder_embeds_once_for_all_folds(recordings):
    chosen = described(time_transductive=TRANSDUCTIVE)
    models = Models({"buddy/all_seed0": Model(), "cicero/all_seed0": Model()})
    names = {"name": "rats", "encoder": "time_transductive"}
    assert list(embed(models, recordings, chosen, "buddy", **names).cells) == ["buddy/all_seed0"]


def test_a_joint_encoder_embeds_each_recording_by_its_own_network(tmp_path):
    recordings = area()
    models, embeddings = trained(recordings, movie(), tmp_path)
    assert set(embeddings) == {
        f"joint/VISp/{population}/fold0_seed{seed}"
        for population in ("ca", "neuropixels")
        for seed in (0, 10)
    }
    model = models["joint/VISp/fold0_seed10"]
    for number, population in enumerate(("ca", "neuropixels")):
        of = recordings[recording_key("VISp", population)]
        expected = model.transform(of.neural, of.segment(), number)
        found = embeddings[f"joint/VISp/{population}/fold0_seed10"]["embedding"]
        assert found.shape == (of.n_time, 3)
        np.testing.assert_array_equal(found, expected)


def test_sessions_of_a_joint_encoder_are_embedded_by_their_own_networks(recordings):
    chosen = described(together=POSITION | {"sessions": "joint"})
    models = Models({"joint/fold0_seed0": Model()})
    pieces = embed(models, recordings, chosen, None, name="rats", encoder="together")
    assert list(pieces.cells) == ["buddy/fold0_seed0", "cicero/fold0_seed0"]
    computed(pieces)
    assert [number for *_, number in models["joint/fold0_seed0"].seen] == [0, 1]


def test_an_embedding_is_made_anew_when_its_model_or_its_activity_changed(recordings):
    def fingerprints(factor=1.0, **changed):
        models = Models({f"{name}/fold0_seed0": Model(factor) for name in recordings})
        names = {"name": "rats", "encoder": "position"}
        pieces = embed(models, recordings | changed, experiment(), None, **names)
        return {key.split("/")[0]: cell.fingerprint for key, cell in pieces.cells.items()}

    before = fingerprints()
    assert fingerprints() == before
    other_model = fingerprints(2.0)
    assert all(other_model[name] != before[name] for name in recordings)
    buddy = recordings["buddy"]
    moved = fingerprints(buddy=dataclasses.replace(buddy, neural=buddy.neural + 1))
    assert {name for name in before if moved[name] != before[name]} == {"buddy"}
    untried = fingerprints(buddy=dataclasses.replace(buddy, trial=None))
    assert {name for name in before if untried[name] != before[name]} == {"buddy"}
    labels = {"position": buddy.labels["direction"]}
    assert fingerprints(buddy=dataclasses.replace(buddy, labels=labels)) == before


BASELINES = {"pca": {"components": 2}, "tsne": {"perplexity": 5, "max_iter": 250}}


def test_components_are_kept_for_each_fold_and_transductive_features_once(recordings, splits):
    chosen = experiment(baselines=BASELINES)
    keys = {}
    for baseline in BASELINES:
        pieces = embed_baseline(recordings, splits, chosen, "buddy", name="rats", baseline=baseline)
        keys[baseline] = list(pieces.cells)
    assert keys == {
        "pca": ["buddy/fold0_seed0", "buddy/fold1_seed0", "buddy/fold2_seed0"],
        "tsne": ["buddy/all_seed0"],
    }


def test_held_out_rows_do_not_move_the_principal_components(recordings, splits):
    chosen = experiment(baselines=BASELINES)

    def components(recordings):
        names = {"name": "rats", "baseline": "pca"}
        pieces = embed_baseline(recordings, splits, chosen, "buddy", **names)
        return {key: entry["embedding"] for key, entry in computed(pieces).items()}

    before, buddy = components(recordings), recordings["buddy"]
    for fold, part in enumerate(splits["buddy"]["part"]):
        neural = buddy.neural.copy()
        held_out = rows(part, "valid", "test")
        neural[held_out] = np.random.default_rng(0).integers(0, 60_000, neural[held_out].shape)
        after = components({"buddy": dataclasses.replace(buddy, neural=neural)})
        key, train = f"buddy/fold{fold}_seed0", rows(part, "train")
        assert before[key].dtype == np.float32
        np.testing.assert_array_equal(after[key][train], before[key][train])
        other = f"buddy/fold{(fold + 1) % 3}_seed0"  # there, these rows are training rows
        assert not np.allclose(after[other], before[other])


def test_a_baseline_is_made_anew_for_other_options_activity_or_training_rows(recordings, splits):
    def fingerprints(recordings=recordings, splits=splits, components=2):
        chosen = experiment(baselines={"pca": {"components": components}})
        names = {"name": "rats", "baseline": "pca"}
        pieces = embed_baseline(recordings, splits, chosen, "buddy", **names)
        return [cell.fingerprint for cell in pieces.cells.values()]

    before = fingerprints()
    assert fingerprints() == before
    assert not set(fingerprints(components=3)) & set(before)
    buddy = recordings["buddy"]
    changed = {"buddy": dataclasses.replace(buddy, neural=buddy.neural + 1)}
    assert not set(fingerprints(changed)) & set(before)
    part = splits["buddy"]["part"].copy()
    part[1] = part[1][::-1]
    moved = fingerprints(splits={"buddy": {"part": part}})
    assert [one == other for one, other in zip(moved, before, strict=True)] == [True, False, True]


def test_a_baseline_of_a_population_is_that_of_its_recording():
    recordings = area()
    chosen = movie(baselines={"components": {"name": "pca", "population": "ca", "components": 2}})
    splits = split(recordings, chosen)
    names = {"name": "movie", "baseline": "components"}
    found = computed(embed_baseline(recordings, splits, chosen, None, **names))
    assert list(found) == ["VISp/ca/fold0_seed0"]
    assert len(found["VISp/ca/fold0_seed0"]["embedding"]) == recordings["VISp/ca"].n_time


def test_entries_of_all_encoders_are_the_same_files(tmp_path):
    stores = {
        name: saved({"buddy/fold0_seed0": {"embedding": np.full((2, 1), number)}}, tmp_path / name,
                    "arrays")
        for number, name in enumerate(("position", "time"))
    }  # fmt: skip
    joined = join_stores(**stores)
    assert list(joined) == ["position/buddy/fold0_seed0", "time/buddy/fold0_seed0"]
    for name, store in stores.items():
        assert joined.path(f"{name}/buddy/fold0_seed0") == store.path("buddy/fold0_seed0")


def test_work_can_be_sent_to_other_processes(recordings, splits, tmp_path):
    chosen = experiment(encoders={"position": POSITION, "shuffled": SHUFFLED}, baselines=BASELINES)
    recordings = saved(recordings, tmp_path / "recordings", "recordings")
    splits = saved(splits, tmp_path / "splits", "arrays")
    names = {"name": "rats", "encoder": "shuffled"}
    pieces = train_encoder(recordings, splits, chosen, None, **names)
    models = saved(pieces, tmp_path / "models", "models")
    all_pieces = [
        pieces,
        embed(models, recordings, chosen, None, **names),
        embed_baseline(recordings, splits, chosen, None, name="rats", baseline="pca"),
    ]
    for pieces in all_pieces:
        key, cell = next(iter(pieces.cells.items()))
        sent = pickle.dumps(cell)
        assert len(sent) < 20_000  # paths and descriptions travel, arrays do not
        value, arrived = cell.compute(tmp_path / key), pickle.loads(sent).compute(tmp_path / key)
        if isinstance(value, dict):
            np.testing.assert_array_equal(arrived["embedding"], value["embedding"])
        else:
            np.testing.assert_array_equal(arrived.loss, value.loss)


def test_the_first_neurons_are_taken_and_no_more_than_there_are(recordings):
    cicero = recordings["cicero"]
    few = first_neurons(cicero, 2)
    np.testing.assert_array_equal(few.neural, cicero.neural[:, :2])
    assert isinstance(few, Recording)
    assert few.labels == cicero.labels
    with pytest.raises(ValueError, match=r"asks for 6 neurons, but cicero has 5; lower n_neurons"):
        first_neurons(cicero, 6)


def test_jobs_follow_sessions_folds_and_seeds(recordings, splits):
    found = list(jobs_of(recordings, splits, experiment(), "position", ["cicero"]))
    assert all(fold_and_seed(a) < fold_and_seed(b) for a, b in pairwise(found))
