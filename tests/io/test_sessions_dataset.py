"""Sessions of an experiment as one entry: any dataset for each, read one at a time."""

from __future__ import annotations

import copy
import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest
from kedro.framework.context.context import _convert_paths_to_absolute_posix
from kedro.io import AbstractDataset, DataCatalog, DatasetError

from cebra_kedro.io import NpzDataset, RecordingDataset, SessionsDataset
from cebra_kedro.io.sessions_dataset import Sessions

RAT = {
    "type": "cebra_kedro.io.SimulatedDataset",
    "generator": "cebra_kedro.simulate.hippocampus.simulate_rat",
    "arguments": {"seed": 1, "n_units": 4, "n_trials": 3},
}


def npz(folder, name="{session}"):
    return {"type": "cebra_kedro.io.NpzDataset", "filepath": f"{folder}/{name}.npz"}


def write(folder, **values):
    for name, value in values.items():
        NpzDataset(filepath=folder / f"{name}.npz").save({"x": np.array([value])})


def value(arrays):
    return int(arrays["x"][0])


@pytest.fixture
def dataset(tmp_path):
    write(tmp_path, buddy=1, cicero=2)
    return SessionsDataset(sessions=["cicero", "buddy"], each=npz(tmp_path))


class TestLoading:
    def test_sessions_are_in_the_order_of_the_list(self, dataset):
        sessions = dataset.load()
        assert list(sessions) == ["cicero", "buddy"]
        assert len(sessions) == 2
        assert "buddy" in sessions
        assert "gatsby" not in sessions
        assert {name: value(arrays) for name, arrays in sessions.items()} == {
            "cicero": 2,
            "buddy": 1,
        }

    def test_a_session_is_read_when_it_is_asked_for_and_not_kept(self, dataset, tmp_path):
        sessions = dataset.load()
        write(tmp_path, buddy=7)
        assert value(sessions["buddy"]) == 7
        assert sessions["buddy"] is not sessions["buddy"]
        (tmp_path / "cicero.npz").unlink()
        assert value(sessions["buddy"]) == 7
        assert "cicero" in sessions
        assert sessions != Sessions({})

    def test_parts_of_a_session_are_read_one_by_one(self, tmp_path):
        write(tmp_path, VISp_ca=1)
        parts = {"ca": npz(tmp_path, "{session}_ca"), "np": npz(tmp_path, "{session}_np")}
        loaded = SessionsDataset(sessions=["VISp"], each=parts).load()["VISp"]
        assert list(loaded) == ["ca", "np"]
        assert value(loaded["ca"]) == 1
        with pytest.raises(
            DatasetError, match=r"session VISp \(np\): .*VISp_np\.npz does not exist"
        ):
            loaded["np"]

    def test_sessions_can_be_sent_to_another_process(self, dataset):
        assert value(pickle.loads(pickle.dumps(dataset.load()))["buddy"]) == 1

    def test_an_unknown_session_says_which_there_are(self, dataset):
        with pytest.raises(KeyError, match="no session 'gatsby'; there are cicero, buddy"):
            dataset.load()["gatsby"]

    def test_an_unreadable_session_is_named_with_its_file(self, dataset, tmp_path):
        (tmp_path / "buddy.npz").write_text("damaged")
        with pytest.raises(DatasetError, match=r"^session buddy: .*buddy\.npz is not a readable"):
            dataset.load()["buddy"]
        (tmp_path / "buddy.npz").unlink()
        with pytest.raises(DatasetError, match=r"^session buddy: .*buddy\.npz does not exist"):
            dataset.load()["buddy"]

    def test_it_is_read_only(self, dataset):
        with pytest.raises(DatasetError, match="read-only"):
            dataset.save({"buddy": 1})


