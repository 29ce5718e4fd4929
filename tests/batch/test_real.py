"""The real `grade` on a real Dask worker: the results of this machine, no key in sight, and no process left."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil  # type: ignore[import-untyped]
import pytest

from grader.batch.cluster import ClusterError, connect
from grader.batch.digest import exercise_digests
from grader.batch.distant import ClusterPool
from grader.batch.keys import Keys
from grader.batch.pool import LocalPool
from grader.batch.task import Spec, Task, grade
from grader.classroom import Graded
from grader.course import Course
from grader.engine import Options
from grader.model import ExerciseResult, Level
from grader.sandbox import LAYERS
from tests.batch import stubs
from tests.batch.clusters import Processes, processes
from tests.course_files import ROOT, course_files

GOOD = ROOT / "tests/courses/good"
LOOKS = (Path(__file__).parent / "submissions" / "looks_for_keys.py").read_text()


@pytest.fixture(scope="module")
def cluster(keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    with processes(keys, tmp_path_factory.mktemp("dask")) as started:
        started.start_scheduler()
        started.start_workers(1)
        yield started


@pytest.fixture
def pool(cluster: Processes, keys: Keys) -> Iterator[ClusterPool]:
    with connect(cluster.address, keys, width=1) as pool:
        yield pool


def spec_of(root: Path, *slugs: str, options: Options | None = None) -> Spec:
    options = options or Options(seed=7)
    return Spec(root=str(root), slugs=slugs, digests=exercise_digests(Course.load(root), options), options=options)


def task_of(slug: str, source: str) -> Task:
    return Task(key=slug, slug=slug, file=f"{slug}.py", sha256="0", source=source)


def lasting(graded: Graded) -> ExerciseResult:
    """A result without what differs from run to run."""
    checks = tuple(msgspec.structs.replace(check, duration_s=0.0) for check in graded.result.checks)
    return msgspec.structs.replace(graded.result, checks=checks)


def test_a_cluster_gives_the_results_of_this_machine(pool: ClusterPool) -> None:
    spec = spec_of(ROOT, "relu")
    kinds = {one.kind: one.path for one in course_files() if one.exercise.slug == "relu"}
    tasks = [task_of("relu", path.read_text()) for path in kinds.values()]
    distant = [pool.submit(grade, spec, task).result(100) for task in tasks]
    with LocalPool(1) as local:
        here = [local.submit(grade, spec, task).result(100) for task in tasks]
    assert len({one.result.score for one in here}) > 1
    assert [lasting(one) for one in distant] == [lasting(one) for one in here]


@pytest.mark.parametrize("open_", [False, True], ids=["in the sandbox", "without any isolation"])
def test_student_code_finds_no_key_and_no_scheduler(
    pool: ClusterPool, cluster: Processes, keys: Keys, open_: bool
) -> None:
    port = int(cluster.address.rpartition(":")[2])
    wanted = {
        "files": [str(keys.key), str(keys.certificate), str(keys.authority)],
        "words": ["PRIVATE KEY", "CERTIFICATE", "--tls-key", cluster.address],
        "ports": [port],
        "host": socket.gethostname(),
    }
    options = Options(seed=7, without=LAYERS) if open_ else Options(seed=7, required=Level.SANDBOX)
    graded = pool.submit(
        grade, spec_of(GOOD, "alpha", options=options), task_of("alpha", LOOKS.replace("@WANTED@", json.dumps(wanted)))
    ).result(100)
    (check,) = graded.result.checks
    if open_:
        # The same submission finds them all: it looks where they are.
        assert f"{keys.key} has PRIVATE KEY" in check.output
        assert "cmdline has --tls-key" in check.output
        assert f"connected to 127.0.0.1:{port}" in check.output
    else:
        assert graded.isolation == "sandbox"
        assert check.outcome == "passed", check
        assert "FOUND []" in check.output


def test_a_cluster_with_another_course_ends_with_a_line_that_says_so(pool: ClusterPool) -> None:
    spec = spec_of(GOOD, "alpha")
    other = msgspec.structs.replace(spec, digests={"alpha": "0" * 64})
    with pytest.raises(ClusterError) as raised:
        pool.submit(grade, other, task_of("alpha", "")).result(100)
    assert "the exercise alpha in" in str(raised.value)
    assert "make them the same everywhere" in str(raised.value)


def test_killing_a_dask_worker_leaves_no_judge_and_no_worker(keys: Keys, tmp_path: Path) -> None:
    with processes(keys, tmp_path) as own:
        own.start_scheduler()
        own.start_workers(1)
        with connect(own.address, keys) as pool:
            pid = pool.submit(stubs.pid).result(30)
            source = "import time\ndef alpha(x):\n    time.sleep(60)\n"
            busy = pool.submit(grade, spec_of(GOOD, "alpha"), task_of("alpha", source))
            below = stubs.judging(pid)
            os.kill(pid, signal.SIGKILL)
            assert psutil.wait_procs(below, timeout=20)[1] == []
            assert not busy.done(), "it is tried elsewhere"
