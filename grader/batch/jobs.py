"""Dask workers as batch jobs: the scheduler runs in this process, and each job brings some Dask workers to it.

What a site needs beyond these settings (directives, modules to load, an interface) is said once in Dask's own
configuration, `~/.config/dask/jobqueue.yaml`.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from grader.batch.keys import ClusterError, Keys, make_keys, remove_keys
from grader.text import clean_line

if TYPE_CHECKING:
    from dask_jobqueue import JobQueueCluster

    from grader.batch.distant import ClusterPool

# The class of dask-jobqueue, and the program that hands a job in.
_KINDS = {
    "slurm": ("SLURMCluster", "sbatch"),
    "htcondor": ("HTCondorCluster", "condor_submit"),
    "pbs": ("PBSCluster", "qsub"),
}
# The scheduler's: a file that ends its Dask workers is given up after the second; a Dask worker gets a task when it has
# none, so that nothing else is lost with it; one that says nothing for so long is taken for lost.
_SCHEDULER = {
    "distributed.scheduler.allowed-failures": 1,
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.scheduler.worker-ttl": "2 minutes",
    "distributed.scheduler.http.routes": [],
    "distributed.scheduler.work-stealing": False,
}
_REFUSED = 3
_ACCEPT_S = 120.0
_CLOSE_S = 20.0


class Jobs(msgspec.Struct, frozen=True, kw_only=True):
    """`jobs` batch jobs of `cores` cores each, with a Dask worker for each core.

    Empty values are left to Dask's configuration. `folder` must be seen by all machines: the key and the logs of the
    jobs are kept there. `chunk` is how many files travel in one task.
    """

    kind: Literal["slurm", "htcondor", "pbs"]
    jobs: int = 1
    cores: int = 1
    memory_gib_per_core: float = 4.0
    walltime_min: int = 120
    queue: str = ""
    account: str = ""
    chunk: int = 1
    folder: Path = msgspec.field(default_factory=lambda: Path.home() / ".cache" / "grader" / "cluster")


def start(jobs: Jobs) -> ClusterPool:
    """See `grader.batch.cluster.start`."""
    import dask.config
    from distributed import Client

    from grader.batch.distant import ClusterPool

    program = _KINDS[jobs.kind][1]
    if shutil.which(program) is None:
        raise ClusterError(f"{program} is not found here: run this on a machine that hands in jobs for {jobs.kind}")
    keys = make_keys(jobs.folder)
    try:
        watch = _Watch()
        with dask.config.set(_SCHEDULER):
            cluster = _cluster(jobs, keys, watch)
        try:
            # Jobs that end are replaced, unlike with scale().
            cluster.adapt(minimum_jobs=jobs.jobs, maximum_jobs=jobs.jobs)
            watch.wait(program)
            client = Client(cluster, security=keys.security(), set_as_default=False, name="grade")
        except BaseException:
            _close(cluster, watch)
            raise
    except BaseException:
        remove_keys(keys)
        raise

    def close() -> None:
        _close(cluster, watch)
        remove_keys(keys)

    pool = ClusterPool(client, size=jobs.jobs * jobs.cores, chunk=jobs.chunk, elastic=True, close=close)
    watch.tell(pool.end)
    return pool


def arguments(jobs: Jobs, keys: Keys) -> dict[str, Any]:
    """What dask-jobqueue is told."""
    import dask.config

    logs = jobs.folder / "logs"
    told: dict[str, Any] = {
        "cores": jobs.cores,
        "processes": jobs.cores,
        "memory": f"{jobs.memory_gib_per_core * jobs.cores:g}GiB",
        "job_name": "grade",
        "security": keys.security(),
        "protocol": "tls://",
        "log_directory": str(logs),
        "local_directory": dask.config.get(f"jobqueue.{jobs.kind}.local-directory", None) or "/tmp",  # noqa: S108
        "worker_extra_args": ["--no-dashboard", *_lifetime(jobs.walltime_min)],
        "scheduler_options": {"dashboard": False, "dashboard_address": "127.0.0.1:0"},
    }
    if jobs.kind == "htcondor":
        told["disk"] = dask.config.get("jobqueue.htcondor.disk", None) or "4GiB"
    else:
        told["walltime"] = f"{jobs.walltime_min // 60:02}:{jobs.walltime_min % 60:02}:00"
        told |= {name: value for name, value in (("queue", jobs.queue), ("account", jobs.account)) if value}
    return told


def _lifetime(walltime_min: int) -> list[str]:
    """Dask workers leave before their job is ended, not all at once, and hand back what they have not begun."""
    last_s = walltime_min * 60 * 0.9
    stagger_s = last_s * 0.1
    return ["--lifetime", f"{last_s - stagger_s:.0f}s", "--lifetime-stagger", f"{stagger_s:.0f}s"]


class _Watch:
    """What becomes of the jobs that are handed in."""

    def __init__(self) -> None:
        self._known = threading.Event()
        self._refused: list[str] = []
        self._end: Callable[[str], None] = lambda why: None
        self.closing = False

    def accepted(self) -> None:
        """A job was handed in."""
        self._refused.clear()
        self._known.set()

    def refused(self, error: BaseException) -> None:
        """A job was not taken."""
        lines = str(error).split("stderr:")[-1].strip().splitlines()
        self._refused.append(clean_line(lines[0] if lines else str(error), 200))
        self._known.set()
        if len(self._refused) >= _REFUSED:
            self._end(
                f"jobs are no longer accepted: {self._refused[-1]}; what was graded is stored: run again to go on"
            )

    def wait(self, program: str) -> None:
        """Return when a job was taken. Raises `ClusterError` when it was not."""
        if not self._known.wait(_ACCEPT_S):
            raise ClusterError(f"{program} has not answered for {_ACCEPT_S:.0f} s")
        if self._refused:
            raise ClusterError(f"{program} refused the job: {self._refused[0]}")

    def tell(self, end: Callable[[str], None]) -> None:
        """Call `end` with one line when no more jobs are taken."""
        self._end = end


def _cluster(jobs: Jobs, keys: Keys, watch: _Watch) -> JobQueueCluster:
    import dask_jobqueue
    from distributed import Status

    made = getattr(dask_jobqueue, _KINDS[jobs.kind][0])

    class Watched(made.job_cls):  # type: ignore[misc,name-defined]
        async def start(self) -> None:
            if watch.closing:
                self.status = Status.closed
                return
            try:
                await super().start()
            except Exception as error:
                self.status = Status.failed
                watch.refused(error)
                raise
            watch.accepted()

    told = arguments(jobs, keys)
    try:
        cluster: JobQueueCluster = made(job_cls=Watched, silence_logs="critical", **told)
    except (OSError, ValueError, RuntimeError) as error:
        raise ClusterError(f"cannot start a cluster: {clean_line(str(error), 200)}") from error
    return cluster


def _close(cluster: JobQueueCluster, watch: _Watch) -> None:
    """End the jobs and the scheduler. A job that was just refused spoils the first attempt."""
    from distributed import Status

    watch.closing = True
    for _ in range(_REFUSED):
        try:
            cluster.close(timeout=_CLOSE_S)
        except Exception:  # noqa: BLE001  it has been said why jobs are refused
            cluster.status = Status.running
        else:
            return
