"""Scores and predictions of every fold and seed, from the test rows of that fold."""

import dataclasses
import json
import pickle

import numpy as np
import pytest
from small_experiments import (
    POSITION,
    TIME,
    TRAINING,
    area,
    computed,
    experiment,
    movie,
    rat,
    rats,
    saved,
    split,
    trained,
    with_labels,
)

from cebra_kedro.cells import Cell
from cebra_kedro.decoding import DecoderSettings, Samples, protocol
from cebra_kedro.experiment.blocks import Transfer
from cebra_kedro.metrics import METRIC_COLUMNS
from cebra_kedro.pipelines import fold_and_seed
from cebra_kedro.pipelines.decoding import nodes
from cebra_kedro.pipelines.decoding.nodes import decode, score
from cebra_kedro.pipelines.features import Features
from cebra_kedro.pipelines.training.nodes import embed_baseline, join_stores
from cebra_kedro.recording import Label
from cebra_kedro.store import Store

RAT = {"rat": {"protocol": "rat_on_track", "labels": ["position", "direction"]}}
SETTINGS = DecoderSettings(neighbours=(1, 3))


def noisy(recording, seed):
    """Something like an embedding that tells the row."""
    noise = np.random.default_rng(seed).normal(0, 30, (recording.n_time, 2))
    return (recording.neural[:, :1] + noise).astype(np.float32)


def embedded(recordings, folder, encoders=("position",), tag=""):
    """Embeddings of all folds and two seeds, whoever the encoder is; a tag is a new fingerprint."""

    def cell(name, key, fold, seed):
        entry = {"embedding": noisy(recordings[name], [fold, seed])}
        return Cell(lambda _: entry, f"{key} {tag if name == 'buddy' else ''}")

    stores = {}
    for encoder in encoders:
        cells = {
            key: cell(name, key, fold, seed)
            for name in recordings
            for fold in range(3)
            for seed in (0, 10)
            for key in [f"{name}/fold{fold}_seed{seed}"]
        }
        stores[encoder] = saved(cells, folder / encoder, "arrays")
    return join_stores(**stores)


def decoded(recordings, described, embeddings, only=None, models=None):
    splits = split(recordings, described)
    return decode(recordings, splits, embeddings, models, described, only, "rats")


@pytest.fixture
def embeddings(recordings, tmp_path):
    return embedded(recordings, tmp_path / "embeddings")


def scores_of(entry, decoder=None):
    return {
        metric: value
        for one, metric, value, _ in json.loads(str(entry["scores"]))
        if decoder in (None, one)
    }


def test_every_session_variant_fold_and_seed_is_decoded(recordings, embeddings):
    described = experiment(baselines=["raw"])
    pieces = decoded(recordings, described, embeddings)
    assert set(pieces.cells) == {
        *(
            f"{session}/position/fold{fold}_seed{seed}"
            for session in recordings
            for fold in range(3)
            for seed in (0, 10)
        ),
        *(f"{session}/raw/fold{fold}_seed0" for session in recordings for fold in range(3)),
    }
    chosen = decoded(recordings, described, embeddings, "cicero")
    assert {key.split("/")[0] for key in chosen.cells} == {"cicero"}


def test_predictions_lie_beside_the_truth_of_the_test_rows(recordings, splits, embeddings):
    described = experiment(decode=RAT | {"increasing": {"decoders": ["knn", "logistic"]}})
    found = computed(decoded(recordings, described, embeddings))
    for key, entry in found.items():
        session, (fold, _) = key.split("/")[0], fold_and_seed(key)
        labels = recordings[session].labels
        assert set(entry) == {
            *("rat/row", "rat/position", "rat/direction", "increasing/row"),
            *("rat/knn/position", "rat/knn/direction", "increasing/increasing"),
            *("increasing/knn/increasing", "increasing/logistic/increasing"),
            *("rat/knn/chosen/position", "rat/knn/chosen/direction"),
            *("increasing/knn/chosen/increasing", "increasing/logistic/chosen/increasing"),
            "scores",
        }
        test = np.flatnonzero(splits[session]["part"][fold] == 2)
        for target in ("rat", "increasing"):
            np.testing.assert_array_equal(entry[f"{target}/row"], test)
        np.testing.assert_array_equal(entry["rat/position"], labels["position"].values[test])
        np.testing.assert_array_equal(
            entry["increasing/increasing"], labels["increasing"].values[test]
        )
        assert entry["rat/knn/position"].shape == test.shape
        assert entry["rat/knn/chosen/position"] in (1, 3)


