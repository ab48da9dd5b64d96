"""The parameters ``compute``: where cells are computed, and the engine that does it."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from cebra_kedro.cells import Share, use_engine
from cebra_kedro.cores import available_cores
from cebra_kedro.parameter_block import Settings, read_block

if TYPE_CHECKING:
    from distributed import Client

logger = logging.getLogger(__name__)

_JOB_CLUSTERS = {
    "slurm": "SLURMCluster",
    "pbs": "PBSCluster",
    "lsf": "LSFCluster",
    "sge": "SGECluster",
    "oar": "OARCluster",
    "moab": "MoabCluster",
    "htcondor": "HTCondorCluster",
}
_WAIT_FOR_WORKERS_S = 30.0


class LocalWorkers(Settings):
    """Dask workers on this machine.

    Attributes:
        workers: how many; by default one a GPU, or one a core where there is no GPU.
    """

    workers: PositiveInt | None = None


class Jobs(Settings):
    """Dask workers that are jobs of a queueing system.

    Attributes:
        system: slurm, pbs, lsf, sge, oar, moab or htcondor.
        workers: how many, or [fewest, most], as many as there is work for.
        options: of dask_jobqueue's cluster of that system, e.g. queue, cores, memory, walltime,
            job_extra_directives. One process a core by default, so that each has one thread.
    """

    system: Literal["slurm", "pbs", "lsf", "sge", "oar", "moab", "htcondor"]
    workers: PositiveInt | tuple[int, PositiveInt]
    options: dict[str, Any] = Field(default_factory=dict)


class DaskBlock(Settings):
    """A Dask cluster: one that runs already, or one that the run starts and ends; else ``local``.

    Attributes:
        scheduler: address of a scheduler that runs, e.g. ``tcp://login-node:8786``.
        scheduler_file: the file that it was told to write.
        local: workers on this machine.
        jobs: workers as jobs of a queueing system.
        shared_folder: whether workers see the files of this project at the same place.
    """

    scheduler: str | None = None
    scheduler_file: Path | None = None
    local: LocalWorkers | None = None
    jobs: Jobs | None = None
    shared_folder: bool = True

    @model_validator(mode="after")
    def _one_cluster(self) -> Self:
        named = ("scheduler", "scheduler_file", "local", "jobs")
        said = [name for name in named if getattr(self, name) is not None]
        if len(said) > 1:
            raise ValueError(f"say one of {', '.join(named)}, got {' and '.join(said)}")
        return self


class ComputeBlock(Settings):
    """Where the pieces of work of a run are computed.

    Attributes:
        engine: ``processes`` of this machine, or the workers of a ``dask`` cluster.
        dask: the cluster.
        share: ``3/16`` computes the fourth of sixteen shares of the cells, on this machine, and
            writes neither indices nor a report; a task of ``cebra-kedro slurm``.
    """

    engine: Literal["processes", "dask"] = "processes"
    dask: DaskBlock = DaskBlock()
    share: str | None = None

    @model_validator(mode="after")
    def _share_is_one(self) -> Self:
        if self.cells is not None and self.engine != "processes":
            raise ValueError("a share of the cells is computed with engine: processes")
        return self

    @property
    def cells(self) -> Share | None:
        """The share, typed."""
        if self.share is None:
            return None
        number, slash, of = self.share.partition("/")
        if not (slash and number.isdigit() and of.isdigit()):
            raise ValueError(f"share is written as 3/16, got {self.share!r}")
        return Share(int(number), int(of))


def compute_block(parameters: Mapping[str, Any], runner: str | None = None) -> ComputeBlock:
    """The block of the parameters.

    Args:
        parameters: of the run.
        runner: class of Kedro's runner, if it is known.

    Raises:
        ValueError: names the key, or says what has to be installed.
    """
    block = read_block(ComputeBlock, "compute", parameters.get("compute"))
    if block.engine == "dask":
        wanted = ["distributed", *(["dask_jobqueue"] if block.dask.jobs else [])]
        if missing := [name for name in wanted if importlib.util.find_spec(name) is None]:
            raise ValueError(
                f"compute.engine is dask, but {' and '.join(missing)} is not installed; "
                'pip install "cebra-kedro[dask]", or use compute.engine=processes'
            )
        if str(runner).endswith("ParallelRunner"):
            raise ValueError(
                "with compute.engine: dask, nodes run in this process and their pieces on the "
                "workers; leave --runner out, or use ThreadRunner"
            )
    return block


@contextlib.contextmanager
def engine_of(block: ComputeBlock) -> Iterator[str | None]:
    """Compute cells as the block says while the context lasts.

    Yields:
        A line about where, e.g. with the address of the dashboard; None for this machine.

    Raises:
        ValueError: no scheduler answers, or it has no worker.
    """
    if block.engine == "processes":
        use_engine(None, block.cells)
        try:
            yield None
        finally:
            use_engine(None)
        return
    from cebra_kedro.cells.dask_workers import DaskWorkers

    with _client(block.dask) as client:
        use_engine(DaskWorkers(client, shared_folder=block.dask.shared_folder))
        try:
            yield f"{client.scheduler.address}, dashboard {client.dashboard_link}"
        finally:
            use_engine(None)


# Each worker would look up a hundred times a second at which line its threads are: 64 workers
# on two cores, of which cells leave nothing over for them, lose a tenth of their time by it.
_WITHOUT_PROFILES = {"distributed.worker.profile.enabled": False}


@contextlib.contextmanager
def _client(block: DaskBlock) -> Iterator[Client]:
    import dask
    from distributed import Client

    with contextlib.ExitStack() as stack:
        for name in (
            "distributed",
            "dask_jobqueue",
        ):  # what matters, errors of cells, comes from us
            logging.getLogger(name).setLevel(logging.ERROR)
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="cebra-kedro-dask-"))
        if block.jobs is None:  # of a cluster of jobs, this folder may be on another machine
            options = {"temporary_directory": scratch, **_WITHOUT_PROFILES}
            stack.enter_context(dask.config.set(options))
        if block.scheduler is None and block.scheduler_file is None:
            cluster: Any = stack.enter_context(_cluster(block))
            client = stack.enter_context(Client(cluster))
        else:
            client = stack.enter_context(_connected(block, Client))
        if block.jobs is None:
            _wait_for_worker(client)
        yield client


def _connected(block: DaskBlock, client: Callable[..., Client]) -> Client:
    """A client of a scheduler that runs already."""
    where = block.scheduler or block.scheduler_file
    if block.scheduler_file is not None and not block.scheduler_file.is_file():
        raise ValueError(
            f"compute.dask.scheduler_file {where} does not exist; start "
            f"dask scheduler --scheduler-file {where}"
        )
    try:
        if block.scheduler_file is not None:
            return client(scheduler_file=str(block.scheduler_file), timeout=10)
        return client(block.scheduler, timeout=10)
    except (OSError, TimeoutError, ValueError) as error:
        raise ValueError(
            f"no Dask scheduler answers at {where} ({type(error).__name__}); start one there with "
            "dask scheduler, or correct compute.dask"
        ) from error


def _wait_for_worker(client: Client) -> None:
    try:
        client.wait_for_workers(1, timeout=_WAIT_FOR_WORKERS_S)
    except TimeoutError:
        address = client.scheduler.address if client.scheduler else "it"
        raise ValueError(
            f"the Dask scheduler at {address} has no worker; start some with "
            f"dask worker {address} --nthreads 1"
        ) from None


def _cluster(block: DaskBlock) -> Any:
    if block.jobs is not None:
        return _job_cluster(block.jobs)
    return _local_cluster(block.local or LocalWorkers())


def _local_cluster(block: LocalWorkers) -> Any:
    from distributed import Nanny, Scheduler, SpecCluster

    gpus = _gpus()
    n_workers = block.workers or len(gpus) or available_cores()
    address = {"protocol": "tcp://", "host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    workers = {}
    for number in range(n_workers):
        options: dict[str, Any] = {"nthreads": 1, "host": "127.0.0.1", "memory_limit": 0}
        if gpus:
            options["env"] = {"CUDA_VISIBLE_DEVICES": gpus[number % len(gpus)]}
        workers[number] = {"cls": Nanny, "options": options}
    return SpecCluster(
        scheduler={"cls": Scheduler, "options": address},
        workers=workers,
        silence_logs=logging.ERROR,
    )


def _gpus() -> list[str]:
    """Names of the CUDA devices that this process may use."""
    if (named := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        return [name for name in named.split(",") if name.strip()]
    import torch

    return [str(number) for number in range(torch.cuda.device_count())]


def _job_cluster(block: Jobs) -> Any:
    import dask
    import dask_jobqueue  # reads its own configuration, which may hold options too

    options = dict(block.options)
    known = dask.config.get(f"jobqueue.{block.system}")
    if missing := [name for name in ("cores", "memory") if not (options.get(name) or known[name])]:
        raise ValueError(
            f"compute.dask.jobs.options needs {' and '.join(missing)}, e.g. cores: 1, memory: 4GB"
        )
    options.setdefault("processes", options.get("cores", 1))
    # any port, as others on this machine may have clusters too
    options.setdefault("scheduler_options", {"dashboard_address": ":0"})
    kind = getattr(dask_jobqueue, _JOB_CLUSTERS[block.system])
    refusals: list[Exception] = []

    class Job(kind.job_cls):  # type: ignore[name-defined]
        """Keeps what the queue said; Dask only logs it, and would wait for workers for ever."""

        async def _submit_job(self, script: str) -> Any:
            try:
                return await super()._submit_job(script)
            except Exception as error:
                refusals.append(error)
                raise

    try:
        cluster = kind(job_cls=Job, **options)
    except (TypeError, ValueError) as error:
        raise ValueError(f"compute.dask.jobs.options: {error}") from error
    fewest, most = (block.workers,) * 2 if isinstance(block.workers, int) else block.workers
    cluster.scale(n=max(1, fewest))
    while not refusals and not any(getattr(job, "job_id", 0) for job in cluster.workers.values()):
        time.sleep(0.05)
    if refusals:
        with contextlib.suppress(Exception):  # it has not come so far that it could be closed
            cluster.close(timeout=5)
        words = " ".join(str(refusals[0]).split())
        raise ValueError(f"{block.system} takes no jobs with compute.dask.jobs: {words}")
    if most > fewest:
        cluster.adapt(minimum=fewest, maximum=most)
    return cluster
