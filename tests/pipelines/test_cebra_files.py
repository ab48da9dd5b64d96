"""Encoders that cebra trained elsewhere stand in the pipeline where trained ones do."""

import contextlib
import hashlib

import cebra
import numpy as np
import pytest
from small_experiments import POSITION, experiment, rats, saved, split, with_labels

from cebra_kedro.pipeline_registry import stages_of
from cebra_kedro.pipelines.decoding.nodes import decode, score
from cebra_kedro.pipelines.reporting.nodes import describe
from cebra_kedro.pipelines.training.nodes import embed, join_stores, open_encoder

ATOL = 1e-5  # float32 sums in another order, for embeddings of size 1


def fitted(*recordings, architecture="offset10-model", labels=True, batch_size=16):
    """What cebra trained a few steps, of one recording or of several together."""
    settings = {"model_architecture": architecture, "batch_size": batch_size, "max_iterations": 3}
    model = cebra.CEBRA(**settings, num_hidden_units=4, output_dimension=3, device="cpu")
    neural = [one.neural.astype(np.float32) for one in recordings]
    position = [np.array(one.labels["position"].values) for one in recordings]
    if len(recordings) > 1:
        return model.fit(neural, position)
    return model.fit(neural[0], *(position if labels else ()))


def without_trials(recording):
    """Windows of cebra reach over the ends of trials; of one trial there are none."""
    one = with_labels(recording)
    object.__setattr__(one, "trial", None)
    return one


@pytest.fixture
def recordings():
    return rats()


@pytest.fixture
def run(recordings, tmp_path_factory):
    """The models and embeddings of the encoder ``theirs``."""

    def of(block, own=None):
        described = experiment(encoders={"theirs": block})
        own = recordings if own is None else own
        names = {"name": "rats", "encoder": "theirs"}
        folder = tmp_path_factory.mktemp("stores")
        pieces = open_encoder(own, described, None, **names)
        models = saved(pieces, folder / "models", "models")
        pieces = embed(models, own, described, None, **names)
        return described, models, saved(pieces, folder / "embeddings", "arrays")

    return of


@pytest.mark.parametrize(
    ("architecture", "backend"),
    # cebra 0.6 cannot pickle networks of longer windows; test_old_cebra_files has pickled ones
    [("offset1-model", "sklearn"), ("offset10-model", "sklearn"), ("offset1-model", "torch")],
)
def test_the_embedding_is_that_of_cebra(run, recordings, tmp_path, architecture, backend):
    buddy = recordings["buddy"] = without_trials(recordings["buddy"])
    theirs, file = fitted(buddy, architecture=architecture), tmp_path / "theirs.pt"
    with pytest.warns(DeprecationWarning) if backend == "torch" else contextlib.nullcontext():
        theirs.save(file, backend=backend)
    _, models, embeddings = run({"from_file": str(file), "sessions": ["buddy"]})
    expected = theirs.transform(buddy.neural.astype(np.float32))
    assert list(embeddings) == ["buddy/all_seed0"]
    np.testing.assert_allclose(embeddings["buddy/all_seed0"]["embedding"], expected, atol=ATOL)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert models.fingerprint("buddy/all_seed0") == f"imported:{digest}"


def test_away_from_the_ends_of_trials_too(run, recordings, tmp_path):
    theirs = fitted(recordings["buddy"])
    theirs.save(tmp_path / "theirs.pt")
    _, _, embeddings = run({"from_file": str(tmp_path / "theirs.pt"), "sessions": ["buddy"]})
    found = embeddings["buddy/all_seed0"]["embedding"]
    expected = theirs.transform(recordings["buddy"].neural.astype(np.float32))
    trial = recordings["buddy"].trial
    inside = np.array([len(set(trial[max(0, i - 5) : i + 5])) == 1 for i in range(len(trial))])
    np.testing.assert_allclose(found[inside], expected[inside], atol=ATOL)
    assert not np.allclose(found[~inside], expected[~inside], atol=ATOL)


