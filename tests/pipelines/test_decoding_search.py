"""A search sees validation trials only, is played again from its files, and finds what is best."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from small_experiments import POSITION, TRAINING, experiment, rats, saved, split, with_labels

from cebra_kedro.experiment.rooms import check_rooms
from cebra_kedro.pipelines.decoding.nodes import search
from cebra_kedro.pipelines.reporting.nodes import one_table
from cebra_kedro.recording import Label

pytest.importorskip("optuna")

RATE, OFFSET = "training.optimizer.learning_rate", "encoders.position.pairs.time_offset_bins"
SEARCH = {
    "encoder": "position",
    "score": "position_r2",
    "trials": 6,
    "at_once": 3,
    "over": {RATE: {"low": 0.0001, "high": 0.1, "log": True}, OFFSET: [1, 2, 3]},
}


def described(**search_options):
    return experiment(
        split={"by": "trial", "folds": 3, "scheme": "interleaved"},
        training=TRAINING | {"seeds": [3, 4]},
        search=SEARCH | search_options,
    )


def searched(folder, chosen, recordings=None):
    """The store of a search, and its table."""
    recordings = recordings or rats()
    rounds = search(recordings, split(recordings, chosen), chosen, None, "rats")
    store = saved(rounds, folder, "tables")
    return store, one_table(store)


def files(folder):
    return {
        path: path.stat().st_mtime_ns for path in folder.rglob("*.json") if path.stem != "index"
    }


def test_settings_are_scored_on_validation_and_the_choice_on_test_trials(tmp_path):
    store, table = searched(tmp_path, described(prune=False))
    assert list(table.columns[:5]) == ["trial", "scored_on", "chosen_by", RATE, OFFSET]
    valid = table[(table["scored_on"] == "valid") & (table["metric"] == "position_r2")]
    assert sorted(valid["trial"].unique()) == list(range(6))
    assert valid.groupby("trial").size().tolist() == [2 * 3 * 1] * 6  # sessions, folds, first seed
    means = valid.groupby("trial")["value"].mean()
    test = table[table["scored_on"] == "test"]
    assert set(test["trial"]) == {means.idxmax()}
    assert len(test[test["metric"] == "position_r2"]) == 2 * 3 * 2
    assert "position/chosen/buddy_fold0_seed4" in store
    assert "position/trial005/cicero_fold2_seed3" in store


def test_it_begins_with_what_is_described(tmp_path):
    _, table = searched(tmp_path, described(trials=1))
    assert set(table[RATE]) == {0.001}
    assert set(table[OFFSET]) == {2}


def test_test_trials_have_no_say(tmp_path):
    """With all labels of the test trials of every fold set to noise, the search is the same."""
    chosen = described(trials=4, prune=False, sessions=["buddy"])
    recordings = rats()
    part = split(recordings, chosen)["buddy"]["part"]
    _, before = searched(tmp_path / "one", chosen, recordings)
    for fold in range(3):
        values = recordings["buddy"].label("position").values.copy()
        test = part[fold] == 2
        values[test] = np.random.default_rng(0).uniform(0, 1, test.sum())
        noisy = with_labels(recordings["buddy"], position=Label(values, "continuous", "m"))
        _, after = searched(tmp_path / f"noise{fold}", chosen, recordings | {"buddy": noisy})
        first, other = (
            table[(table["fold"] == fold) & (table["scored_on"] == "valid") & (table["trial"] < 3)]
            for table in (before, after)
        )
        pd.testing.assert_frame_equal(first.reset_index(drop=True), other.reset_index(drop=True))
        assert not before[before["scored_on"] == "test"].equals(after[after["scored_on"] == "test"])


def test_it_is_played_again_from_its_files(tmp_path):
    _, table = searched(tmp_path, described())
    before = files(tmp_path)
    lost = sorted(before)[3]
    lost.unlink()
    _, again = searched(tmp_path, described())
    pd.testing.assert_frame_equal(again, table)
    changed = {path for path, time in files(tmp_path).items() if before[path] != time}
    assert changed == {lost}


def test_more_trials_go_on_from_those_that_are_there(tmp_path):
    searched(tmp_path, described(prune=False, trials=3))
    before = {path: time for path, time in files(tmp_path).items() if "chosen" not in path.parts}
    searched(tmp_path, described(prune=False, trials=6))
    after = files(tmp_path)
    assert {path: after[path] for path in before} == before
    assert len({path.parent.name for path in after}) >= 7


def test_what_is_worse_than_most_is_given_up_and_the_best_is_found(tmp_path):
    """With scores that are known: no encoder is trained."""
    from cebra_kedro.pipelines.decoding.search import Search

    chosen = described(trials=60, at_once=4, over={RATE: {"low": 1e-4, "high": 1e-1, "log": True}})
    recordings = rats()
    asked = {}

    def computed(cells):
        asked.update({key: cell.compute._about for key, cell in cells.items()})
        return {key: known(cell.compute._about[RATE]) for key, cell in cells.items()}

    def known(rate):
        row = {"decoder": "knn", "metric": "position_r2", "value": -abs(np.log10(rate) + 2)}
        return pd.DataFrame([row])

    Search(
        recordings, split(recordings, chosen), chosen, ("buddy",), "rats", lambda *_: [], "code"
    ).play(computed)
    (rate,) = {about[RATE] for about in asked.values() if about["scored_on"] == "test"}
    assert abs(np.log10(rate) + 2) < 0.1
    runs = pd.Series([about["trial"] for about in asked.values() if about["scored_on"] == "valid"])
    counts = runs.value_counts()
    assert set(counts) == {1, 3} or set(counts) == {1, 2, 3}
    assert (counts < 3).sum() > 10
    late, early = runs[runs >= 40].nunique(), runs[runs < 20].nunique()
    assert (late, early) == (20, 20)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"encoder": "positions"}, "search.encoder"),
        ({"score": None}, "say what is to be made best, or headline"),
        ({"over": {}}, "at least 1 item"),
        ({"over": {"split.folds": [3]}}, "a search can change training, encoders"),
        ({"over": {RATE: []}}, "over has no values for"),
        ({"sessions": ["nobody"]}, "search.sessions"),
    ],
)
def test_a_wrong_search_is_refused(change, message):
    with pytest.raises(ValidationError, match=message):
        described(**change)


def test_an_encoder_that_has_seen_the_validation_trials_is_refused():
    with pytest.raises(ValidationError, match="fitted to validation trials too"):
        experiment(encoders={"position": POSITION | {"fit_on": "train_and_valid"}}, search=SEARCH)


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"training.optimizer.rate": [1.0]}, "has no rate"),
        ({RATE: {"low": -1.0, "high": 0.1}}, "learning_rate"),
    ],
)
def test_values_that_no_run_could_have_are_refused_at_the_door(over, message):
    with pytest.raises(ValueError, match=message):
        check_rooms("rats", described(over=over))


def test_a_score_that_decoding_does_not_give_is_told_with_those_it_gives(tmp_path):
    with pytest.raises(Exception, match=r"decoding gives no .*accuracy.*position_r2"):
        searched(tmp_path, described(score="accuracy"))
