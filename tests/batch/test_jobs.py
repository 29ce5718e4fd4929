"""Dask workers as batch jobs, handed in with programs that do what those of a batch system do."""

from __future__ import annotations

import os
import shlex
import socket
import stat
import sys
from pathlib import Path
from typing import Any, Literal

import dask.config
import psutil  # type: ignore[import-untyped]
import pytest

from grader.batch.cluster import ClusterError, start
from grader.batch.distant import ClusterPool
from grader.batch.jobs import Jobs, arguments
from grader.batch.keys import Keys
from tests.batch import stubs
from tests.batch.books import task
from tests.course_files import ROOT

# Runs the script in a session of its own, as a batch system would on some machine, and says its number.
SBATCH = """
import os, pathlib, subprocess, sys
script = pathlib.Path(sys.argv[-1]).read_text()
folder = pathlib.Path({folder!r})
(folder / "scripts").mkdir(exist_ok=True)
kept = folder / "scripts" / str(os.getpid())
kept.write_text(script)
log = open(folder / "job.log", "ab")
child = subprocess.Popen(["bash", str(kept)], start_new_session=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
print("Submitted batch job", child.pid)
"""
SCANCEL = """
import os, signal, sys
try:
    os.killpg(int(sys.argv[-1]), signal.SIGKILL)
except ProcessLookupError:
    sys.exit(1)
"""
REFUSES = """
import sys
sys.exit("sbatch: error: invalid partition specified: gpu")
"""


def program(folder: Path, name: str, source: str) -> None:
    """A program of that name in `folder`/bin."""
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!{sys.executable}\n" + source.replace("{folder!r}", repr(str(folder))))
    path.chmod(0o755)


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with programs that stand for Slurm's."""
    program(tmp_path, "sbatch", SBATCH)
    program(tmp_path, "scancel", SCANCEL)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return tmp_path


def running(folder: Path) -> list[psutil.Process]:
    """The jobs that run, by the key that they were told."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
        except psutil.Error:
            continue
        if "distributed.cli.dask_worker" in words and any(str(folder) in word for word in words):
            found.append(process)
    return found


def test_jobs_bring_workers_and_both_end_with_the_pool(slurm: Path) -> None:
    soon = dask.config.set({"distributed.deploy.lost-worker-timeout": "1s"})
    with soon, start(Jobs(kind="slurm", folder=slurm / "shared", walltime_min=30)) as pool:
        assert isinstance(pool, ClusterPool)
        (shared,) = (slurm / "shared").glob("keys-*")
        assert stat.S_IMODE(shared.stat().st_mode) == 0o700
        first = pool.submit(stubs.pid).result(60)
        jobs = running(slurm)
        assert psutil.Process(first).parents()[0] in jobs
        script = next((slurm / "scripts").iterdir()).read_text()
        assert "PRIVATE KEY" not in script
        assert "--lifetime 1458s --lifetime-stagger 162s" in script
        assert len(script) > 100
        assert "#SBATCH -t 00:30:00" in script

        # A job that is lost is replaced: the same pool goes on.
        stubs.end_tree(jobs[0].pid)
        notes = slurm / "notes"
        notes.mkdir()
        again = pool.submit(stubs.work, str(notes), task("pass")).result(60)
        assert again.host != str(first)
        assert listening_in_the_clear(os.getpid()) == []
    assert psutil.wait_procs(running(slurm), timeout=30)[1] == []
    assert list((slurm / "shared").glob("keys-*")) == []


def listening_in_the_clear(pid: int) -> list[int]:
    """Ports of this process that other machines can reach and that answer without TLS."""
    found = []
    for one in psutil.Process(pid).net_connections("tcp"):
        if one.status == psutil.CONN_LISTEN and not one.laddr.ip.startswith(("127.", "::1")):
            with socket.create_connection(("127.0.0.1", one.laddr.port), timeout=5) as connection:
                connection.sendall(b"GET /info/main/workers.html HTTP/1.0\r\n\r\n")
                try:
                    answer = connection.recv(100)
                except OSError:
                    answer = b""
            # A TLS server answers with an alert, if at all.
            if answer and answer[0] != 21:
                found.append(one.laddr.port)
    return found


def test_a_job_that_is_refused_is_said_with_the_reason(slurm: Path) -> None:
    program(slurm, "sbatch", REFUSES)
    with pytest.raises(ClusterError, match="sbatch refused the job: sbatch: error: invalid partition specified: gpu"):
        start(Jobs(kind="slurm", folder=slurm / "shared"))
    assert list((slurm / "shared").glob("keys-*")) == []


@pytest.mark.parametrize(("kind", "word"), [("slurm", "sbatch"), ("htcondor", "condor_submit"), ("pbs", "qsub")])
def test_a_machine_without_the_batch_system_is_said(
    kind: Literal["slurm", "htcondor", "pbs"], word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClusterError, match=f"{word} is not found here"):
        start(Jobs(kind=kind, folder=tmp_path))


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        ("slurm", ["#SBATCH -p long", "#SBATCH -A course", "--cpus-per-task=4", "--mem=16G", "#SBATCH -t 02:00:00"]),
        ("pbs", ["#PBS -q long", "#PBS -A course", "ncpus=4", "mem=16GB", "walltime=02:00:00"]),
        ("htcondor", ["MY.DaskWorkerCores = 4", "MY.DaskWorkerMemory = 17179869184", "Executable = /bin/sh"]),
    ],
)
def test_a_job_asks_for_what_was_said(
    kind: Literal["slurm", "htcondor", "pbs"], lines: list[str], keys: Keys, tmp_path: Path
) -> None:
    script = job_script(Jobs(kind=kind, cores=4, queue="long", account="course", folder=tmp_path), keys)
    for line in lines:
        assert line in script
    words = shlex.split(script.replace('"', " ").replace("'", " "), comments=False)
    assert "--nworkers 4" in script
    assert "--nthreads 1" in script
    assert "--no-dashboard" in script
    assert f"--tls-key {keys.key}" in script
    assert "PRIVATE" not in script
    assert words


def job_script(jobs: Jobs, keys: Keys) -> str:
    """What would be handed in."""
    import dask_jobqueue

    job = {"slurm": "slurm.SLURMJob", "pbs": "pbs.PBSJob", "htcondor": "htcondor.HTCondorJob"}[jobs.kind]
    module, name = job.split(".")
    told: dict[str, Any] = arguments(jobs, keys)
    told.pop("scheduler_options")
    made = getattr(getattr(dask_jobqueue, module), name)("tls://head:1", name="one", **told)
    return str(made.job_script())
