"""Every result inherits from which kind of recording it came, over several runs."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cebra_kedro.run.provenance import PROVENANCE_NAME, Provenance

STATUSES = ["mismatch", "unverified", "verified", "simulated"]
"""From the most to the least worrying."""
REAL = {"simulated": False, "checksum_status": "verified"}
SIMULATED = {"simulated": True, "checksum_status": "simulated"}
RAT = "../recordings/index.json#rat"


class Project:
    """A project with its reporting folder."""

    def __init__(self, root):
        self.root = root
        self.reporting = root / "08_reporting"

    def run(self, run_id="first", environment="paper"):
        return Provenance(self.reporting, {"run_id": run_id, "environment": environment})

    def known(self, place):
        return json.loads((self.reporting / PROVENANCE_NAME).read_text())[place]

    def origin(self, place):
        entry = self.known(place)
        return entry["simulated"], entry["checksum_status"]


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def read(run, place, about):
    """A node writes a recording, which then says itself what it is."""
    run.note_recordings({place: about})
    run.note_written({place: []}, is_raw=True)


def test_places_are_relative_to_the_reporting_folder(project):
    run = project.run()
    assert run.place(project.reporting / "rats/scores.csv") == "rats/scores.csv"
    assert run.place(project.root / "recordings/index.json", "rat") == RAT


def test_origin_passes_from_the_recording_through_the_stages_to_the_report(project):
    run = project.run()
    read(run, RAT, REAL)
    run.note_written({"../embeddings#rat": [RAT]})
    run.note_written({"rats/scores.csv": ["../embeddings#rat"]})
    assert project.origin("rats/scores.csv") == (False, "verified")
    assert project.known("rats/scores.csv")["run_id"] == "first"
    assert project.known("rats/scores.csv")["environment"] == "paper"
    assert project.known("rats/scores.csv")["finished_at"]


def test_a_later_run_of_the_last_stage_alone_knows_the_origin(project):
    run = project.run()
    read(run, RAT, SIMULATED)
    run.note_written({"../embeddings#rat": [RAT]})
    project.run("second", "base").note_written({"scores.csv": ["../embeddings#rat"]})
    assert project.origin("scores.csv") == (True, "simulated")
    assert project.known("scores.csv")["run_id"] == "second"
    assert project.known("../embeddings#rat")["run_id"] == "first"


def test_old_embeddings_stay_simulated_though_the_recording_is_real_by_now(project):
    run = project.run()
    read(run, RAT, SIMULATED)
    run.note_written({"../embeddings#rat": [RAT]})
    read(project.run("second"), RAT, REAL)
    project.run("third").note_written({"scores.csv": ["../embeddings#rat"]})
    assert project.origin("scores.csv") == (True, "simulated")


def test_simulated_beside_real_is_neither(project):
    run = project.run()
    read(run, "../a", REAL)
    read(run, "../b", SIMULATED)
    run.note_written({"both.csv": ["../a", "../b"]})
    assert project.origin("both.csv") == (None, "verified")


@pytest.mark.parametrize("sources", [[], ["../unknown"], ["../a", "../unknown"]])
def test_what_comes_from_unknown_places_is_unknown(project, sources):
    run = project.run()
    read(run, "../a", REAL)
    run.note_written({"out.csv": sources})
    assert project.origin("out.csv") == (None, None)


@given(st.lists(st.sampled_from(STATUSES[:3]), min_size=1, max_size=3))
@settings(deadline=None, max_examples=20)
def test_the_most_worrying_checksum_counts(tmp_path_factory, statuses):
    project = Project(tmp_path_factory.mktemp("project"))
    run = project.run()
    places = [f"../recordings#{number}" for number in range(len(statuses))]
    for place, status in zip(places, statuses, strict=True):
        read(run, place, {"simulated": False, "checksum_status": status})
    run.note_written({"all.csv": places})
    assert project.origin("all.csv") == (False, min(statuses, key=STATUSES.index))


def test_several_results_of_a_node_each_have_their_sources(project):
    run = project.run()
    read(run, "../a", REAL)
    read(run, "../b", SIMULATED)
    run.note_written({"../embeddings#a": ["../a"], "../embeddings#b": ["../b"]})
    assert project.origin("../embeddings#a") == (False, "verified")
    assert project.origin("../embeddings#b") == (True, "simulated")


def test_a_recording_that_is_read_says_itself_what_it_is(project):
    read(project.run(), RAT, SIMULATED)
    later = project.run("second")
    later.note_recordings({RAT: REAL})  # the user has put another file there
    later.note_written({"../embeddings#rat": [RAT]})
    assert project.origin("../embeddings#rat") == (False, "verified")
    assert project.known(RAT)["run_id"] == "first"


def test_a_recording_that_says_nothing_is_unknown(project):
    read(project.run(), RAT, {"n_time": 4})
    assert project.origin(RAT) == (None, None)


def test_a_part_may_be_of_an_earlier_run_than_the_whole(project):
    run = project.run("first", "base")
    read(run, RAT, REAL)
    run.note_written({"../predictions#rat": [RAT]})
    later = project.run("second", "paper")
    later.note_written({"metrics.csv": [RAT], "metrics.csv#rat": [RAT]})
    later.keep_run("metrics.csv#rat", "../predictions#rat")
    later.note_written({})
    part, whole = project.known("metrics.csv#rat"), project.known("metrics.csv")
    assert (whole["run_id"], whole["environment"]) == ("second", "paper")
    assert (part["run_id"], part["environment"]) == ("first", "base")
    assert part["finished_at"] == project.known("../predictions#rat")["finished_at"]
    assert (part["simulated"], part["checksum_status"]) == (False, "verified")
    assert later.run_of("metrics.csv#rat")["run_id"] == "first"


def test_places_below_one_are_found_by_how_they_begin(project):
    run = project.run()
    run.note_written({"../a#x": [], "../a#y": [], "../b#x": []})
    assert run.known_places("../a") == ["../a#x", "../a#y"]


@pytest.mark.parametrize("damaged", [b"{", b"\xff", b"[1]", b'{"a": 3}'])
def test_a_damaged_file_is_begun_anew(project, damaged):
    project.reporting.mkdir()
    (project.reporting / PROVENANCE_NAME).write_bytes(damaged)
    read(project.run(), RAT, REAL)
    assert project.origin(RAT) == (False, "verified")


def test_nodes_in_threads_lose_no_note(project):
    run = project.run()
    names = [f"../{number}" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: read(run, name, REAL), names))
    known = json.loads((project.reporting / PROVENANCE_NAME).read_text())
    assert sorted(known) == sorted(names)


def test_two_runs_side_by_side_lose_no_note_of_each_other(project):
    first, second = project.run("first"), project.run("second")
    read(first, "../a", REAL)
    read(second, "../b", SIMULATED)
    first.note_written({"a.csv": ["../a"]})
    second.note_written({"b.csv": ["../b"]})
    assert project.origin("a.csv") == (False, "verified")
    assert project.origin("b.csv") == (True, "simulated")
    assert project.known("../a")["run_id"] == "first"
    assert project.known("b.csv")["run_id"] == "second"


def test_what_a_run_has_noted_itself_is_not_taken_from_the_file_of_others(project):
    first = project.run("first")
    read(first, RAT, REAL)
    second = project.run("second")
    second.note_recordings({RAT: SIMULATED})  # not written yet
    first.note_written({"../x": []})
    second.note_written({"b.csv": [RAT]})
    assert project.origin("b.csv") == (True, "simulated")


def test_a_file_that_is_deleted_during_a_run_makes_nothing_unknown(project):
    run = project.run()
    read(run, RAT, REAL)
    (project.reporting / PROVENANCE_NAME).unlink()
    run.note_written({"scores.csv": [RAT]})
    assert project.origin("scores.csv") == (False, "verified")


MANY = """
import sys
from pathlib import Path
from cebra_kedro.run.provenance import Provenance
name = sys.argv[2]
run = Provenance(Path(sys.argv[1]), {"run_id": name, "environment": "test"})
for number in range(60):
    run.note_written({f"../{name}/{number}": []})
