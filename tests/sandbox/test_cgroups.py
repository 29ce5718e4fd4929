"""The control group around a zygote, with the real kernel."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from grader.course import Course
from grader.engine import Engine, ExerciseFinished, Job, Options, Ready
from grader.model import ExerciseResult, Level, Outcome, Status
from grader.sandbox import Zygote, cgroups
from tests.judge import remote

ROOT = Path(__file__).resolve().parents[2]
COURSE = Course.load(ROOT / "tests" / "courses" / "feedback")
TOY = (COURSE.root / "solutions" / "01_all" / "toy" / "toy.py").read_text()
MECHANISM = "cgroup (memory, processes)"
MIB = 1 << 20

OWN = cgroups.own_folders()
has_v1 = pytest.mark.skipif(
    not all(name in OWN and os.access(OWN[name], os.W_OK) for name in cgroups.CONTROLLERS),
    reason="no hierarchies of cgroup version 1 in which groups can be made",
)
has_v2 = pytest.mark.skipif(
    "" not in OWN or not os.access(OWN[""], os.W_OK) or not (OWN[""] / "cgroup.controllers").read_text().strip(),
    reason="no cgroup version 2 with a controller, in which groups can be made",
)

# Ways to take memory, each run once, in the middle of a check.
HEAP = "    global kept\n    kept = torch.ones(700 * 2**20 // 4)\n"
# None of this counts for RLIMIT_AS.
FILES = "    for name in 'ab':\n        with open(f'/tmp/{name}', 'wb') as file: file.write(bytes(2**20) * 30)\n"
COPIES = """\
    import ctypes
    libc = ctypes.CDLL(None)
    for line in open("/proc/self/maps"):
        ends, rights, _, _, _, *path = line.split()
        if path and "libtorch_cpu" in path[0] and rights.startswith("r"):
            low, high = (int(end, 16) for end in ends.split("-"))
            if libc.mprotect(ctypes.c_void_p(low), ctypes.c_size_t(high - low), 7 if "x" in rights else 3) == 0:
                for page in range(low, high, 4096):
                    byte = ctypes.c_char.from_address(page)
                    byte.value = byte.value
"""
THREADS = """\
    import threading
    threading.stack_size(65536)
    for _ in range(5000):
        threading.Thread(target=threading.Event().wait, daemon=True).start()
