"""A real Slurm of one node, in a folder: munged, slurmctld and slurmd, started for a test and ended after it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scancel", "sinfo", "squeue")
START_S = 40.0

CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ctld_port}
SlurmdPort={slurmd_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
CryptoType=crypto/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
KillWait=2
MailProg=/bin/true
SchedulerParameters=sched_interval=1,batch_sched_delay=0,defer_batch=0
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=65536 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def why_not() -> str:
    """Why there can be no Slurm here, or nothing."""
    if sys.platform != "linux":
        return "Slurm is for Linux"
    if os.geteuid() != 0:
        return "Slurm's daemons are started by root here"
    missing = [name for name in PROGRAMS if path_of(name) is None]
    if missing:
        return f"not installed: {', '.join(missing)} (Debian: slurmctld slurmd slurm-client munge)"
    return ""


def path_of(name: str) -> str | None:
    """Where a program is; daemons lie in folders that are not everyone's."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))


@contextmanager
def running(folder: Path, cpus: int = 2) -> Iterator[dict[str, str]]:
    """The environment in which the programs of Slurm speak to this one."""
    folder.chmod(0o755)
    daemons: list[subprocess.Popen[bytes]] = []
    for name in ("state", "spool"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    configuration = folder / "slurm.conf"
    ports = free_ports(2)
    host = socket.gethostname().partition(".")[0]
    configuration.write_text(
        CONFIGURATION.format(folder=folder, host=host, ctld_port=ports[0], slurmd_port=ports[1], cpus=cpus)
    )
    environment = {**os.environ, "SLURM_CONF": str(configuration)}

    def start(*words: str) -> None:
        program = path_of(words[0])
        assert program is not None
        log = (folder / f"{words[0]}.out").open("wb")
        daemons.append(
            subprocess.Popen([program, *words[1:]], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        )
        log.close()

    try:
        start(
            *("munged", "--foreground", "--force", f"--key-file={key}", f"--socket={folder}/munge.socket"),
            *(
                f"--pid-file={folder}/munged.pid",
                f"--log-file={folder}/munged.log",
                f"--seed-file={folder}/munged.seed",
            ),
        )
        wait_for(lambda: (folder / "munge.socket").exists(), daemons, folder)
        start("slurmctld", "-D", "-f", str(configuration), "-i")
        start("slurmd", "-D", "-f", str(configuration))
        wait_for(lambda: _state(environment) == "idle", daemons, folder)
        yield environment
    finally:
        end(daemons, folder)


def end(daemons: list[subprocess.Popen[bytes]], folder: Path) -> None:
    """End the daemons, the last first, and what is left of jobs."""
    for daemon in reversed(daemons):
        daemon.terminate()
        try:
            daemon.wait(5)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()
    for step in _steps(folder):
        for one in (*step.children(recursive=True), step):
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def wait_until(there: Callable[[], bool], timeout_s: float = 20.0) -> None:
    """Look again and again until it is so."""
    until = time.monotonic() + timeout_s
    while not there():
        assert time.monotonic() < until, "it took too long"


def wait_for(there: Callable[[], bool], daemons: list[subprocess.Popen[bytes]], folder: Path) -> None:
    """Look until it is so. Raises RuntimeError with what the daemons said when one ends or it takes too long."""
    until = time.monotonic() + START_S
    while not there():
        ended = [one.args for one in daemons if one.poll() is not None]
        if ended or time.monotonic() > until:
            said = "".join(path.read_text(errors="replace")[-3000:] for path in sorted(folder.glob("*.[ol][uo][tg]")))
            raise RuntimeError(f"Slurm did not start; ended: {ended}\n{said}")
        # Looks again soon, or when the first of them ends.
        psutil.wait_procs([psutil.Process(daemons[0].pid)], timeout=0.1)


def _state(environment: dict[str, str]) -> str:
    done = subprocess.run(["sinfo", "-h", "-o", "%t"], env=environment, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _steps(folder: Path) -> list[psutil.Process]:
    """The processes that Slurm set beside each job; they leave their daemon, and write to its log."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.name() == "slurmstepd" and any(str(folder) in one.path for one in process.open_files()):
                found.append(process)
    return found