def test_each_session_has_its_file_or_all_have_one(run, recordings, tmp_path):
    recordings = {name: without_trials(one) for name, one in recordings.items()}
    files = {}
    for name, one in recordings.items():
        files[name] = str(tmp_path / f"{name}.pt")
        fitted(one).save(files[name])
    _, models, _ = run({"from_file": files}, recordings)
    assert list(models) == ["buddy/all_seed0", "cicero/all_seed0"]
    together, file = fitted(*recordings.values()), tmp_path / "together.pt"
    together.save(file)
    _, models, embeddings = run({"from_file": str(file), "sessions": "joint"}, recordings)
    assert list(models) == ["joint/all_seed0"]
    for number, (name, one) in enumerate(recordings.items()):
        expected = together.transform(one.neural.astype(np.float32), session_id=number)
        found = embeddings[f"{name}/all_seed0"]["embedding"]
        np.testing.assert_allclose(found, expected, atol=ATOL)


def test_it_is_decoded_in_every_fold_under_a_name_that_says_what_is_not_known(
    run, recordings, tmp_path
):
    fitted(recordings["buddy"]).save(tmp_path / "theirs.pt")
    block = {"from_file": str(tmp_path / "theirs.pt"), "sessions": ["buddy"]}
    described, models, embeddings = run(block)
    models, embeddings = join_stores(theirs=models), join_stores(theirs=embeddings)
    splits = split(recordings, described)
    pieces = decode(recordings, splits, embeddings, models, described, None, "rats")
    predictions = saved(pieces, tmp_path / "predictions", "arrays")
    table = score(models, described, "rats", predictions)
    assert set(table["variant"]) == {"theirs_unknown_split"}
    errors = table[table["metric"] == "position_r2"]
    assert [*errors["fold"]] == [0, 1, 2]
    [facts] = describe(recordings, described, None, models)["variants"]
    assert (facts["guided"], facts["window_bins"]) == (True, 10)


def test_where_the_history_is_not_comparable_there_is_no_goodness_of_fit(run, recordings, tmp_path):
    fitted(recordings["buddy"], batch_size=None, labels=False).save(tmp_path / "theirs.pt")
    block = {"from_file": str(tmp_path / "theirs.pt"), "sessions": ["buddy"]}
    described, models, _ = run(block)
    assert score(join_stores(theirs=models), described, "rats").empty


def other_width(recordings, tmp_path):
    fitted(recordings["cicero"]).save(tmp_path / "theirs.pt")


def two_networks(recordings, tmp_path):
    fitted(*recordings.values()).save(tmp_path / "theirs.pt")


def no_model(recordings, tmp_path):
    (tmp_path / "theirs.pt").write_bytes(b"nothing")


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (other_width, r"trained on 5 neurons, but buddy has 3; name the file of this recording"),
        (two_networks, r"has 2 networks, .*but it is to embed 1: buddy"),
        (no_model, r"cannot be read as a file of cebra"),
        (lambda *_: None, r"No such file"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_when_recordings_are_split(
    recordings, tmp_path, write, message
):
    write(recordings, tmp_path)
    theirs = {"from_file": str(tmp_path / "theirs.pt"), "sessions": ["buddy"]}
    described = experiment(encoders={"position": POSITION, "theirs": theirs})
    with pytest.raises(ValueError, match=rf"encoders\.theirs\.from_file: .*{message}"):
        split(recordings, described)


def test_what_was_trained_with_labels_has_seen_those_of_test_trials(recordings, tmp_path):
    file = tmp_path / "theirs.pt"
    block = {"from_file": str(file), "sessions": ["buddy"], "fit_on": "all"}
    described = experiment(encoders={"their_transductive": block})
    fitted(recordings["buddy"], labels=False).save(file)
    split(recordings, described)
    fitted(recordings["buddy"]).save(file)
    with pytest.raises(ValueError, match="was trained with labels"):
        split(recordings, described)


def test_nothing_of_cebra_is_read_where_there_is_no_file(recordings, monkeypatch):
    """Nor is there a node, or an input of one, that is not there otherwise."""
    monkeypatch.setattr("cebra_kedro.pipelines.training.cebra_files.opened_encoder", None)
    split(recordings, experiment())
    stages = stages_of("rats", experiment())
    assert not any(node.name.endswith(".open") for node in stages["training"].nodes)
    [about] = [node for node in stages["reporting"].nodes if node.name.endswith(".about")]
    assert "rats.models" not in about.inputs
