"""What only ``conf/local`` has is there in every environment; the rest is read as Kedro does."""

import pytest
import yaml
from kedro.config import OmegaConfigLoader

from cebra_kedro.configuration import (
    LOADER_OPTIONS,
    ProjectConfigLoader,
    configuration,
    raw_folder,
    unread_files,
)


@pytest.fixture
def conf(tmp_path):
    """Rats in base and test; the user has changed them, and has mice."""

    def write(file, content):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(yaml.safe_dump(content))

    write("base/parameters.yml", {"only_sessions": None})
    write("base/parameters_rats.yml", {"rats": {"steps": 100, "seeds": [0, 1]}})
    write("base/catalog.yml", {"rats.raw": {"type": "base"}})
    write("test/parameters_rats.yml", {"rats": {"steps": 5}})
    write("test/catalog.yml", {"rats.raw": {"type": "test"}})
    write("local/parameters.yml", {"rats": {"steps": 77}, "only_sessions": ["ann"]})
    write("local/parameters_mice.yml", {"mice": {"steps": 33, "seeds": [7]}})
    write("local/catalog.yml", {"rats.raw": {"type": "own"}, "mice.raw": {"type": "own"}})
    return tmp_path


def loader(conf, env, **options):
    return ProjectConfigLoader(str(conf), env=env, **LOADER_OPTIONS, **options)


@pytest.mark.parametrize(
    ("env", "steps", "raw"), [("test", 5, "test"), ("base", 100, "base"), ("local", 77, "own")]
)
def test_an_environment_is_read_as_kedro_does_and_has_the_user_s_own_besides(conf, env, steps, raw):
    found = configuration(conf, env)
    plain = OmegaConfigLoader(str(conf), env=env, **LOADER_OPTIONS)
    assert found["parameters"] == plain["parameters"] | {"mice": {"steps": 33, "seeds": [7]}}
    assert found["parameters"]["rats"] == {"steps": steps, "seeds": [0, 1]}
    assert found["parameters"]["only_sessions"] == (["ann"] if env == "local" else None)
    assert found["catalog"] == {"rats.raw": {"type": raw}, "mice.raw": {"type": "own"}}


def test_without_an_environment_local_counts_as_in_kedro(conf):
    plain = OmegaConfigLoader(str(conf), **LOADER_OPTIONS)
    for key in ("parameters", "catalog"):
        assert configuration(conf, None)[key] == plain[key] == configuration(conf, "local")[key]
    assert configuration(conf, None)["parameters"]["rats"]["steps"] == 77


@pytest.mark.parametrize("env", ["test", "base", "local", None])
def test_parameters_of_the_command_line_reach_the_user_s_own_too(conf, env):
    params = {"mice": {"steps": 1}, "rats": {"seeds": [9]}, "only_sessions": ["ben"]}
    found = loader(conf, env, runtime_params=params)["parameters"]
    assert found["mice"] == {"steps": 1, "seeds": [7]}
    assert found["rats"]["seeds"] == [9]
    assert found["rats"]["steps"] == {"test": 5, "base": 100}.get(env, 77)
    assert found["only_sessions"] == ["ben"]


def test_parameters_of_the_command_line_alone_are_there(conf):
    found = loader(conf, "test", runtime_params={"birds": {"steps": 1}})["parameters"]
    assert found["birds"] == {"steps": 1}
    assert found["mice"] == {"steps": 33, "seeds": [7]}


@pytest.mark.parametrize("folder", ["missing", "empty"])
def test_without_the_user_s_own_an_environment_stands_alone(conf, folder):
    for file in (conf / "local").iterdir():
        file.unlink()
    if folder == "missing":
        (conf / "local").rmdir()
    assert set(configuration(conf, "test")["parameters"]) == {"rats", "only_sessions"}
    assert set(configuration(conf, "test")["catalog"]) == {"rats.raw"}


def test_the_user_s_own_may_lie_in_folders_as_in_kedro(conf):
    for folder in ("catalog_mine", "mine"):
        (conf / "local" / folder).mkdir()
        (conf / "local" / folder / f"catalog_{folder}.yml").write_text(f"{folder}: {{type: own}}\n")
    assert {"catalog_mine", "mine"} <= configuration(conf, "test")["catalog"].keys()
    assert {"catalog_mine", "mine"} <= configuration(conf, "local")["catalog"].keys()


def test_other_kinds_of_configuration_are_kedro_s(conf):
    (conf / "base/credentials.yml").write_text("a: {key: base}\n")
    (conf / "local/credentials.yml").write_text("b: {key: own}\n")
    assert configuration(conf, "test")["credentials"] == {"a": {"key": "base"}}


def test_the_raw_folder_is_filled_in_also_in_the_user_s_own_entries(conf, monkeypatch):
    monkeypatch.setenv("CEBRA_KEDRO_DATA", "/published")
    (conf / "local/catalog_birds.yml").write_text('birds.raw: {filepath: "${raw_dir:}/a.jl"}\n')
    assert configuration(conf, "test")["catalog"]["birds.raw"] == {"filepath": "/published/a.jl"}


def test_the_raw_folder_is_that_of_the_environment_variable(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    monkeypatch.setenv("CEBRA_KEDRO_DATA", "~/data")
    assert raw_folder() == "/home/ann/data"
    monkeypatch.delenv("CEBRA_KEDRO_DATA")
    assert raw_folder() == "data/01_raw"


def test_files_that_change_are_read_again_and_links_that_lead_nowhere_are_passed_over(tmp_path):
    for folder in ("base", "local"):
        (tmp_path / folder).mkdir()
    file = tmp_path / "base" / "parameters.yml"
    file.write_text("steps: 1\n")
    (tmp_path / "local" / ".#parameters.yml").symlink_to("nobody@nowhere")
    first = configuration(tmp_path, None)["parameters"]
    first["steps"] = "changed by whoever has it"
    assert configuration(tmp_path, None)["parameters"] == {"steps": 1}
    file.write_text("steps: 20\n")
    assert configuration(tmp_path, None)["parameters"] == {"steps": 20}
    loader = configuration(tmp_path, None)
    loader["parameters"] = {"steps": 3}
    assert loader["parameters"] == {"steps": 3}


@pytest.mark.parametrize("named", ["", "  "])
def test_an_empty_name_of_the_raw_folder_is_none(monkeypatch, named):
    monkeypatch.setenv("CEBRA_KEDRO_DATA", named)
    assert raw_folder() == "data/01_raw"


@pytest.mark.parametrize(
    ("env", "files"),
    [("test", ["parameters.yml", "catalog.yml"]), ("local", []), (None, [])],
)
def test_what_a_run_leaves_out_of_local_is_known(conf, env, files):
    """That of the user's own mice is read in every environment."""
    assert unread_files(conf, env) == [conf / "local" / name for name in files]