@pytest.mark.parametrize(
    ("target", "name", "options"),
    [
        (RAT, "rat_on_track", {"labels": ("position", "direction")}),
        (
            {"track": {"labels": ["position"], "decoders": ["ridge", "knn"], "scores": ["r2"]}},
            "labels",
            {"labels": ("position",), "decoders": ("ridge", "knn"), "scores": ("r2",)},
        ),
    ],
    ids=["published", "by_kind"],
)
def test_scores_are_those_of_the_protocol_on_the_split_of_the_fold(
    recordings, splits, embeddings, target, name, options
):
    found = computed(decoded(recordings, experiment(decode=target), embeddings, "buddy"))
    for key, entry in found.items():
        part = splits["buddy"]["part"][fold_and_seed(key)[0]]
        features = noisy(recordings["buddy"], fold_and_seed(key))
        expected = protocol(name)(
            Samples(features, recordings["buddy"], part), settings=SETTINGS, **options
        )
        for one in expected:
            assert scores_of(entry, one.decoder) == one.scores
            for label, values in one.predicted.items():
                place = f"{next(iter(target))}/{one.decoder}/{label}"
                np.testing.assert_array_equal(entry[place], values)


def test_settings_of_decoders_reach_the_protocol(recordings, splits, embeddings):
    block = {"neighbours": [2], "metric": "cosine", "bin_step": 2}
    described = experiment(decoders=block)
    entry = computed(decoded(recordings, described, embeddings, "buddy"))[
        "buddy/position/fold1_seed0"
    ]
    (expected,) = protocol("labels")(
        Samples(
            noisy(recordings["buddy"], [1, 0]), recordings["buddy"], splits["buddy"]["part"][1]
        ),
        labels=("position",),
        settings=DecoderSettings(neighbours=(2,), metric="cosine", bin_step=2),
    )
    assert scores_of(entry) == expected.scores


def test_test_labels_do_not_reach_the_predictions(recordings, splits, embeddings):
    """Predictions stay the same when the labels of the test rows are changed."""

    def predicted(recordings):
        found = computed(decoded(recordings, experiment(decode=RAT), embeddings, "buddy"))
        return found["buddy/position/fold2_seed10"]["rat/knn/position"]

    position = recordings["buddy"].labels["position"].values.copy()
    position[splits["buddy"]["part"][2] == 2] = 9.0
    changed = with_labels(recordings["buddy"], position=Label(position, "continuous", "m"))
    np.testing.assert_array_equal(predicted(recordings | {"buddy": changed}), predicted(recordings))


def test_only_decoders_of_controls_that_ask_for_it_are_fitted_to_permuted_labels(
    recordings, splits, tmp_path
):
    encoders = {
        "position": POSITION,
        "shuffled": POSITION | {"shuffle_labels": "encoder"},
        "both": POSITION | {"shuffle_labels": "encoder_and_decoder"},
    }
    same = embedded({"buddy": recordings["buddy"]}, tmp_path, encoders)
    described = experiment(encoders=encoders, decode=RAT, baselines=["raw"])
    found = computed(decoded(recordings, described, same, "buddy"))
    kinds = {one.name: one.kind for one in described.readouts}
    assert kinds == {
        "position": "encoder",
        "shuffled": "control",
        "both": "control",
        "raw": "baseline",
    }
    for fold in range(3):
        for seed in (0, 10):
            one = f"fold{fold}_seed{seed}"
            samples = Samples(
                noisy(recordings["buddy"], [fold, seed]),
                recordings["buddy"],
                splits["buddy"]["part"][fold],
            )
            true, permuted = (
                protocol("rat_on_track")(
                    samples,
                    labels=("position", "direction"),
                    settings=SETTINGS,
                    shuffle_seed=shuffle_seed,
                )[0].scores
                for shuffle_seed in (None, seed)
            )
            assert scores_of(found[f"buddy/position/{one}"]) == true
            assert scores_of(found[f"buddy/shuffled/{one}"]) == true
            assert scores_of(found[f"buddy/both/{one}"]) == permuted
            assert true["position_error_median"] < permuted["position_error_median"]


