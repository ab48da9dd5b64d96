"""Every file inherits from which kind of recording it came, over several runs."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cebra_kedro.recording import Label, Recording
from cebra_kedro.run.provenance import PROVENANCE_NAME, Provenance

STATUSES = [
    "mismatch",
    "unverified",
    "verified",
    "simulated",
]  # from the most to the least worrying


def recording(simulated, checksum_status):
    position = Label(np.zeros(2, np.float32), "continuous", "m")
    meta = {"simulated": simulated, "checksum_status": checksum_status}
    return Recording(np.zeros((2, 1), np.uint8), {"position": position}, 0.025, "rat", meta=meta)


REAL, SIMULATED = recording(False, "verified"), recording(True, "simulated")


class Files:
    """A project's files below one folder, with the reporting folder among them."""

    def __init__(self, root):
        self.root = root
        self.reporting = root / "08_reporting"

    def run(self, run_id="first", environment="paper"):
        return Provenance(self.reporting, {"run_id": run_id, "environment": environment})

    def path(self, name):
        return self.root / name

    def known(self, name):
        return json.loads((self.reporting / PROVENANCE_NAME).read_text())[name]

    def origin(self, name):
        entry = self.known(name)
        return entry["simulated"], entry["checksum_status"]


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


def test_origin_passes_from_the_recording_through_the_stages_to_the_report(files):
    run = files.run()
    run.note_written(files.path("rat.h5"), REAL, [])
    run.note_written(files.path("embeddings"), {}, [files.path("rat.h5")])
    run.note_written(files.path("08_reporting/rat/scores.csv"), None, [files.path("embeddings")])
    assert files.origin("rat/scores.csv") == (False, "verified")
    assert files.known("rat/scores.csv")["run_id"] == "first"
    assert files.known("rat/scores.csv")["environment"] == "paper"


def test_a_later_run_of_the_last_stage_alone_knows_the_origin(files):
    run = files.run()
    run.note_written(files.path("rat.h5"), SIMULATED, [])
    run.note_written(files.path("embeddings"), {}, [files.path("rat.h5")])
    later = files.run("second", "base")
    later.note_written(files.path("08_reporting/scores.csv"), None, [files.path("embeddings")])
    assert files.origin("scores.csv") == (True, "simulated")
    assert files.known("scores.csv")["run_id"] == "second"
    assert files.known("../embeddings")["run_id"] == "first"


def test_old_embeddings_stay_simulated_though_the_recording_is_real_by_now(files):
    run = files.run()
    run.note_written(files.path("rat.h5"), SIMULATED, [])
    run.note_written(files.path("embeddings"), {}, [files.path("rat.h5")])
    files.run("second").note_written(files.path("rat.h5"), REAL, [])
    files.run("third").note_written(
        files.path("08_reporting/scores.csv"), None, [files.path("embeddings")]
    )
    assert files.origin("scores.csv") == (True, "simulated")


def test_simulated_beside_real_is_neither(files):
    run = files.run()
    run.note_written(files.path("a.h5"), REAL, [])
    run.note_written(files.path("b.h5"), SIMULATED, [])
    run.note_written(
        files.path("08_reporting/both.csv"), None, [files.path("a.h5"), files.path("b.h5")]
    )
    assert files.origin("both.csv")[0] is None


@pytest.mark.parametrize("sources", [[], ["unknown.npz"], ["a.h5", "unknown.npz"]])
def test_what_comes_from_unknown_files_is_unknown(files, sources):
    run = files.run()
    run.note_written(files.path("a.h5"), REAL, [])
    run.note_written(files.path("out.csv"), None, [files.path(name) for name in sources])
    assert files.origin("../out.csv") == (None, None)


@given(st.lists(st.sampled_from(STATUSES[:3]), min_size=1, max_size=3))
@settings(deadline=None, max_examples=20)
def test_the_most_worrying_checksum_counts(tmp_path_factory, statuses):
    files = Files(tmp_path_factory.mktemp("project"))
    run = files.run()
    paths = [files.path(f"{number}.h5") for number in range(len(statuses))]
    for path, status in zip(paths, statuses, strict=True):
        run.note_written(path, recording(False, status), [])
    run.note_written(files.path("all.csv"), None, paths)
    assert files.origin("../all.csv") == (False, min(statuses, key=STATUSES.index))


def test_a_recording_that_is_read_says_itself_what_it_is(files):
    files.run().note_written(files.path("rat.h5"), SIMULATED, [])
    later = files.run("second")
    later.note_read(files.path("rat.h5"), REAL)  # the user has put another file there
    later.note_read(files.path("splits.npz"), {"part": np.zeros(2)})
    later.note_written(files.path("embeddings"), {}, [files.path("rat.h5")])
    assert files.origin("../embeddings") == (False, "verified")
    assert files.known("../rat.h5")["run_id"] == "first"


@pytest.mark.parametrize("damaged", [b"{", b"\xff", b"[1]", b'{"a": 3}'])
def test_a_damaged_file_is_begun_anew(files, damaged):
    files.reporting.mkdir()
    (files.reporting / PROVENANCE_NAME).write_bytes(damaged)
    files.run().note_written(files.path("a.h5"), REAL, [])
    assert files.origin("../a.h5") == (False, "verified")


def test_nodes_in_threads_lose_no_note(files):
    run = files.run()
    names = [f"{number}.h5" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: run.note_written(files.path(name), REAL, []), names))
    known = json.loads((files.reporting / PROVENANCE_NAME).read_text())
    assert sorted(known) == sorted(f"../{name}" for name in names)
