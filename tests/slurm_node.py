"""A SLURM of one node, started for the tests: its own folder, ports, key and accounts of nobody."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "sinfo")

CONFIG = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmctldPort={controller}
SlurmdPort={node}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CryptoType=crypto/munge
MpiDefault=none
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,batch_sched_delay=0
ReturnToService=2
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmdSpoolDir={folder}/spool
StateSaveLocation={folder}/state
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
KillWait=1
MinJobAge=300
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def why_not() -> str:
    """Why there can be no SLURM here; empty if there can."""
    missing = [name for name in PROGRAMS if not _program(name)]
    if missing:
        return f"SLURM is not installed (no {', '.join(missing)})"
    return "" if os.geteuid() == 0 else "SLURM's daemons are started as root only"


class SlurmNode:
    """A controller and a node on this machine; programs find it by ``environment``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = os.environ | {"SLURM_CONF": str(folder / "slurm.conf")}
        self._processes: list[subprocess.Popen] = []
        key = folder / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)
        for name in ("spool", "state"):
            (folder / name).mkdir()
        host = socket.gethostname().split(".")[0]
        (folder / "slurm.conf").write_text(
            CONFIG.format(
                host=host,
                memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20 - 100,
                controller=_port(),
                node=_port(),
                folder=folder,
                cpus=os.cpu_count(),
            )
        )
        self._start(
            "munged",
            "--foreground",
            "--force",
            *(
                f"--{option}={folder / 'munge'}.{option.partition('-')[0]}"
                for option in ("key-file", "socket", "pid-file", "log-file", "seed-file")
            ),
        )
        _wait_for((folder / "munge.socket").exists)
        self._start("slurmctld", "-D")
        self._start("slurmd", "-D")
        _wait_for(lambda: "idle" in self.run("sinfo", "-h", "-o", "%t", check=False))

    def run(self, *command: str, check: bool = True) -> str:
        """What a command of SLURM prints."""
        done = subprocess.run(
            command, env=self.environment, check=check, capture_output=True, text=True
        )
        return done.stdout

    def wait_until_empty(self, seconds: float = 300.0) -> None:
        """Until no job waits or runs."""
        _wait_for(lambda: not self.run("squeue", "-h").strip(), seconds)

    def close(self) -> None:
        self.run("scancel", "--user=root", check=False)
        _wait_for(lambda: not self.run("squeue", "-h", check=False).strip(), 30)
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            process.wait(20)

    def _start(self, program: str, *options: str) -> None:
        with (self.folder / f"{program}.out").open("w") as log:
            self._processes.append(
                subprocess.Popen(
                    [_program(program), *options], env=self.environment, stdout=log, stderr=log
                )
            )


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")


def _port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _wait_for(condition, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("SLURM does not get there; see its logs in the folder of the test")
        time.sleep(0.1)