def test_a_session_is_decoded_by_the_labels_that_it_has(recordings, embeddings):
    angle = Label(
        np.sin(np.arange(recordings["buddy"].n_time, dtype=np.float32)), "circular", "rad"
    )
    recordings = recordings | {
        "buddy": dataclasses.replace(recordings["buddy"], labels={"angle": angle}),
    }
    described = experiment(
        encoders={"time": {"pairs": TIME}},
        decode=RAT | {"angle": {"decoders": ["ridge"]}, "position": {}},
    )
    renamed = join_stores(time=embeddings.below("position"))
    found = computed(decoded(recordings, described, renamed))
    targets = {
        key.split("/")[0]: {name.split("/")[0] for name in entry} for key, entry in found.items()
    }
    assert targets == {"buddy": {"angle", "scores"}, "cicero": {"rat", "position", "scores"}}


def test_a_session_without_any_label_that_is_decoded_is_passed_over_in_the_table(
    recordings, embeddings, tmp_path
):
    recordings = recordings | {"buddy": dataclasses.replace(recordings["buddy"], labels={})}
    described = experiment(encoders={"position": {"pairs": TIME}})
    predictions = saved(decoded(recordings, described, embeddings), tmp_path / "p", "arrays")
    assert len(predictions.below("buddy", "position")) == 6
    table = score(Models(), described, "rats", predictions)
    assert set(table["subject"]) == {"cicero"}


class Models(dict):
    """Stands for a store of encoders of which only the loss is asked for."""


class Fitted:
    def __init__(self, bits):
        self.bits = bits

    def history(self):
        import pandas as pd

        return pd.DataFrame({"goodness_of_fit_bits": self.bits})


def test_frames_are_decoded_once_a_presentation_in_every_population(tmp_path):
    recordings = area()
    described = movie(
        decode={"frame": {"protocol": "frames", "decoders": ["knn"]}},
        decoders={"neighbours": [1], "metric": "cosine", "window_frames": 3},
        baselines={f"raw_{p}": {"name": "raw", "population": p} for p in ("ca", "neuropixels")},
    )
    found = computed(decoded(recordings, described, Store.union({"none": _no_arrays(tmp_path)})))
    assert set(found) == {f"VISp/raw_{p}/fold0_seed0" for p in ("ca", "neuropixels")}
    for entry in found.values():
        assert len(entry["frame/row"]) == len(entry["frame/knn/frame"]) == 12
        np.testing.assert_array_equal(entry["frame/frame"], np.arange(12))


def _no_arrays(folder):
    return saved({}, folder / "none", "arrays")


# --- transfers --------------------------------------------------------------------------------

TO_CICERO = Transfer(fitted_to="buddy", scored_on="cicero")


@pytest.fixture(scope="module")
def transferable(tmp_path_factory):
    """Rats with the same number of neurons: description, recordings, embeddings, models."""
    folder = tmp_path_factory.mktemp("transfers")
    recordings = {"buddy": rat("buddy"), "cicero": rat("cicero", begins=50)}
    described = experiment(
        encoders={
            "position": POSITION,
            "time_transductive": {"pairs": TIME, "fit_on": "all"},
            "both": POSITION | {"shuffle_labels": "encoder_and_decoder"},
        },
        baselines={"raw": {}, "pca": {"components": 2}, "tsne": {"perplexity": 5, "max_iter": 250}},
        transfers=[TO_CICERO.model_dump()],
        decode=RAT,
    )
    models, embeddings = trained(recordings, described, folder)
    splits = split(recordings, described)
    stores = {name: embeddings.below(name) for name in described.encoders}
    for name in described.stored_baselines:
        pieces = embed_baseline(recordings, splits, described, None, name="r", baseline=name)
        stores[name] = saved(pieces, folder / name, "arrays")
    return described, recordings, splits, join_stores(**stores), models


def test_transfers_equal_decoding_by_hand(transferable):
    described, recordings, splits, embeddings, models = transferable
    features = Features(recordings, splits, embeddings, models, described)
    pieces = decode(recordings, splits, embeddings, models, described, None, "rats")
    found = {k: c for k, c in computed(pieces).items() if k.startswith("buddy_to_cicero/")}
    assert {key.split("/")[1] for key in found} == {
        *("position", "time_transductive", "both", "raw", "pca")  # t-SNE has no map for new rows
    }
    readouts = {one.name: one for one in described.readouts}
    for key, entry in found.items():
        readout, (fold, seed) = readouts[key.split("/")[1]], fold_and_seed(key)
        fit = Samples(
            features.of(readout, "buddy", fold, seed),
            recordings["buddy"],
            splits["buddy"]["part"][fold],
        )
        test = Samples(
            features.transferred(readout, TO_CICERO, fold, seed),
            recordings["cicero"],
            splits["cicero"]["part"][fold],
        )
        (expected,) = protocol("rat_on_track")(
            fit,
            test,
            labels=("position", "direction"),
            settings=SETTINGS,
            shuffle_seed=seed if readout.name == "both" else None,
        )
        assert scores_of(entry) == expected.scores
        rows = np.flatnonzero(splits["cicero"]["part"][fold] == 2)
        np.testing.assert_array_equal(entry["rat/row"], rows)
        np.testing.assert_array_equal(
            entry["rat/position"], recordings["cicero"].labels["position"].values[rows]
        )