"""


def during_a_check(lines: str) -> str:
    """A right submission that does something more when it is called first."""
    once = "    if 'done' in globals(): return 2 * x\n    global done\n    done = True\n"
    assert "    return 2 * x\n" in TOY
    return TOY.replace("    return 2 * x\n", once + lines + "    return 2 * x\n", 1)


def grade(engine: Engine, source: str) -> ExerciseResult:
    job = Job(slug="toy", file="toy.py", sha256="0" * 64, source=source)
    (finished,) = [event for event in engine.grade([job]) if isinstance(event, ExerciseFinished)]
    return finished.result


def judge() -> psutil.Process:
    (found,) = [p for p in psutil.Process().children() if "grader.judge" in p.cmdline()]
    return found


def groups_of(pid: int) -> list[Path]:
    return [group for name in cgroups.CONTROLLERS for group in OWN[name].glob(f"grade-{pid}-*")]


def group_of(pid: int, controller: str) -> Path:
    (group,) = OWN[controller].glob(f"grade-{pid}-*")
    return group


def number(file: Path) -> int:
    return int(file.read_text())


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(COURSE, ["toy"], Options(seed=1)) as started:
        (ready,) = started.grade([])
        assert isinstance(ready, Ready)
        assert MECHANISM in ready.isolation.mechanisms
        yield started


# ---- version 1 ----


@has_v1
@pytest.mark.parametrize("without", [(), ("bubblewrap",), ("bubblewrap", "landlock", "seccomp")])
def test_a_zygote_and_its_workers_are_in_a_group_with_the_limits_asked_for(without: tuple[str, ...]) -> None:
    zygote = Zygote(spares=1, without=without, memory_mib=100, disk_mib=10)
    zygote.start()
    try:
        with remote.clients(zygote) as client:
            client("")
            assert MECHANISM in zygote.isolation.mechanisms
            assert zygote.isolation.missing == ()
            assert zygote.pid is not None
            above = psutil.Process(zygote.pid)
            workers = above.children()
            assert workers
            for controller in cgroups.CONTROLLERS:
                members = (group_of(os.getpid(), controller) / "cgroup.procs").read_text().split()
                assert {str(above.pid), *(str(worker.pid) for worker in workers)} <= set(members)
                assert str(os.getpid()) not in members
            limit = (cgroups.BASE_MIB + 3 * 110) * MIB
            assert number(group_of(os.getpid(), "memory") / "memory.limit_in_bytes") == limit
            assert number(group_of(os.getpid(), "pids") / "pids.max") == 64 + 3 * 128
            ours = Path("/proc/self/oom_score_adj").read_text()
            assert Path(f"/proc/{above.pid}/oom_score_adj").read_text() == ours
            assert "1000\n" in [Path(f"/proc/{worker.pid}/oom_score_adj").read_text() for worker in workers]
    finally:
        zygote.close()
    assert groups_of(os.getpid()) == []


@has_v1
def test_a_zygote_needs_less_than_half_of_what_the_group_has_for_it() -> None:
    with remote.zygote() as running, remote.clients(running) as client:
        client("")
        peak = number(group_of(os.getpid(), "memory") / "memory.max_usage_in_bytes")
    assert 50 < peak / MIB < cgroups.BASE_MIB / 2


@has_v1
def test_the_group_can_be_left_out() -> None:
    zygote = Zygote(without=("cgroup",))
    zygote.start()
    try:
        zygote.wait_ready()
        assert MECHANISM not in zygote.isolation.mechanisms
        assert groups_of(os.getpid()) == []
    finally:
        zygote.close()


@has_v1
@pytest.mark.parametrize(
    ("lines", "room_mib"), [(HEAP, 150), (FILES, 32), (COPIES, 100)], ids=["heap", "files", "copies"]
)
def test_what_takes_all_memory_of_the_group_is_out_of_memory_and_the_next_gets_its_marks(
    engine: Engine, lines: str, room_mib: int
) -> None:
    assert grade(engine, TOY).status is Status.PASSED
    pid = judge().pid
    group = group_of(pid, "memory")
    inside = cgroups.Group([group])
    zygote = min(map(int, (group / "cgroup.procs").read_text().split()))
    used = number(group / "memory.usage_in_bytes")
    for name in ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"):
        (group / name).write_text(str(used + room_mib * MIB))
    before = inside.oom_kills()
    result = grade(engine, during_a_check(lines))
    assert Outcome.OUT_OF_MEMORY in {check.outcome for check in result.checks}
    assert Outcome.CRASHED not in {check.outcome for check in result.checks}
    messages = {check.message for check in result.checks if check.outcome is Outcome.OUT_OF_MEMORY}
    assert messages == {"Your code asked for more memory than it may use."}
    assert inside.oom_kills() > before
    after = grade(engine, TOY)
    assert after.score == after.max_score
    # Neither the judge nor the zygote was started anew.
    assert judge().pid == pid
    assert zygote in map(int, (group / "cgroup.procs").read_text().split())


@has_v1
def test_a_worker_that_kills_itself_is_not_called_out_of_memory() -> None:
    # The first process of a namespace cannot: the kernel drops the signal.
    with Engine(COURSE, ["toy"], Options(seed=1, without=("bubblewrap",))) as engine:
        result = grade(engine, TOY + "import os\nos.kill(os.getpid(), 9)\n")
        assert {check.outcome for check in result.checks} == {Outcome.CRASHED, Outcome.SKIPPED}


@has_v1
@pytest.mark.parametrize("without", [(), ("bubblewrap",)])
def test_threads_end_at_the_limit_and_the_next_submission_gets_its_marks(without: tuple[str, ...]) -> None:
    with Engine(COURSE, ["toy"], Options(seed=1, without=without)) as engine:
        result = grade(engine, during_a_check(THREADS))
        assert Outcome.OUT_OF_THREADS in {check.outcome for check in result.checks}
        after = grade(engine, TOY)
        assert after.score == after.max_score


@has_v1
def test_the_group_goes_with_the_engine(engine: Engine) -> None:
    pid = judge().pid
    assert len(groups_of(pid)) == 2
    engine.close()
    assert groups_of(pid) == []


@has_v1
def test_the_engine_removes_the_group_of_a_judge_that_was_killed(engine: Engine) -> None:
    first = judge()
    assert len(groups_of(first.pid)) == 2
    first.kill()
    psutil.wait_procs([first], timeout=10)
    assert grade(engine, TOY).status is Status.PASSED
    assert groups_of(first.pid) == []
    assert len(groups_of(judge().pid)) == 2


@has_v1
def test_the_next_start_removes_the_group_of_a_run_that_was_killed() -> None:
    script = (
        "from grader.sandbox import Zygote\n"
        "zygote = Zygote(); zygote.start(); zygote.wait_ready(); print('ready', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(groups_of(process.pid)) == 2
        process.kill()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive
    # From now on any other run that starts may remove them, one of a test that runs beside this one too.
    theirs = cgroups.make(memory_mib=64, tasks=8)
    assert theirs is not None
    try:
        assert groups_of(process.pid) == []
        # Ours is empty too, but we are there.
        other = cgroups.make(memory_mib=64, tasks=8)
        assert other is not None
        other.remove()
        assert all(folder.exists() for folder in theirs.folders)
    finally:
        theirs.remove()
    assert groups_of(os.getpid()) == []


@has_v1
def test_removing_a_group_ends_what_is_in_it() -> None:
    group = cgroups.make(memory_mib=64, tasks=8)
    assert group is not None
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        assert not group.has_members()
        group.add(process.pid)
        assert group.has_members()
        group.remove()
        assert process.wait(10) == -signal.SIGKILL
    assert not any(folder.exists() for folder in group.folders)


@has_v1
def test_a_group_that_nobody_could_enter_is_not_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the launcher may not write what we may."""
    monkeypatch.setattr(cgroups.Group, "has_members", lambda _: False)
    with remote.zygote() as running:
        running.wait_ready()
        assert MECHANISM not in running.isolation.mechanisms
        assert running.isolation.missing == ()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can become another user")