class TestDefinitions:
    def test_values_of_a_session_are_put_over_those_of_each(self):
        sessions = {"achilles": {"arguments": {"seed": 2}}, "buddy": {}, "cicero": None}
        loaded = SessionsDataset(sessions=sessions, each=RAT).load()
        found = {name: loaded[name] for name in loaded}
        assert "seed=2" in found["achilles"].source
        assert "n_units=4" in found["achilles"].source
        assert "seed=1" in found["buddy"].source
        assert found["buddy"].checksum == found["cicero"].checksum != found["achilles"].checksum

    def test_a_definition_of_another_type_stands_for_itself(self, tmp_path):
        write(tmp_path, own=5)
        sessions = {"buddy": {}, "own": npz(tmp_path)}
        assert value(SessionsDataset(sessions=sessions, each=RAT).load()["own"]) == 5

    def test_definitions_need_no_template(self, tmp_path):
        write(tmp_path, a=1, b=2)
        sessions = {"one": npz(tmp_path, "a"), "two": {"ca": npz(tmp_path, "b")}}
        loaded = SessionsDataset(sessions=sessions).load()
        assert value(loaded["one"]) == 1
        assert value(loaded["two"]["ca"]) == 2

    def test_one_part_can_be_changed(self, tmp_path):
        write(tmp_path, a_ca=1, a_np=2, b_ca=3, other=4)
        parts = {"ca": npz(tmp_path, "{session}_ca"), "np": npz(tmp_path, "{session}_np")}
        sessions = {"a": {}, "b": {"np": {"filepath": f"{tmp_path}/other.npz"}}}
        loaded = SessionsDataset(sessions=sessions, each=parts).load()
        assert [value(part) for name in "ab" for part in loaded[name].values()] == [1, 2, 3, 4]

    def test_an_argument_called_type_is_an_argument(self):
        each = RAT | {"arguments": {"seed": 1, "type": "place"}}
        dataset = SessionsDataset(sessions={"a": {"arguments": {"type": "grid"}}}, each=each)
        [(_, found)] = dataset._datasets(None)
        assert found._arguments == {"seed": 1, "type": "grid"}

    def test_the_configuration_is_not_changed(self, tmp_path):
        each, sessions = npz(tmp_path), {"a": {"metadata": {"x": "{session}"}}}
        before = copy.deepcopy((each, sessions))
        SessionsDataset(sessions=sessions, each=each)
        assert (each, sessions) == before

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"sessions": []}, "must list names"),
            ({"sessions": "buddy"}, "must list names"),
            ({"sessions": ["buddy"]}, "session buddy has no definition"),
            ({"sessions": ["a", "b", "a"], "each": RAT}, "session a is there twice"),
            ({"sessions": [1], "each": RAT}, "text as name, got 1; put it in quotes"),
            ({"sessions": [""], "each": RAT}, "text as name, got ''"),
            ({"sessions": ["../a"], "each": RAT}, r"got '\.\./a'"),
            ({"sessions": ["a..b"], "each": RAT}, r"got 'a\.\.b'"),
            ({"sessions": ["a/b"], "each": RAT}, "got 'a/b'"),
            ({"sessions": ["{session}"], "each": RAT}, r"got '\{session\}'"),
            ({"sessions": ["a"], "each": "x"}, "each of SessionsDataset is a definition"),
            ({"sessions": {"a": "x"}, "each": RAT}, "session a must have a definition"),
            ({"sessions": {"a": {"filepath": "x"}}}, "session a has no type, and its filepath"),
            ({"sessions": {"a": {"ca": {"filepath": "x"}}}}, "has no type, and its ca"),
            ({"sessions": {"a": {"..": RAT}}}, r"got '\.\.'"),
            (
                {"sessions": ["a"], "each": {"type": "cebra_kedro.io.NoSuchDataset"}},
                "session a: .*NoSuchDataset",
            ),
            (
                {"sessions": {"a": {"ca": {"type": "no.Such"}}}},
                r"session a \(ca\): .*no\.Such",
            ),
            (
                {"sessions": ["a"], "each": RAT | {"steps": 3}},
                "session a: .*unexpected keyword argument 'steps'",
            ),
        ],
    )
    def test_what_is_wrong_is_refused_when_the_catalog_is_made(self, options, message):
        with pytest.raises(DatasetError, match=message):
            SessionsDataset(**options)


class TestFetching:
    def test_existence_is_asked_of_the_sessions_that_are_needed(self, dataset, tmp_path):
        assert dataset.exists()
        (tmp_path / "buddy.npz").unlink()
        assert not dataset.exists()
        assert dataset.exists(["cicero"])
        with pytest.raises(DatasetError, match="no session 'gatsby'"):
            dataset.exists(["gatsby"])

    def test_what_is_there_is_not_fetched(self, dataset):
        dataset.fetch_if_missing()

    def test_simulated_sessions_are_always_there(self):
        dataset = SessionsDataset(sessions=["buddy"], each=RAT)
        assert dataset.exists()
        dataset.fetch_if_missing()

    def test_missing_files_are_named_with_their_sessions(self, dataset, tmp_path):
        for path in tmp_path.iterdir():
            path.unlink()
        with pytest.raises(
            DatasetError,
            match=r"^session cicero: .*cicero\.npz does not exist; correct filepath, or put the "
            r"file there\. Also missing: buddy \(.*buddy\.npz\)$",
        ):
            dataset.fetch_if_missing()
        with pytest.raises(
            DatasetError, match=r"^session buddy: .*buddy\.npz does not exist[^.]*$"
        ):
            dataset.fetch_if_missing(["buddy"])

    def test_a_published_file_is_fetched_by_its_own_dataset(self, tmp_path):
        each = {
            "type": "cebra_kedro.io.PublishedPickleDataset",
            "filepath": f"{tmp_path}/{{session}}.jl",
            "obtain_from": "https://example.org",
        }
        dataset = SessionsDataset(sessions=["buddy"], each=each)
        with pytest.raises(
            DatasetError, match=r"^session buddy: .*obtain.*example\.org.*buddy\.jl"
        ):
            dataset.fetch_if_missing()

    def test_parts_are_asked_one_by_one(self, tmp_path):
        write(tmp_path, ca=1)
        parts = {"ca": npz(tmp_path, "ca"), "np": npz(tmp_path, "np")}
        dataset = SessionsDataset(sessions=["VISp"], each=parts)
        assert not dataset.exists()
        with pytest.raises(DatasetError, match=r"^session VISp \(np\): .*np\.npz does not exist"):
            dataset.fetch_if_missing()

    def test_a_dataset_that_cannot_tell_is_left_to_the_run(self):
        each = {"type": f"{__name__}.SomewhereDataset"}
        SessionsDataset(sessions=["a"], each=each).fetch_if_missing()


