"""What would stop a run later is refused before its first node, in words that help."""

import os
import warnings
from pathlib import Path
from typing import ClassVar

import pytest
from kedro.io import AbstractDataset, DataCatalog, DatasetError, MemoryDataset
from kedro.pipeline import Pipeline, node

from cebra_kedro.experiment import Descriptions
from cebra_kedro.io import SessionsDataset
from cebra_kedro.pipeline_registry import stages_of
from cebra_kedro.run.checks import (
    check_environment,
    check_experiments,
    check_names,
    check_parameters,
    check_sessions,
    check_writable,
    fetch_raw_files,
)

EXPERIMENT = {
    "sessions": ["ann", "ben"],
    "source": "recording",
    "split": {"by": "trial"},
    "training": {"steps": 10, "encoder": {"architecture": "offset1-model"}},
    "encoders": {"time": {"pairs": {"law": "time", "time_offset_bins": 3}}},
    "compare": {"seeds": False},
}


def described(**experiments):
    """Descriptions of experiments by name."""
    return Descriptions.of(experiments)


def registered(name, experiment):
    return sum(stages_of(name, experiment).values(), Pipeline([]))


def test_the_experiments_come_back_by_name():
    found = check_parameters({"rats": EXPERIMENT, "only_sessions": None}, [])
    assert list(found.experiments) == ["rats"]
    assert found.problems == {}


def test_a_wrong_description_waits_until_it_is_asked_for():
    found = check_parameters({"rats": EXPERIMENT, "mice": EXPERIMENT | {"figurs": []}}, [])
    assert list(found.experiments) == ["rats"]
    assert "unknown parameter mice.figurs (did you mean figures?)" in found.problems["mice"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("only_session", " (did you mean only_sessions?)"),
        ("rat", " (did you mean rats?)"),
        ("zzz", ""),
    ],
)
@pytest.mark.parametrize("value", [1, "ann", ["ann"], None])
def test_a_parameter_that_describes_nothing_is_refused_with_one_that_is_alike(name, hint, value):
    parameters = {"rats": EXPERIMENT, "only_sessions": None, name: value}
    with pytest.raises(ValueError, match=r".") as caught:
        check_parameters(parameters, [])
    assert str(caught.value) == (
        f"unknown parameter {name}{hint}. Correct conf/*/parameters*.yml or --params"
    )


def test_parameters_of_the_command_line_alone_describe_nothing(tmp_path):
    """``--params rat.training.steps=5`` would change nothing, and say nothing."""
    (tmp_path / "parameters.yml").write_text("rats:\n  sessions: [ann]\n")
    both = {"rats": EXPERIMENT, "rat": {"training": {"steps": 5}}}
    assert "rat" in check_parameters(both, [tmp_path]).problems
    with pytest.raises(ValueError, match=r"unknown parameter rat \(did you mean rats\?\)"):
        check_parameters(both, [tmp_path], ["rat"])
    wrong = {"rats": EXPERIMENT | {"figurs": []}}
    assert "rats.figurs" in check_parameters(wrong, [tmp_path], ["rats"]).problems["rats"]


@pytest.mark.parametrize("name", ["training", "everything"])
def test_the_name_of_a_pipeline_is_no_name_of_an_experiment(name):
    found = check_parameters({name: EXPERIMENT}, [])
    assert f"{name} is the name of a pipeline of its own" in found.problems[name]


def test_the_file_of_a_parameter_that_describes_nothing_is_named(tmp_path):
    (tmp_path / "parameters.yml").write_text("only_session: [ann]\n")
    with pytest.raises(ValueError, match=rf"Correct {tmp_path}/parameters.yml or --params$"):
        check_parameters({"only_session": ["ann"]}, [tmp_path])


def test_experiments_of_a_run_that_are_described_rightly_pass():
    descriptions = described(rats=EXPERIMENT, mice={})
    pipelines = {"rats": registered("rats", descriptions.experiments["rats"])}
    check_experiments(["rats", "paper_figures"], descriptions, pipelines)
    check_experiments(["rats"], descriptions, {})