@pytest.mark.parametrize("only", ["buddy", "cicero"])
def test_a_transfer_is_scored_in_runs_with_both_of_its_sessions(transferable, only):
    described, recordings, splits, embeddings, models = transferable
    pieces = decode(recordings, splits, embeddings, models, described, only, "rats")
    assert {key.split("/")[0] for key in pieces.cells} == {only}


def test_a_transfer_is_scored_again_when_either_session_changed(transferable):
    described, recordings, splits, embeddings, models = transferable

    def fingerprints(**changed):
        pieces = decode(recordings | changed, splits, embeddings, models, described, None, "r")
        cells = pieces.cells.items()
        return {k: c.fingerprint for k, c in cells if k.startswith("buddy_to_cicero/position")}

    before, cicero = fingerprints(), recordings["cicero"]
    assert fingerprints() == before
    changes = [
        {"cicero": dataclasses.replace(cicero, neural=cicero.neural + 1)},
        {"cicero": dataclasses.replace(cicero, trial=None)},
        {"cicero": with_labels(cicero, direction=cicero.labels["increasing"])},
        {"buddy": with_labels(recordings["buddy"], direction=cicero.labels["increasing"])},
    ]
    for changed in changes:
        after = fingerprints(**changed)
        assert all(after[key] != before[key] for key in before)


# --- what is decoded again --------------------------------------------------------------------

BASELINES = {"raw": {}, "window": {"name": "raw_window", "bins": 4}}
CONTROL = POSITION | {"shuffle_labels": "encoder"}


@pytest.fixture
def fingerprints(tmp_path):
    """Key → fingerprint, with some recordings, splits, blocks or embeddings changed."""
    encoders = {"position": POSITION, "shuffled": CONTROL}

    def of(changed=None, parts=None, tag="", **blocks):
        recordings = rats() | (changed or {})
        described = experiment(**{"encoders": encoders, "baselines": BASELINES} | blocks)
        splits = split(recordings, described) | (parts or {})
        embeddings = embedded(recordings, tmp_path / f"embeddings{tag}", encoders, tag)
        pieces = decode(recordings, splits, embeddings, None, described, None, "rats")
        return {key: cell.fingerprint for key, cell in pieces.cells.items()}

    return of


def changed_keys(before, after):
    """Session/variant of what would be computed again."""
    assert set(before) == set(after)
    return {"/".join(key.split("/")[:2]) for key in before if before[key] != after[key]}


ALL = {f"{s}/{v}" for s in rats() for v in ("position", "shuffled", "raw", "window")}
BUDDY = {one for one in ALL if one.startswith("buddy")}


def test_nothing_is_decoded_again_when_nothing_changed(fingerprints):
    assert changed_keys(fingerprints(), fingerprints()) == set()
    assert len(set(fingerprints().values())) == len(fingerprints())


def test_another_label_split_or_trial_decodes_its_session_again(fingerprints):
    before, buddy = fingerprints(), rats()["buddy"]
    position = buddy.labels["position"].values.copy()
    position[7] += 0.001
    one_bin = with_labels(buddy, position=Label(position, "continuous", "m"))
    assert changed_keys(before, fingerprints({"buddy": one_bin})) == BUDDY
    unit = with_labels(buddy, position=Label(buddy.labels["position"].values, "continuous", "cm"))
    assert changed_keys(before, fingerprints({"buddy": unit})) == BUDDY
    part = split(rats(), experiment())["buddy"]["part"].copy()
    part[2, 0] = 2 - part[2, 0]
    assert changed_keys(before, fingerprints(parts={"buddy": {"part": part}})) == BUDDY