class SomewhereDataset(AbstractDataset):
    """Does not know whether it is there."""

    def load(self):
        return 1

    def save(self, data):
        pass

    def _describe(self):
        return {}


class TestInKedro:
    def test_relative_paths_are_those_of_the_project(self, tmp_path):
        """Kedro makes the paths of an entry absolute, also those deep in it."""
        entry = {
            "type": "cebra_kedro.io.SessionsDataset",
            "sessions": {
                "buddy": {},
                "own": {"filepath": "data/01_raw/own.npz"},
                "path": {"ca": npz("data/01_raw")},
            },
            "each": npz("data/01_raw"),
        }
        config = _convert_paths_to_absolute_posix(Path("/project"), {"raw": entry})
        dataset = DataCatalog.from_config(config)["raw"]
        found = {name: str(each._filepath) for name, each in dataset._datasets(["buddy", "own"])}
        assert found == {
            "buddy": "/project/data/01_raw/buddy.npz",
            "own": "/project/data/01_raw/own.npz",
        }

    def test_a_list_with_parts(self):
        entry = {
            "type": "cebra_kedro.io.SessionsDataset",
            "sessions": ["VISp"],
            "each": {"ca": npz("data"), "np": npz("data", "{session}_np")},
        }
        config = _convert_paths_to_absolute_posix(Path("/project"), {"raw": entry})
        dataset = DataCatalog.from_config(config)["raw"]
        assert [str(each._filepath) for _, each in dataset._datasets(None)] == [
            "/project/data/VISp.npz",
            "/project/data/VISp_np.npz",
        ]

    def test_it_shows_what_it_holds(self, dataset):
        assert "'buddy': 'NpzDataset'" in repr(dataset)

    def test_versioned_sessions_load_the_latest(self, tmp_path):
        path = tmp_path / "buddy.npz"
        each = npz(tmp_path) | {"versioned": True}
        for stamp in ("2024-01-01T00.00.00.000Z", "2024-01-02T00.00.00.000Z"):
            write(path / stamp, buddy=int(stamp[9]))
        assert value(SessionsDataset(sessions=["buddy"], each=each).load()["buddy"]) == 2

    def test_a_recording_of_the_user_is_a_session(self, tmp_path):
        from cebra_kedro.recording import Recording

        recording = Recording(np.ones((3, 2)), {}, 0.1, "monday")
        RecordingDataset(filepath=tmp_path / "monday.h5").save(recording)
        each = {"type": "cebra_kedro.io.RecordingDataset", "filepath": f"{tmp_path}/{{session}}.h5"}
        loaded = SessionsDataset(sessions=["monday"], each=each).load()
        assert loaded["monday"].n_neurons == 2


def test_a_session_says_which_files_it_is_from_and_their_digest(tmp_path):
    for name in ("a", "b"):
        np.savez(tmp_path / f"{name}.npz", x=np.arange(3))
    npz = {"type": "cebra_kedro.io.NpzDataset"}
    files = {name: npz | {"filepath": str(tmp_path / f"{name}.npz")} for name in ("a", "b")}
    sessions = SessionsDataset(sessions={"one": files["a"], "both": files}).load()
    digests = [
        hashlib.sha256((tmp_path / f"{name}.npz").read_bytes()).hexdigest() for name in ("a", "b")
    ]
    assert sessions.origin("one") == {"source": files["a"]["filepath"], "checksum": digests[0]}
    assert sessions.origin("both") == {
        "source": f"{files['a']['filepath']}, {files['b']['filepath']}",
        "checksum": hashlib.sha256("\n".join(digests).encode()).hexdigest(),
    }