"""


def test_processes_lose_no_note(project):
    names = ["rats", "mice", "apes"]
    command = [sys.executable, "-c", MANY, str(project.reporting)]
    processes = [subprocess.Popen([*command, name]) for name in names]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    known = json.loads((project.reporting / PROVENANCE_NAME).read_text())
    assert {place: entry["run_id"] for place, entry in known.items()} == {
        f"../{name}/{number}": name for name in names for number in range(60)
    }


ROUNDS = """
import sys
from pathlib import Path
from cebra_kedro.run.provenance import Provenance
name, simulated = sys.argv[2], sys.argv[3] == "simulated"
about = {"simulated": simulated, "checksum_status": "simulated" if simulated else "verified"}
for number in range(20):
    run = Provenance(Path(sys.argv[1]), {"run_id": f"{name} {number}", "environment": "test"})
    below = ""
    for stage in ("recordings", "embeddings", "metrics"):
        place = f"../{name}/{stage}#a"
        run.set_aside([place])
        if not below:
            run.note_recordings({place: about})
        run.note_written({place: [below]}, is_raw=not below)
        below = place
"""


def test_two_runs_at_once_twenty_times_note_all_and_each_its_own_kind(project):
    kinds = {"rats": "simulated", "mice": "real"}
    command = [sys.executable, "-c", ROUNDS, str(project.reporting)]
    processes = [subprocess.Popen([*command, name, kind]) for name, kind in kinds.items()]
    assert [process.wait(60) for process in processes] == [0, 0]
    known = json.loads((project.reporting / PROVENANCE_NAME).read_text())
    assert set(known) == {
        f"../{name}/{stage}#a"
        for name in kinds
        for stage in ("recordings", "embeddings", "metrics")
    }
    for place, entry in known.items():
        name = place.split("/")[1]
        assert entry["simulated"] is (kinds[name] == "simulated"), place
        assert entry["run_id"] == f"{name} 19"


def test_nothing_is_known_of_what_is_being_written(project):
    """A run that is killed meanwhile leaves no new file under the name of an earlier run."""
    run = project.run()
    read(run, RAT, REAL)
    run.note_written({"a.csv": [RAT], "b.csv": [RAT], "c.csv": [RAT]})
    second = project.run("second")
    second.set_aside(["a.csv", "b.csv", "new.csv"])
    known = json.loads((project.reporting / PROVENANCE_NAME).read_text())
    assert set(known) == {RAT, "c.csv"}
    assert set(second.set_aside_places()) == {"a.csv", "b.csv"}
    second.note_recordings({RAT: SIMULATED})
    second.note_written({"a.csv": [RAT]})
    second.give_back(["a.csv", "b.csv"])
    assert project.origin("a.csv") == (True, "simulated")
    assert project.origin("b.csv") == (False, "verified")
    assert project.known("b.csv")["run_id"] == "first"
    assert second.set_aside_places() == {}
    assert second.runs() == {"first", "second"}