def test_an_experiment_of_the_run_that_is_described_wrongly_is_refused():
    descriptions = described(rats=EXPERIMENT, mice=EXPERIMENT | {"figurs": []})
    with pytest.raises(
        ValueError, match=r"unknown parameter mice.figurs .*Correct conf/"
    ) as caught:
        check_experiments(["rats", "mice"], descriptions, {})
    assert "\n" not in str(caught.value)


def test_what_no_room_has_is_refused_with_the_file(tmp_path):
    (tmp_path / "parameters_rats.yml").write_text("rats:\n  source: rat\n")
    descriptions = Descriptions.of({"rats": EXPERIMENT | {"source": "rat"}}, [tmp_path])
    with pytest.raises(ValueError, match=r"there is no source 'rat'") as caught:
        check_experiments(["rats"], descriptions, {})
    assert str(caught.value).startswith("rats.source: ")
    assert str(caught.value).endswith(f"Correct {tmp_path}/parameters_rats.yml or --params")


@pytest.mark.parametrize(
    "change",
    [
        {"encoders": {"slow": EXPERIMENT["encoders"]["time"]}},
        {"baselines": ["pca"]},
        {"figures": ["loss"]},
        {"decode": ["position"]},
        {"compare": {"seeds": True}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_run_that_describes_other_nodes_than_its_pipeline_is_refused(change):
    pipelines = {"rats": registered("rats", described(rats=EXPERIMENT).experiments["rats"])}
    with pytest.raises(
        ValueError, match=r"other encoders, baselines or figures of rats .*conf/bas"
    ):
        check_experiments(["rats"], described(rats=EXPERIMENT | change), pipelines)


def test_a_run_may_change_the_numbers_of_its_pipeline():
    pipelines = {"rats": registered("rats", described(rats=EXPERIMENT).experiments["rats"])}
    change = {"sessions": ["cat"], "training": EXPERIMENT["training"] | {"steps": 20}}
    check_experiments(["rats"], described(rats=EXPERIMENT | change), pipelines)


RATS_AND_AREAS = described(
    rats=EXPERIMENT, areas=EXPERIMENT | {"sessions": ["VISp", "VISl"]}, wrong={}
)


@pytest.mark.parametrize(
    ("only", "chosen"),
    [
        (None, ("ann", "ben")),
        (["ben"], ("ben",)),
        (["ben", "ann"], ("ann", "ben")),  # in the order of the experiment
        ("ben", ("ben",)),
        ("ben, ann", ("ann", "ben")),  # --params only_sessions=...
    ],
)
def test_a_run_works_on_the_sessions_asked_for(only, chosen):
    assert check_sessions(["rats"], RATS_AND_AREAS, only) == {"rats": chosen}


def test_each_experiment_has_its_own_of_the_sessions():
    names = ["rats", "areas", "paper_figures"]
    assert check_sessions(names, RATS_AND_AREAS, ["ben", "VISl"]) == {
        "rats": ("ben",),
        "areas": ("VISl",),
    }
    assert check_sessions(names, RATS_AND_AREAS, None) == {
        "rats": ("ann", "ben"),
        "areas": ("VISp", "VISl"),
    }
    assert check_sessions(["paper_figures"], RATS_AND_AREAS, ["ben"]) == {}


@pytest.mark.parametrize(
    ("names", "only", "message"),
    [
        (
            ["rats"],
            ["bne"],
            "there is no session bne; did you mean ben? rats has ann, ben",
        ),
        (["rats"], ["ben", "zzz"], "there is no session zzz; rats has ann, ben"),
        (["rats"], ["VISp"], "there is no session VISp; rats has ann, ben"),  # not in this run
        (
            ["rats", "areas"],
            "VISpp",
            "there is no session VISpp; did you mean VISp? rats has ann, ben; areas has VISp, VISl",
        ),
    ],
)
def test_an_unknown_session_is_answered_with_those_there_are(names, only, message):
    with pytest.raises(ValueError, match=r".") as caught:
        check_sessions(names, RATS_AND_AREAS, only)
    assert str(caught.value) == message


def test_an_experiment_without_any_of_the_sessions_is_refused_with_a_remedy():
    with pytest.raises(ValueError, match=r".") as caught:
        check_sessions(["rats", "areas"], RATS_AND_AREAS, ["ben", "ann"])
    assert str(caught.value) == (
        "areas has none of the sessions ben, ann; choose what runs, e.g. --pipelines rats"
    )


@pytest.mark.parametrize("only", [[], "", " ,", 3, {"rats": ["ann"]}])
def test_what_names_no_session_is_refused(only):
    with pytest.raises(
        ValueError, match=r"only_sessions must name sessions, .* null for all, got "
    ):
        check_sessions(["rats"], RATS_AND_AREAS, only)


def test_environments_are_named_when_one_is_unknown(tmp_path):
    for name in ("base", "paper"):
        (tmp_path / name).mkdir()
    (tmp_path / "README.md").touch()
    check_environment(tmp_path, "paper")
    with pytest.raises(ValueError, match=r"no environment papper .*; choose base or paper$"):
        check_environment(tmp_path, "papper")


def test_without_an_environment_the_folder_of_own_settings_is_needed(tmp_path):
    with pytest.raises(
        ValueError, match=rf"{tmp_path}/local is missing.*\(mkdir {tmp_path}/local\)"
    ):
        check_environment(tmp_path, None)
    (tmp_path / "local").mkdir()
    check_environment(tmp_path, None)


def test_a_packaged_configuration_is_left_to_kedro(tmp_path):
    archive = tmp_path / "conf.tar.gz"
    archive.touch()
    check_environment(archive, "paper")


@pytest.fixture
def pipelines():
    def nodes(*namespaces):
        return Pipeline(
            [
                node(len, f"{name}.x", f"{name}.y", name="count", namespace=name)
                for name in namespaces
            ]
        )

    training, decoding = nodes("maze.rat.time"), nodes("maze.mouse.time")
    return {"training": training, "decoding": decoding, "__default__": training + decoding}


def test_existing_pipelines_and_namespaces_at_every_level_pass(pipelines):
    check_names(pipelines, [], [])
    for namespace in ("maze", "maze.rat", "maze.rat.time"):
        check_names(pipelines, ["training"], [namespace])
    check_names(pipelines, [], ["maze.mouse", "maze.rat"])


@pytest.mark.parametrize(
    ("names", "namespaces", "message"),
    [
        (["trainnig"], [], r"no pipeline trainnig; did you mean training\?"),
        (["zzz"], [], "no pipeline zzz; choose training, decoding, __default__"),
        ([], ["maze.rta"], r"no namespace maze.rta; did you mean maze.rat"),
        (["decoding"], ["maze.rat"], "no namespace maze.rat in pipeline decoding; "),
        ([], ["maze.rat", "maze"], "namespace maze.rat lies within maze; name one of the two"),
        ([], ["maze.ra"], "no namespace maze.ra; "),  # a prefix in letters is not one in levels
    ],
)
def test_unknown_pipelines_and_namespaces_are_refused(pipelines, names, namespaces, message):
    with pytest.raises(ValueError, match=message):
        check_names(pipelines, names, namespaces)


def test_an_experiment_whose_description_is_wrong_is_answered_with_what_is_wrong(pipelines):
    problems = {"mine": "unknown parameter mine.figurs. Correct conf/local/parameters.yml"}
    with pytest.raises(ValueError, match=r"unknown parameter mine.figurs. Correct conf/local/"):
        check_names(pipelines, ["training", "mine"], [], problems)
    check_names(pipelines, ["training"], [], problems)


def test_folders_that_do_not_exist_yet_can_be_made(tmp_path):
    (tmp_path / "there.csv").touch()
    check_writable([tmp_path / "a/b/scores.csv", tmp_path, tmp_path / "there.csv"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there.csv"]


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path):
    (tmp_path / "08_reporting").touch()
    with pytest.raises(NotADirectoryError, match=r"08_reporting is a file.*move the file away"):
        check_writable([tmp_path / "ok.csv", tmp_path / "08_reporting/rat/scores.csv"])


def test_a_folder_without_write_permission_is_named(tmp_path):
    tmp_path.chmod(0o500)
    if os.access(tmp_path, os.W_OK):
        pytest.skip("this user, e.g. root, may write everywhere")
    with pytest.raises(PermissionError, match=rf"chmod u\+rwx {tmp_path}"):
        check_writable([tmp_path / "a/scores.csv"])


def test_a_folder_that_the_system_refuses_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    with pytest.raises(PermissionError, match=rf"chmod u\+rwx {tmp_path}"):
        check_writable([tmp_path / "a/scores.csv"])


class Published(AbstractDataset):
    """A raw file that can be fetched, unless the network is down."""

    network = True
    attempts: ClassVar[list[str]] = []

    def __init__(self, filepath):
        self._filepath = Path(filepath)

    def fetch_if_missing(self):
        self.attempts.append(self._filepath.stem)
        if not self.network:
            raise DatasetError(f"{self._filepath} could not be fetched")
        self._filepath.touch()

    def load(self):
        return "raw"

    def save(self, data):
        raise NotImplementedError

    def _exists(self):
        return self._filepath.exists()

    def _describe(self):
        return {}


@pytest.fixture
def raw(tmp_path, monkeypatch):
    """The catalog of two experiments with published sessions."""
    monkeypatch.setattr(Published, "attempts", [])
    each = {"type": Published, "filepath": f"{tmp_path}/{{session}}.jl"}
    return DataCatalog(
        {
            "rats.raw": SessionsDataset(sessions=["a", "b", "c"], each=each),
            "mice.raw": SessionsDataset(sessions=["d"], each=each),
            "rats.memory": MemoryDataset("no file"),
        }
    )


def reading(*names):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="One or more dataset names contain")
        return Pipeline([node(repr, name, f"of_{name}", name=name) for name in names])


def test_only_missing_files_that_the_run_reads_are_fetched(raw, tmp_path):
    (tmp_path / "a.jl").write_bytes(b"mine")
    sessions = {"rats": ("a", "b"), "mice": ("d",)}
    fetch_raw_files(reading("rats.raw", "rats.memory"), raw, sessions)
    assert (tmp_path / "a.jl").read_bytes() == b"mine"
    assert Published.attempts == ["b"]


def test_what_is_no_experiment_of_the_run_is_not_fetched(raw):
    fetch_raw_files(reading("rats.raw", "mice.raw"), raw, {"mice": ("d",)})
    assert Published.attempts == ["d"]


def test_without_a_network_one_is_tried_and_all_missing_files_are_named(raw, tmp_path, monkeypatch):
    monkeypatch.setattr(Published, "network", False)
    with pytest.raises(DatasetError) as caught:
        fetch_raw_files(reading("rats.raw"), raw, {"rats": ("a", "b", "c")})
    assert str(caught.value) == (
        f"session a: {tmp_path}/a.jl could not be fetched. "
        f"Also missing: b ({tmp_path}/b.jl), c ({tmp_path}/c.jl)"
    )
    assert Published.attempts == ["a"]


def test_a_single_missing_file_is_reported_alone(raw, monkeypatch):
    monkeypatch.setattr(Published, "network", False)
    with pytest.raises(DatasetError, match=r"c\.jl could not be fetched$"):
        fetch_raw_files(reading("rats.raw"), raw, {"rats": ("c",)})


def test_an_experiment_whose_sessions_are_nowhere_is_told_where_to_say_it(raw):
    with pytest.raises(ValueError, match=r"no entry birds.raw.*conf/local/catalog_birds.yml, as a"):
        fetch_raw_files(reading("birds.raw"), raw, {"birds": ("a",)})
