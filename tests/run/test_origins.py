"""Results of stores and tables are traced session by session, over several runs."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset
from matplotlib.figure import Figure

from cebra_kedro.cells import Cell, Pieces
from cebra_kedro.io import CsvDataset, StoreDataset
from cebra_kedro.recording import Label, Recording
from cebra_kedro.run.origins import Origins
from cebra_kedro.run.provenance import PROVENANCE_NAME, Provenance
from cebra_kedro.store import Store

REAL = {"simulated": False, "checksum_status": "verified", "checksum": "12ab", "source": "ann.jl"}
SIMULATED = {"simulated": True, "checksum_status": "simulated"}
SESSIONS = {"rats": ["ann", "ben"], "areas": ["VISp"]}


def recording(name, **meta):
    position = Label(np.arange(4, dtype=np.float32), "continuous", "m")
    return Recording(np.zeros((4, 3), np.uint8), {"position": position}, 0.025, name, meta=meta)


def array(path=None):
    return {"x": np.zeros(2)}


class Project:
    """The catalog of an experiment, and runs in which nodes write entries."""

    def __init__(self, root):
        self.root, self.reporting = root, root / "08_reporting"
        stores = {
            **dict.fromkeys(["recordings"], "recordings"),
            **dict.fromkeys(["splits", "time.embeddings", "embeddings", "predictions"], "arrays"),
        }
        self.catalog = DataCatalog(
            {
                **{
                    f"rats.{name}": StoreDataset(path=root / name, contents=contents)
                    for name, contents in stores.items()
                },
                "rats.loss.figures": StoreDataset(
                    path=self.reporting / "rats", contents="figures", index=".loss.json"
                ),
                "rats.metrics": CsvDataset(filepath=self.reporting / "rats/metrics.csv"),
                "rats.results": CsvDataset(filepath=self.reporting / "rats/results.csv"),
                "rats.raw": MemoryDataset("raw"),
                "areas.recordings": StoreDataset(path=root / "areas", contents="recordings"),
            }
        )

    def run(self, run_id="first"):
        run = {"run_id": run_id, "environment": "test"}
        return Origins(
            self.catalog, Provenance(self.reporting, run), SESSIONS, self.reporting.resolve()
        )

    def write(self, origins, name, data, inputs=("rats.raw",)):
        """A node reads entries and writes one, as the hook tells of it."""
        self.catalog.save(name, data)
        writer = SimpleNamespace(inputs=list(inputs))
        if name.endswith(".recordings"):
            origins.note_recordings(name, self.catalog.load(name))
        origins.note_written(name, data, writer)

    def read_raw(self, origins, **about):
        """Sessions are read from raw files."""
        recordings = {name: recording(name, **meta) for name, meta in about.items()}
        self.write(origins, "rats.recordings", recordings)

    @property
    def known(self):
        return json.loads((self.reporting / PROVENANCE_NAME).read_text())

    def origin(self, place):
        entry = self.known[place]
        return entry["simulated"], entry["checksum_status"], entry["run_id"]


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def per_fold(*sessions):
    return {f"{session}/fold0_seed{seed}": array() for session in sessions for seed in (0, 1)}


def table(*sessions):
    return pd.DataFrame({"subject": list(sessions), "value": [0.5] * len(sessions)})


IS_REAL, IS_SIMULATED = (False, "verified", "first"), (True, "simulated", "first")


def test_each_session_of_a_store_is_made_of_its_own_recording(project):
    run = project.run()
    project.read_raw(run, ann=REAL, ben=SIMULATED)
    project.write(run, "rats.time.embeddings", per_fold("ann", "ben"), ["rats.recordings"])
    for folder in ("recordings", "time.embeddings"):
        assert project.origin(f"../{folder}/index.json#ann") == IS_REAL
        assert project.origin(f"../{folder}/index.json#ben") == IS_SIMULATED
    assert set(project.known) == {
        f"../{folder}/index.json#{session}"
        for folder in ("recordings", "time.embeddings")
        for session in ("ann", "ben")
    }


def test_facts_of_recordings_come_back_by_key(project):
    project.catalog.save("areas.recordings", {"VISp/ca": recording("VISp", **REAL)})
    run = project.run()
    facts = run.note_recordings("areas.recordings", project.catalog.load("areas.recordings"))
    assert facts["VISp/ca"].items() >= {**REAL, "n_time": 4, "n_neurons": 3}.items()


def test_the_session_stands_before_or_behind_the_encoder(project):
    run = project.run()
    project.read_raw(run, ann=REAL, ben=SIMULATED)
    store = project.catalog.load("rats.recordings")
    assert isinstance(store, Store)
    project.write(run, "rats.predictions", {"ann/time/fold0_seed0": array()}, ["rats.recordings"])
    project.write(run, "rats.time.embeddings", per_fold("ben"), ["rats.recordings"])
    both = Store.union({"time": project.catalog.load("rats.time.embeddings")})
    project.write(run, "rats.embeddings", both, ["rats.time.embeddings"])
    assert project.origin("../predictions/index.json#ann") == IS_REAL
    assert project.origin("../embeddings/index.json#ben") == IS_SIMULATED


def test_a_transfer_is_of_both_sessions(project):
    run = project.run()
    project.read_raw(run, ann=REAL, ben=SIMULATED)
    pieces = {"ann_to_ben/time/fold0_seed0": array()}
    project.write(run, "rats.predictions", pieces, ["rats.recordings"])
    place = "../predictions/index.json#ann_to_ben"
    assert project.origin(place) == (None, "verified", "first")


def test_what_is_of_all_sessions_is_of_all_recordings(project):
    run = project.run()
    project.read_raw(run, ann=REAL, ben=SIMULATED)
    project.write(run, "rats.time.embeddings", {"joint/fold0_seed0": array()}, ["rats.recordings"])
    assert project.origin("../time.embeddings/index.json#all") == (None, "verified", "first")


def test_unfinished_pieces_are_known_by_their_keys(project):
    run = project.run()
    project.read_raw(run, ann=REAL)
    pieces = Pieces({"ann/fold0_seed0": Cell(array, "a")}, title="rats")
    project.write(run, "rats.time.embeddings", pieces, ["rats.recordings"])
    assert project.origin("../time.embeddings/index.json#ann") == IS_REAL


def test_figures_are_known_file_by_file(project):
    run = project.run()
    project.read_raw(run, ann=REAL, ben=SIMULATED)
    figures = {"ann/loss": Figure(), "ben/loss": None, "loss": Figure()}
    project.write(run, "rats.loss.figures", figures, ["rats.recordings"])
    assert project.origin("rats/ann/loss.png") == IS_REAL
    assert project.origin("rats/loss.png") == (None, "verified", "first")
    assert "rats/ben/loss.png" not in project.known  # nothing was drawn
    assert run.results("rats.loss.figures", figures) == [
        file.relative_to(project.reporting) for file in sorted(project.reporting.rglob("*.png"))
    ]


def test_a_table_is_of_all_sessions_and_its_rows_of_theirs(project):
    run = project.run()
    project.read_raw(run, ann=REAL, ben=SIMULATED)
    project.write(run, "rats.predictions", per_fold("ann", "ben"), ["rats.recordings"])
    project.write(run, "rats.metrics", table("ann", "ben"), ["rats.predictions"])
    assert project.origin("rats/metrics.csv") == (None, "verified", "first")
    assert project.origin("rats/metrics.csv#ann") == IS_REAL
    assert project.origin("rats/metrics.csv#ben") == IS_SIMULATED


def test_rows_of_a_session_are_of_the_run_that_decoded_it(project):
    first = project.run()
    project.read_raw(first, ann=REAL, ben=SIMULATED)
    project.write(first, "rats.predictions", per_fold("ann", "ben"), ["rats.recordings"])
    second = project.run("second")  # of ben only; the table is written for both
    project.write(second, "rats.predictions", per_fold("ben"), ["rats.recordings"])
    inputs = ["rats.predictions", "rats.recordings"]
    project.write(second, "rats.metrics", table("ann", "ben"), inputs)
    assert project.origin("rats/metrics.csv#ann") == IS_REAL
    assert project.origin("rats/metrics.csv#ben") == (True, "simulated", "second")
    assert project.known["rats/metrics.csv"]["run_id"] == "second"


def test_sessions_that_a_run_leaves_out_keep_their_origin(project):
    project.read_raw(project.run(), ann=REAL, ben=SIMULATED)
    project.read_raw(project.run("second"), ben=REAL)
    assert project.origin("../recordings/index.json#ann") == IS_REAL
    assert project.origin("../recordings/index.json#ben") == (False, "verified", "second")


def test_what_is_made_of_unknown_files_is_unknown(project):
    project.catalog.save("rats.recordings", {"ann": recording("ann")})
    run = project.run()
    project.write(run, "rats.time.embeddings", per_fold("ann"), ["rats.recordings"])
    assert project.origin("../time.embeddings/index.json#ann") == (None, None, "first")


def test_an_empty_store_and_parameters_say_nothing_against_the_others(project):
    run = project.run()
    project.read_raw(run, ann=REAL)
    project.catalog.save("rats.embeddings", {})
    inputs = ["rats.embeddings", "rats.recordings", "params:rats"]
    project.write(run, "rats.metrics", table("ann"), inputs)
    assert project.origin("rats/metrics.csv") == IS_REAL


def test_a_table_of_results_inherits_from_the_figures_and_tables_it_lists(project):
    run = project.run()
    project.read_raw(run, ann=SIMULATED)
    project.write(run, "rats.loss.figures", {"ann/loss": Figure()}, ["rats.recordings"])
    project.write(run, "rats.metrics", table("ann"), ["rats.recordings"])
    listed = pd.DataFrame({"file": ["a"]})
    project.write(run, "rats.results", listed, ["rats.loss.figures", "rats.metrics"])
    assert project.origin("rats/results.csv") == IS_SIMULATED


def test_what_lies_in_memory_is_no_result(project):
    run = project.run()
    assert run.files("rats.raw") == []
    assert run.results("rats.raw", "raw") == []
    run.note_written("rats.raw", "raw", SimpleNamespace(inputs=[]))
    assert not project.reporting.exists()


def test_results_are_what_lies_in_the_reporting_folder(project):
    run = project.run()
    project.read_raw(run, ann=REAL)
    project.write(run, "rats.metrics", table("ann"), ["rats.recordings"])
    (metrics,) = run.results("rats.metrics", table("ann"))
    assert metrics.as_posix() == "rats/metrics.csv"
    assert run.results("rats.recordings", {"ann": None}) == []
    assert run.files("rats.recordings") == [project.root / "recordings/index.json"]


def test_what_is_suspected_of_recordings_is_kept_by_session(project):
    found = {
        f"ann/{population}": recording("ann", **REAL, suspicions=[f"of {population}"])
        for population in ("ca", "neuropixels")
    }
    project.write(project.run(), "rats.recordings", found | {"ben": recording("ben", **REAL)})
    ann = project.known["../recordings/index.json#ann"]
    assert ann["suspicions"] == ["ca: of ca", "neuropixels: of neuropixels"]
    assert (ann["dataset"], ann["n_neurons"], ann["n_time"]) == ("rats.recordings", 6, 4)
    assert project.known["../recordings/index.json#ben"]["suspicions"] == []


def test_outputs_of_the_run_s_sessions_are_set_aside_and_what_is_not_written_comes_back(project):
    first = project.run()
    project.read_raw(first, ann=REAL, ben=REAL)
    figures = {"ann/loss": Figure(), "ben/loss": Figure(), "loss": Figure()}
    project.write(first, "rats.loss.figures", figures, ["rats.recordings"])
    project.write(first, "rats.metrics", table("ann", "ben"), ["rats.recordings"])
    before = project.known
    second = Origins(
        project.catalog,
        Provenance(project.reporting, {"run_id": "second", "environment": "test"}),
        SESSIONS,
        project.reporting.resolve(),
        {"rats": ["ben"]},
    )
    second.set_aside(["rats.raw", "rats.metrics", "rats.loss.figures", "areas.recordings"])
    gone = {"rats/metrics.csv", "rats/metrics.csv#ben", "rats/ben/loss.png", "rats/loss.png"}
    assert before.keys() - project.known.keys() == gone
    # ben's loss alone is written; the table is as old as it was
    project.write(second, "rats.loss.figures", {"ben/loss": Figure()}, ["rats.recordings"])
    assert project.known["rats/ben/loss.png"]["run_id"] == "second"
    assert project.origin("rats/loss.png") == IS_REAL
    assert "rats/metrics.csv" not in project.known
    second.give_back_unwritten(lambda file: file.name == "metrics.csv")
    assert project.origin("rats/metrics.csv#ben") == IS_REAL
    assert project.known.keys() == before.keys()