def test_an_ordinary_user_gets_none_and_hears_nothing_of_it() -> None:
    script = (
        "import os; from grader.sandbox import cgroups\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "print(cgroups.make(memory_mib=64, tasks=8), cgroups.remove_groups_of(1))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "None None\n"
    assert done.stderr == ""


def test_without_a_group_a_sandbox_lacks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "make", lambda **_: None)
    with remote.zygote() as running, remote.clients(running) as client:
        client("")
        assert MECHANISM not in running.isolation.mechanisms
        assert running.isolation.level is Level.SANDBOX
        assert running.isolation.missing == ()


# ---- version 2 ----

# Runs in a group made for the test: makes one, puts a process into it, tells where all are, and removes it.
IN_A_GROUP = """
import json, os, subprocess, sys
from pathlib import Path
from grader.sandbox import cgroups
parent, controllers = Path(sys.argv[1]), sys.argv[2].split()
other = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
for pid in (os.getpid(), other.pid):
    (parent / "cgroup.procs").write_text(str(pid))
made = []
for _ in range(2):
    group = cgroups.make_v2(64, 8, controllers)
    if group is None:
        break
    child = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    group.add(child.pid)
    where = [Path(f"/proc/{p}/cgroup").read_text().splitlines()[-1] for p in ("self", other.pid, child.pid)]
    enabled = (parent / "cgroup.subtree_control").read_text().split()
    group.remove()
    made.append([where, enabled, child.wait(10), group.folders[0].exists()])
print(json.dumps([made, sorted(p.name for p in parent.iterdir() if p.is_dir())]))
other.kill()
"""


@contextmanager
def group_for_a_test(controllers: list[str], *, mark: bytes) -> Iterator[Path]:
    """A group of version 2 that has `controllers` to give, below the outermost that can be seen."""
    above = OWN[""]
    before = (above / "cgroup.subtree_control").read_text().split()
    missing = [name for name in controllers if name not in before]
    (above / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in missing))
    group = above / f"grader-test-{os.getpid()}"
    group.mkdir()
    try:
        if mark:
            os.setxattr(group, "user.delegate", mark)
        yield group
    finally:
        for folder in (*group.glob("*/"), group):
            cgroups.Group([folder]).remove()
        (above / "cgroup.subtree_control").write_text(" ".join(f"-{name}" for name in missing))
        assert not group.exists()


def make_in(group: Path, controllers: list[str]) -> tuple[list[tuple[list[str], list[str], int, bool]], list[str]]:
    done = subprocess.run(
        [sys.executable, "-c", IN_A_GROUP, str(group), " ".join(controllers)],
        cwd=ROOT, stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    made, folders = json.loads(done.stdout)
    return made, folders


@pytest.fixture
def controllers() -> list[str]:
    return (OWN[""] / "cgroup.controllers").read_text().split()[:1]


@has_v2
def test_in_a_delegated_group_the_others_move_into_a_leaf_beside_ours(controllers: list[str]) -> None:
    with group_for_a_test(controllers, mark=b"1") as group:
        made, folders = make_in(group, controllers)
        inside = f"0::{group.relative_to(OWN[''])}".replace("::", "::/")
        assert len(made) == 2  # also from within the leaf, as a judge that is started later
        for (own, other, child), enabled, status, still_there in made:
            assert own == other == f"{inside}/{cgroups.LEAF}"
            assert child.startswith(f"{inside}/grade-")
            assert enabled == controllers
            assert status == -signal.SIGKILL
            assert not still_there
        assert folders == [cgroups.LEAF]


@has_v2
@pytest.mark.parametrize("mark", [b"", b"0"])
def test_a_group_that_was_not_delegated_is_not_touched(controllers: list[str], mark: bytes) -> None:
    with group_for_a_test(controllers, mark=mark) as group:
        made, folders = make_in(group, controllers)
        assert made == []
        assert folders == []
        assert (group / "cgroup.subtree_control").read_text().strip() == ""


@has_v2
def test_a_delegated_group_without_the_controllers_stays_as_it_is(controllers: list[str]) -> None:
    with group_for_a_test(controllers, mark=b"1") as group:
        made, folders = make_in(group, [*controllers, "nosuch"])
        assert made == []
        assert folders == []
