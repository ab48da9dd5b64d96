"""The features of a variant: from its file, or made anew, by whoever was fitted to them."""

import dataclasses

import numpy as np
import pytest
from small_experiments import POSITION, TIME, area, experiment, movie, saved, split, trained

from cebra_kedro.experiment.blocks import Transfer
from cebra_kedro.pipelines.features import Features, can_transfer
from cebra_kedro.pipelines.training.nodes import embed_baseline
from cebra_kedro.splits import rows
from cebra_kedro.store import Store

BASELINES = {"raw": {}, "window": {"name": "raw_window", "bins": 4}, "pca": {"components": 2}}
TO_CICERO = Transfer(fitted_to="buddy", scored_on="cicero")


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    """Two rats with the same number of neurons; an encoder, one of all rows, and baselines."""
    from small_experiments import rat

    recordings = {"buddy": rat("buddy"), "cicero": rat("cicero", begins=500)}
    described = experiment(
        encoders={"position": POSITION, "time_transductive": {"pairs": TIME, "fit_on": "all"}},
        baselines=BASELINES | {"tsne": {"perplexity": 5, "max_iter": 250}},
    )
    folder = tmp_path_factory.mktemp("features")
    models, embeddings = trained(recordings, described, folder)
    splits = split(recordings, described)
    stores = {name: embeddings.below(name) for name in described.encoders}
    for name in described.stored_baselines:
        pieces = embed_baseline(recordings, splits, described, "buddy", name="r", baseline=name)
        stores[name] = saved(pieces, folder / name, "arrays")
    return Features(recordings, splits, Store.union(stores), models, described)


def readout(features, name):
    return next(one for one in features.experiment.readouts if one.name == name)


def test_an_encoder_has_features_for_each_fold_and_seed(features):
    position = readout(features, "position")
    runs = list(features.runs(position, "buddy"))
    assert runs == [(fold, seed) for fold in range(3) for seed in (0, 10)]
    for fold, seed in runs:
        key = f"position/buddy/fold{fold}_seed{seed}"
        expected = features.embeddings[key]["embedding"]
        np.testing.assert_array_equal(features.of(position, "buddy", fold, seed), expected)
    # each run is one of its own
    assert len({features.digest(position, "buddy", *run) for run in runs}) == 6


def test_a_transductive_encoder_serves_every_fold(features):
    time = readout(features, "time_transductive")
    assert list(features.runs(time, "cicero")) == [(f, s) for f in range(3) for s in (0, 10)]
    expected = features.embeddings["time_transductive/cicero/all_seed10"]["embedding"]
    for fold in range(3):
        np.testing.assert_array_equal(features.of(time, "cicero", fold, 10), expected)


def test_a_baseline_has_one_seed_and_a_stored_one_those_sessions_that_are_there(features):
    one_seed = [(0, 0), (1, 0), (2, 0)]
    for name in ("raw", "window", "pca", "tsne"):
        assert list(features.runs(readout(features, name), "buddy")) == one_seed
    assert list(features.runs(readout(features, "raw"), "cicero")) == one_seed
    assert list(features.runs(readout(features, "pca"), "cicero")) == []


def test_what_is_not_there_has_no_runs(features):
    other = dataclasses.replace(features, embeddings=features.embeddings.below("nothing"))
    assert list(other.runs(readout(features, "position"), "buddy")) == []
    assert len(list(other.runs(readout(features, "raw"), "buddy"))) == 3


def test_raw_is_the_activity_and_its_window_the_sum_around_it(features):
    neural = features.recordings["buddy"].neural
    raw = features.of(readout(features, "raw"), "buddy", 0, 0)
    assert raw.dtype == np.float32
    np.testing.assert_array_equal(raw, neural)
    window = features.of(readout(features, "window"), "buddy", 0, 0)
    np.testing.assert_array_equal(window[4], neural[2:6].sum(axis=0))


def test_an_encoder_is_applied_to_another_session(features):
    position = readout(features, "position")
    cicero = features.recordings["cicero"]
    expected = features.models["position/buddy/fold2_seed10"].transform(
        cicero.neural, cicero.segment()
    )
    found = features.transferred(position, TO_CICERO, 2, 10)
    np.testing.assert_array_equal(found, expected)
    own = features.of(position, "cicero", 2, 10)
    assert not np.allclose(found, own)


def test_a_transductive_encoder_is_applied_with_its_only_model(features):
    cicero = features.recordings["cicero"]
    model = features.models["time_transductive/buddy/all_seed0"]
    found = features.transferred(readout(features, "time_transductive"), TO_CICERO, 1, 0)
    np.testing.assert_array_equal(found, model.transform(cicero.neural, cicero.segment()))


def test_components_of_one_session_describe_the_other(features):
    pca = readout(features, "pca")
    source, target = (features.recordings[name] for name in ("buddy", "cicero"))
    # one affine map of the neurons makes both; found from the source, it must give the target's
    ones = np.ones((source.n_time, 1))
    of_source = features.of(pca, "buddy", 1, 0)
    affine = np.linalg.lstsq(np.hstack([source.neural, ones]), of_source, rcond=None)[0]
    expected = np.hstack([target.neural, np.ones((target.n_time, 1))]) @ affine
    # float32 features of order 500
    np.testing.assert_allclose(features.transferred(pca, TO_CICERO, 1, 0), expected, atol=1e-2)
    train = rows(features.splits["buddy"]["part"][1], "train")
    assert abs(of_source[train].mean()) < 1e-2  # centred on what it was fitted to


def test_what_has_no_map_is_not_transferred(features):
    tsne = readout(features, "tsne")
    assert not can_transfer(tsne)
    assert can_transfer(readout(features, "time_transductive"))
    assert can_transfer(readout(features, "raw"))
    with pytest.raises(ValueError, match="tsne has no map for rows that it has not seen"):
        features.transferred(tsne, TO_CICERO, 0, 0)


@pytest.mark.parametrize("name", ["raw", "window"])
def test_a_baseline_is_told_by_its_options_and_the_activity(features, name):
    one = readout(features, name)
    digest = features.digest(one, "buddy", 0, 0)
    assert features.digest(one, "buddy", 0, 0) == digest
    assert features.digest(one, "cicero", 0, 0) != digest
    longer = experiment(baselines=BASELINES | {"window": {"name": "raw_window", "bins": 6}})
    changed = dataclasses.replace(features, experiment=longer).digest(one, "buddy", 0, 0)
    assert (changed != digest) == (name == "window")


def test_populations_have_recordings_and_parts_of_their_own(tmp_path):
    recordings, described = area(), movie(baselines={"raw_ca": {"name": "raw", "population": "ca"}})
    models, embeddings = trained(recordings, described, tmp_path)
    splits = split(recordings, described)
    features = Features(recordings, splits, embeddings, models, described)
    assert [one.name for one in described.readouts] == ["joint_ca", "joint_neuropixels", "raw_ca"]
    for one in described.readouts:
        key = f"VISp/{one.population}"
        assert features.recording(one, "VISp") is recordings[key]
        np.testing.assert_array_equal(features.part(one, "VISp", 0), splits[key]["part"][0])
        assert len(features.of(one, "VISp", 0, 0)) == recordings[key].n_time
