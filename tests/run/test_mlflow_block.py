"""Whether runs are written to MLflow, and where: typed, and refused before work starts."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from cebra_kedro.run.mlflow_block import MlflowBlock, mlflow_block, store_address
from kedro_project import ONE_RAT_COMMAND, base_parameters

DEFAULT = "data/mlflow/mlflow.db"


@pytest.fixture
def without_mlflow(monkeypatch):
    """As if the package were not installed."""
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "mlflow" else find(name, *a)
    )


def test_the_shipped_parameters_are_the_defaults_which_are_off():
    assert mlflow_block(base_parameters()) == MlflowBlock()
    assert not MlflowBlock().enabled


def test_without_the_package_it_is_said_what_to_install_before_work_starts(refused, without_mlflow):
    said = refused("--env", "test", *ONE_RAT_COMMAND, "--params", "mlflow.enabled=true")
    assert said == (
        "mlflow.enabled is true, but the package mlflow is not installed; "
        'pip install "cebra-kedro[mlflow]", or use mlflow.enabled=false'
    )


def test_without_the_package_the_settings_are_read_while_it_is_off(without_mlflow):
    assert mlflow_block({"mlflow": {"store": "http://here:1"}}).store == "http://here:1"


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ("mlflow.enable=true", "mlflow.enable: Extra inputs are not permitted"),
        ("mlflow.enabled=perhaps", "mlflow.enabled: Input should be a valid boolean"),
        ("mlflow.store=data/mlruns", "mlflow.store: must be an address such as sqlite:///"),
    ],
)
def test_wrong_settings_are_named_before_work_starts(refused, params, words):
    said = refused("--env", "test", *ONE_RAT_COMMAND, "--params", params)
    assert said.startswith(words)
    assert said.endswith("Correct parameters_mlflow.yml or --params")


def test_the_address_is_the_parameters_then_the_environments_then_a_file_of_the_project(
    monkeypatch, tmp_path
):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert store_address(MlflowBlock(), tmp_path) == f"sqlite:///{tmp_path.as_posix()}/{DEFAULT}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://lab:5000")
    assert store_address(MlflowBlock(), tmp_path) == "http://lab:5000"
    own = MlflowBlock(store="sqlite:///runs.db")
    assert store_address(own, tmp_path) == f"sqlite:///{tmp_path.as_posix()}/runs.db"
    absolute = MlflowBlock(store="sqlite:////elsewhere/runs.db")
    assert store_address(absolute, tmp_path) == "sqlite:////elsewhere/runs.db"


RUN = """
import json, sys
from pathlib import Path
from kedro_project import run_session
run_session(Path(sys.argv[1]), namespaces=["ingestion.hippocampus"], params=json.loads(sys.argv[2]))
print([name for name in sys.modules if name.partition(".")[0] == "mlflow"])
"""


def test_with_the_switch_off_nothing_of_mlflow_is_imported_and_no_store_is_made(copied):
    params = {"only_sessions": ["buddy"]}
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(copied), json.dumps(params)],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
    assert not (copied / "data/mlflow").exists()