@pytest.mark.parametrize(
    "blocks",
    [
        {"decoders": {"neighbours": [1, 4]}},
        {"decoders": {"neighbours": [1, 3], "bin_step": 2}},
        {"decode": {"position": {"decoders": ["ridge"]}}},
        {"decode": {"position": {"scores": ["r2"]}}},
        {"decode": {"position": {}, "direction": {}}},
        {"decode": {"place": {"labels": ["position"]}}},
    ],
    ids=str,
)
def test_another_decoder_decodes_everything_again(fingerprints, blocks):
    assert changed_keys(fingerprints(), fingerprints(**blocks)) == ALL


def test_another_embedding_is_decoded_again(fingerprints):
    changed = changed_keys(fingerprints(), fingerprints(tag="new"))
    assert changed == {"buddy/position", "buddy/shuffled"}


def test_other_activity_or_options_make_a_baseline_anew(fingerprints):
    before, buddy = fingerprints(), rats()["buddy"]
    louder = dataclasses.replace(buddy, neural=buddy.neural + 1)
    assert changed_keys(before, fingerprints({"buddy": louder})) == {"buddy/raw", "buddy/window"}
    longer = BASELINES | {"window": {"name": "raw_window", "bins": 5}}
    after = fingerprints(baselines=longer)
    assert changed_keys(before, after) == {"buddy/window", "cicero/window"}


def test_a_control_is_decoded_again_when_its_decoder_is_shuffled_too(fingerprints):
    """Its embedding stays the same."""
    encoders = {
        "position": POSITION,
        "shuffled": CONTROL | {"shuffle_labels": "encoder_and_decoder"},
    }
    changed = changed_keys(fingerprints(), fingerprints(encoders=encoders))
    assert changed == {"buddy/shuffled", "cicero/shuffled"}


@pytest.mark.parametrize(
    "blocks",
    [
        {"training": TRAINING | {"steps": 3}},  # which trains other embeddings first
        {"compare": {"seeds": False}},
        {"figures": ["loss"]},
        {"headline": "position_r2"},
    ],
    ids=str,
)
def test_what_decoding_does_not_look_at_decodes_nothing_again(fingerprints, blocks):
    assert changed_keys(fingerprints(), fingerprints(**blocks)) == set()


def test_other_code_decodes_everything_again(fingerprints, monkeypatch):
    before = fingerprints()
    monkeypatch.setattr(nodes, "_code", lambda: "another version")
    assert changed_keys(before, fingerprints()) == ALL


def test_only_what_is_missing_is_computed_and_other_sessions_stay(
    recordings, embeddings, tmp_path, caplog
):
    def run(only=None, **blocks):
        caplog.clear()
        with caplog.at_level("INFO"):
            pieces = decoded(recordings, experiment(**blocks), embeddings, only)
            store = saved(pieces, tmp_path / "predictions", "arrays")
        return len(store), caplog.text

    n_all, said = run()
    assert n_all == 12
    assert "rats: decoding: 12 computed" in said
    assert "0 computed" in run()[1]
    n_all, said = run("buddy", decoders={"neighbours": [2]})
    assert n_all == 12
    assert "6 computed" in said
    assert "6 computed" in run(decoders={"neighbours": [2]})[1]


def test_decoding_can_be_sent_to_other_processes(tmp_path):
    described = experiment()
    models, embeddings = trained(rats(), described, tmp_path)
    recordings = saved(rats(), tmp_path / "recordings", "recordings")
    splits = saved(split(rats(), described), tmp_path / "splits", "arrays")
    pieces = decode(recordings, splits, embeddings, models, described, None, "rats")
    key = "cicero/position/fold1_seed10"
    sent = pickle.dumps(pieces.cells[key])
    assert len(sent) < 50_000  # paths and descriptions travel, arrays do not
    arrived, here = pickle.loads(sent).compute(tmp_path), pieces.cells[key].compute(tmp_path)
    assert str(arrived["scores"]) == str(here["scores"])


# --- the table --------------------------------------------------------------------------------


@pytest.fixture
def table(recordings, embeddings, tmp_path):
    described = experiment(decode=RAT, baselines=["raw"])
    predictions = saved(decoded(recordings, described, embeddings), tmp_path / "p", "arrays")
    models = Models({"position/buddy/fold0_seed10": Fitted(np.r_[np.zeros(18), 1.0, 3.0])})
    return score(models, described, "rats", predictions)


METRICS = ("position_error_median", "position_r2", "total_r2", "direction_accuracy")


