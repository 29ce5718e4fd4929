"""Where a class is graded: on this machine, on a Dask cluster, or in jobs of a batch system."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click
import msgspec

from grader import engine
from grader.batch.digest import exercise_digests
from grader.batch.pool import LocalPool
from grader.batch.task import Spec
from grader.commands.common import say
from grader.course import Course
from grader.model import Level

if TYPE_CHECKING:
    from grader.batch.distant import ClusterPool


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """The cluster to use, if any: the address of one that runs, or the kind of one to start, with its options."""

    scheduler: str | None = None
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    width: int | None = None
    kind: Literal["slurm", "htcondor", "pbs"] | None = None
    jobs: int = 1
    cores: int = 1
    memory: float = 4.0
    walltime: int = 120
    queue: str = ""
    account: str = ""
    folder: Path | None = None
    chunk: int = 1


class Grading(msgspec.Struct, frozen=True, kw_only=True):
    """How a class is graded, as the command line says."""

    course: Path | None = None
    jobs: int | None = None
    timeout_s: float | None = None
    isolation: str = "auto"
    required: str | None = None
    allow_forbidden: bool = False
    cluster: Cluster = Cluster()


def spec_for(course: Course, grading: Grading, seed: int) -> Spec:
    """What all tasks of a run share. Raises click.UsageError when the course can't be read."""
    required = Level(grading.required) if grading.required else None
    options = engine.Options(
        seed=seed,
        timeout_s=grading.timeout_s,
        isolation=grading.isolation,
        forbidden=not grading.allow_forbidden,
        required=required or Level.NONE,
    )
    if grading.cluster.scheduler or grading.cluster.kind:
        from grader.batch import cluster

        options = cluster.isolated(options, required)
    try:
        digests = exercise_digests(course, options)
    except OSError as error:
        raise click.UsageError(f"can't read the course in {course.root}: {error.strerror or error}") from error
    return Spec(root=str(course.root), slugs=course.slugs, digests=digests, options=options)


def check_cluster(asked: Cluster) -> None:
    """What can be known of a cluster before anything else is done. Raises click.UsageError."""
    if asked.scheduler:
        from grader.batch import cluster

        try:
            cluster.with_scheme(asked.scheduler)
        except cluster.ClusterError as error:
            raise click.UsageError(f"--scheduler {error}") from error


@contextlib.contextmanager
def pool_for(grading: Grading) -> Iterator[LocalPool | ClusterPool]:
    """The pool that was asked for. Raises `ClusterError`, one line, when a cluster can't be used."""
    asked = grading.cluster
    if not (asked.scheduler or asked.kind):
        with LocalPool(grading.jobs) as pool:
            yield pool
        return
    from grader.batch import cluster

    if asked.scheduler:
        keys = cluster.find_keys(asked.tls_ca, asked.tls_cert, asked.tls_key)
        distant = cluster.connect(asked.scheduler, keys, width=asked.width, chunk=asked.chunk)
    else:
        assert asked.kind is not None
        jobs = cluster.Jobs(
            kind=asked.kind,
            jobs=asked.jobs,
            cores=asked.cores,
            memory_gib_per_core=asked.memory,
            walltime_min=asked.walltime,
            queue=asked.queue,
            account=asked.account,
            chunk=asked.chunk,
        )
        distant = cluster.start(msgspec.structs.replace(jobs, folder=asked.folder) if asked.folder else jobs)
    with distant:
        try:
            yield distant
        finally:
            for line in distant.notes:
                say(line)
