"""A host that cannot give all layers still grades, says what is missing and why, and refuses where that is too little.

Such hosts are made by what stands in the place of bubblewrap on the PATH of the judge.
"""

from __future__ import annotations

import shlex
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from grader.engine import Engine, ExerciseFinished, IsolationUnavailable, Options, Ready
from grader.model import Isolation, Level, Status
from grader.sandbox import bubblewrap
from grader.worker import confine
from tests.course_files import CourseFile, course

pytestmark = pytest.mark.skipif(bool(bubblewrap.why_not()), reason=f"bubblewrap: {bubblewrap.why_not()}")

SLUG = "relu"
REAL = shlex.quote(shutil.which(bubblewrap.PROGRAM) or bubblewrap.PROGRAM)
# As a security module does that lets only bubblewrap itself have rights in a new user namespace.
WITHOUT_RIGHTS = f"""
for word do
    shift
    case "$word" in --cap-add|CAP_SYS_ADMIN) ;; *) set -- "$@" "$word" ;; esac
done
exec {REAL} "$@"
"""


@dataclass(frozen=True)
class Case:
    """A host. `program` is what bwrap is there, nothing if there is none.

    `missing` is how what is said then begins, `lacks` the mechanisms that are not named.
    """

    name: str
    program: str
    missing: str
    lacks: frozenset[str]


ALL = frozenset({"namespaces of the host's (bubblewrap)", "namespaces of its own", "landlock", "seccomp"})
NAMESPACES = frozenset({"namespaces of the host's (bubblewrap)", "namespaces of its own"})
CASES = [
    Case("it is not installed", "", "bubblewrap: not installed (the package is called bubblewrap)", NAMESPACES),
    Case(
        "it fails at once",
        "echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1",
        "bubblewrap: setting up uid map: Permission denied",
        NAMESPACES,
    ),
    Case("it ends without a word", "exec false", "bubblewrap: it ended at once", NAMESPACES),
    Case(
        "the zygote cannot load torch inside",
        f'ulimit -v 400000; exec {REAL} "$@"',
        "bubblewrap: ",
        NAMESPACES,
    ),
    Case(
        "it gives no rights inside",
        WITHOUT_RIGHTS,
        "namespaces: unshare: Operation not permitted",
        frozenset({"namespaces of its own"}),
    ),
]


@pytest.fixture(params=CASES, ids=[case.name for case in CASES])
def case(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    """A host, for judges that are started in the test."""
    found: Case = request.param
    # Not in a folder of pytest's: root's zygote is another user, who must reach it.
    with tempfile.TemporaryDirectory(prefix="bwrap-") as folder:
        Path(folder).chmod(0o755)
        if found.program:
            program = Path(folder, bubblewrap.PROGRAM)
            program.write_text(f"#!/bin/sh\n{found.program}\n")
            program.chmod(0o755)
        monkeypatch.setenv("PATH", folder)
        yield found


def grade(options: Options) -> tuple[Isolation, Status]:
    """What a run on this host says of its isolation, and how the reference solution is graded."""
    own = course()
    exercise = own.get(SLUG)
    assert exercise is not None
    reference = CourseFile(exercise, "reference", exercise.solution)
    with Engine(own, [SLUG], options) as engine:
        ready, *_, last = engine.grade([reference.job()])
    assert isinstance(ready, Ready)
    assert isinstance(last, ExerciseFinished)
    return ready.isolation, last.result.status


def test_it_grades_and_says_what_is_missing_and_why(case: Case) -> None:
    isolation, status = grade(Options())
    assert status is Status.PASSED
    assert isolation.level is Level.PROCESS
    (line,) = isolation.missing
    assert line.startswith(case.missing)
    assert len(line) > len("bubblewrap: ")
    assert "\n" not in line
    assert expected() - set(isolation.mechanisms) == case.lacks


def test_it_refuses_where_a_sandbox_is_required(case: Case) -> None:
    with pytest.raises(IsolationUnavailable) as caught:
        grade(Options(required=Level.SANDBOX))
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"isolation 'sandbox' is not available here, only 'process' ({case.missing}")


def test_with_the_real_one_nothing_is_missing() -> None:
    isolation, status = grade(Options(required=Level.SANDBOX))
    assert (isolation.level, isolation.missing, status) == (Level.SANDBOX, (), Status.PASSED)
    assert expected() <= set(isolation.mechanisms)


def expected() -> frozenset[str]:
    """What a host has where nothing is missing."""
    return ALL if confine.has_landlock() else ALL - {"landlock"}