def test_the_table_is_in_the_order_of_the_description_with_runs_by_number(table):
    assert list(table.columns) == list(METRIC_COLUMNS)
    decoded_rows = table[table["metric"] != "goodness_of_fit"]
    runs = decoded_rows[["subject", "variant", "fold", "seed"]].drop_duplicates()
    assert [tuple(run) for run in runs.to_numpy()] == [
        (session, variant, fold, seed)
        for session in ("buddy", "cicero")
        for variant, seeds in (("position", (0, 10)), ("raw", (0,)))
        for fold in range(3)
        for seed in seeds
    ]
    assert set(table["experiment"]) == {"rats"}


def test_every_score_stands_beside_its_chance_in_the_same_unit(table):
    decoded_rows = table[table["metric"] != "goodness_of_fit"]
    for _, one in decoded_rows.groupby(["subject", "variant", "fold", "seed"]):
        assert sorted(one["metric"]) == sorted([*METRICS, *(f"chance_{name}" for name in METRICS)])
        units = dict(zip(one["metric"], one["unit"], strict=True))
        assert [units[name] for name in METRICS] == ["m", "", "", "%"]
        assert all(units[f"chance_{name}"] == units[name] for name in METRICS)
        assert set(one["decoder"]) == {"knn"}


def test_values_are_those_of_the_predictions(recordings, embeddings, tmp_path):
    predictions = saved(decoded(recordings, experiment(), embeddings), tmp_path / "p", "arrays")
    table = score(Models(), experiment(), "rats", predictions)
    for key in predictions:
        session, variant, _ = key.split("/")
        fold, seed = fold_and_seed(key)
        chosen = table[
            (table["subject"] == session)
            & (table["variant"] == variant)
            & (table["fold"] == fold)
            & (table["seed"] == seed)
        ]
        found = dict(zip(chosen["metric"], chosen["value"], strict=True))
        assert found == scores_of(predictions[key])


def test_goodness_of_fit_is_the_mean_over_the_last_tenth_of_the_steps(table):
    fit = table[table["metric"] == "goodness_of_fit"]
    assert fit.iloc[:, 1:].to_numpy().tolist() == [
        ["buddy", "position", 0, 10, "none", "goodness_of_fit", 2.0, "bits"]
    ]


def test_fits_of_all_folds_and_of_joint_encoders_stand_for_each_fold_and_session():
    described = experiment(
        encoders={
            "time_transductive": {"pairs": TIME, "fit_on": "all"},
            "together": POSITION | {"sessions": "joint"},
        }
    )
    models = Models(
        {
            "time_transductive/buddy/all_seed1": Fitted(np.array([-2.0])),
            "together/joint/fold1_seed10": Fitted(np.array([1.0])),
            "together/joint/fold1_seed2": Fitted(np.array([0.5])),
        }
    )
    table = score(models, described, "rats")
    columns = ["subject", "variant", "fold", "seed", "value"]
    assert table[columns].to_numpy().tolist() == [
        *(["buddy", "time_transductive", fold, 1, -2.0] for fold in range(3)),
        *(
            [session, "together", 1, seed, value]
            for session in ("buddy", "cicero")
            for seed, value in ((2, 0.5), (10, 1.0))
        ),
    ]


def test_transfers_follow_the_sessions(transferable, tmp_path):
    described, recordings, splits, embeddings, models = transferable
    pieces = decode(recordings, splits, embeddings, models, described, None, "rats")
    table = score(models, described, "rats", saved(pieces, tmp_path, "arrays"))
    decoded_rows = table[table["metric"] != "goodness_of_fit"]
    assert list(decoded_rows["subject"].unique()) == ["buddy", "cicero", "buddy_to_cicero"]
    fits = table[table["metric"] == "goodness_of_fit"]
    assert set(fits["subject"]) == {"buddy", "cicero"}
    assert np.isfinite(table["value"]).all()


def test_what_is_no_longer_described_is_not_in_the_table(recordings, tmp_path):
    encoders = {"position": POSITION, "old": POSITION}
    embeddings = embedded(recordings, tmp_path / "e", encoders)
    predictions = saved(
        decoded(recordings, experiment(encoders=encoders), embeddings), tmp_path / "p", "arrays"
    )
    without = score(Models(), experiment(), "rats", predictions)
    assert set(without["variant"]) == {"position"}
    one_rat = score(Models(), experiment(sessions=["cicero"]), "rats", predictions)
    assert set(one_rat["subject"]) == {"cicero"}


def test_without_anything_the_table_has_its_columns_and_no_rows():
    table = score(Models(), experiment(), "rats")
    assert list(table.columns) == list(METRIC_COLUMNS)
    assert table.empty
