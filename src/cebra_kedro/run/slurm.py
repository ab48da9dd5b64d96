"""A run as jobs of SLURM: array jobs over the cells of its long nodes, and single ones between.

No process waits for the jobs: each task of an array computes its share of the cells, and the job
after it finds their files and goes on.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kedro.pipeline import Pipeline

from cebra_kedro.atomic import atomic_path

SPREAD = ("train", "decode", "across", "sweep")
"""Nodes whose cells are worth an array job."""


@dataclass(frozen=True)
class Phase:
    """Nodes that one job runs, or the tasks of one array job.

    Attributes:
        name: for files and the queue.
        nodes: names of the nodes, in an order in which they can run.
        is_array: whether each task computes a share of their cells.
    """

    name: str
    nodes: tuple[str, ...]
    is_array: bool


def phases_of(pipeline: Pipeline) -> list[Phase]:
    """The jobs of a run, each after the one before it.

    A node of an array runs once more in the job after it, which finds the cells and writes the
    index.
    """
    parents = {node.name: _parents(node.inputs, pipeline) for node in pipeline.nodes}
    left = {node.name: node.name.rpartition(".")[2] in SPREAD for node in pipeline.nodes}
    phases: list[Phase] = []
    to_index: list[str] = []
    while left or to_index:
        single = to_index + _reachable(left, parents, spread=False)
        for name in single:
            left.pop(name, None)
        if single:
            phases.append(Phase(_name(single), tuple(single), is_array=False))
        to_index = _reachable(left, parents, spread=True)
        if to_index:
            phases.append(Phase(_name(to_index), tuple(to_index), is_array=True))
            for name in to_index:
                del left[name]
    return phases


def write_scripts(
    folder: Path,
    phases: Sequence[Phase],
    command: Sequence[str],
    *,
    n_tasks: int,
    options: Sequence[str] = (),
) -> Path:
    """Write a script for each job, and one that submits them all.

    Args:
        folder: of the scripts and of what the jobs print.
        phases: of :func:`phases_of`.
        command: that runs Kedro, e.g. ``python -m kedro run --pipelines hippocampus``.
        n_tasks: of each array.
        options: of sbatch, e.g. ``--time=02:00:00``.

    Returns:
        The script that submits the jobs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.sbatch"):
        old.unlink()
    submit = [
        "#!/usr/bin/env bash",
        "# Submits all jobs. If one fails, its log says why, and those after it are taken back;",
        "# submit again when it is mended: what is finished is not computed again.",
        "set -euo pipefail",
        f"cd {shlex.quote(str(folder))}",
    ]
    for number, phase in enumerate(phases, 1):
        file = f"{number:02d}_{phase.name}.sbatch"
        with atomic_path(folder / file) as temporary:
            temporary.write_text(_script(phase, folder, command, n_tasks, options))
        after = ' --kill-on-invalid-dep=yes --dependency="afterok:$job"' if number > 1 else ""
        submit.append(f"job=$(sbatch --parsable{after} {file}); job=${{job%%;*}}")
        submit.append(f'echo "{file.removesuffix(".sbatch")}: job $job"')
    path = folder / "submit.sh"
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join(submit) + "\n")
        temporary.chmod(0o755)
    return path


def _script(
    phase: Phase, folder: Path, command: Sequence[str], n_tasks: int, options: Sequence[str]
) -> str:
    """One job, or one task of an array."""
    log = "%x-%A_%a.log" if phase.is_array else "%x-%j.log"
    said = [f"--job-name={phase.name}", f"--output={folder / log}", *options]
    if phase.is_array:
        said.append(f"--array=0-{n_tasks - 1}")
    share = [f'--params "compute.share=$SLURM_ARRAY_TASK_ID/{n_tasks}"'] if phase.is_array else []
    run = [shlex.join(command), f"--nodes {shlex.quote(','.join(phase.nodes))}", *share]
    return "\n".join(
        [
            "#!/usr/bin/env bash",
            *(f"#SBATCH {one}" for one in said),
            "set -euo pipefail",
            f"cd {shlex.quote(str(Path.cwd()))}",
            "exec " + " \\\n    ".join(run),
            "",
        ]
    )


def _parents(inputs: Iterable[str], pipeline: Pipeline) -> set[str]:
    """The nodes that make these inputs."""
    wanted = set(inputs)
    return {node.name for node in pipeline.nodes if wanted & set(node.outputs)}


def _reachable(left: dict[str, bool], parents: dict[str, set[str]], *, spread: bool) -> list[str]:
    """Nodes of which no parent is left, one after the other if they are not spread."""
    found: list[str] = []
    for name, is_spread in left.items():  # in an order in which they can run
        waits_for = (parents[name] & left.keys()) - set(() if spread else found)
        if is_spread == spread and not waits_for:
            found.append(name)
    return found


def _name(nodes: Sequence[str]) -> str:
    """Stages of some nodes: ``training`` or ``decoding_consistency_reporting``."""
    return "_".join(dict.fromkeys(name.split(".")[0] for name in nodes))
