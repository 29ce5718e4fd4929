"""The same on a real Slurm of one node: jobs are handed in, lost, replaced, and gone at the end."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import dask.config
import distributed  # noqa: F401  its settings must be there before a test sets one, or they go with it
import pytest

from grader.batch import run as run_module
from grader.batch.cluster import ClusterError, start
from grader.batch.jobs import Jobs
from grader.batch.run import Tally, run
from grader.batch.task import Spec
from grader.course import Course
from grader.engine import Options
from tests.batch import slurm, stubs
from tests.batch.books import Book, Waiting
from tests.course_files import ROOT

pytestmark = pytest.mark.skipif(slurm.why_not() != "", reason=slurm.why_not() or "there is one")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with slurm.running(tmp_path_factory.mktemp("slurm")) as environment:
        yield environment


@pytest.fixture(autouse=True)
def _slurm(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_CONF", environment["SLURM_CONF"])
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def jobs_of(user: str = "root") -> list[str]:
    """The ids of the jobs that Slurm knows of and that have not ended."""
    done = subprocess.run(["squeue", "-h", "-u", user, "-o", "%i"], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_a_class_is_graded_on_slurm_although_a_job_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "grade", stubs.grade)
    notes = tmp_path / "notes"
    notes.mkdir()
    book = Book()
    waiting = [Waiting(key=f"k{number}") for number in range(40)]
    spec = Spec(root=str(notes), slugs=("alpha",), digests={}, options=Options(seed=7))
    settings = Jobs(kind="slurm", jobs=2, memory_gib_per_core=0.5, walltime_min=10, folder=tmp_path / "shared")
    lost: list[str] = []

    def lose(tally: Tally) -> None:
        if not lost:
            lost.extend(jobs_of())
            subprocess.run(["scancel", "--signal=KILL", "--full", lost[0]], check=True)

    with dask.config.set({"distributed.deploy.lost-worker-timeout": "1s"}), start(settings) as pool:
        course = Course.load(ROOT / "tests/courses/good")
        tally = run(book.real, pool, course, spec, book.waiting(waiting), in_flight=pool.in_flight, told=lose)
        assert (tally.passed, tally.ungraded) == (40, 0)
        assert set(book.grades.values()) == {1}
        assert len(lost) == 2
    slurm.wait_until(lambda: jobs_of() == [])
    assert list((tmp_path / "shared").glob("keys-*")) == []


def test_slurms_own_reason_is_said_when_it_refuses_a_job(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"sbatch refused the job: sbatch: error: .*partition"):
        start(Jobs(kind="slurm", queue="nowhere", folder=tmp_path / "shared"))
    assert jobs_of() == []
