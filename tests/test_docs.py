"""What the documentation says is so: its links, commands, markers, fields, and the exercise that it builds."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import msgspec
import pytest
from click.testing import CliRunner

from grader import cli, model, suite
from grader.course import Course, Forbidden
from grader.engine import Engine, ExerciseFinished, Options
from grader.model import ExerciseResult, Status
from grader.proof.findings import Phase
from grader.worker import protocol
from tests.course_files import ROOT, job_of

PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
EVERYTHING = "\n".join(page.read_text("utf-8") for page in PAGES)
GUIDE = (ROOT / "docs" / "writing-suites.md").read_text("utf-8")


def _anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_relative_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        assert target.exists(), f"{link}: no such file"
        assert not anchor or anchor in _anchors(target), f"{link}: no such heading"


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^    )make ([a-z]+)", EVERYTHING, re.MULTILINE))
    assert {"grade", "test", "bench", "lint"} <= named <= targets


def test_commands_and_options_of_grade_exist() -> None:
    commands = cli.main.commands
    # A word that is neither a path nor an option is a command.
    used = re.findall(r"(?:`|^ {4}(?:\$ )?|^\$ )grade ([a-z]+)(?=[ `\n])", EVERYTHING, re.MULTILINE)
    assert {"list", "hint", "doctor", "check", "new"} <= set(used) <= set(commands)
    every = [*commands.values()]
    every += [
        one for command in commands.values() if isinstance(command, click.Group) for one in command.commands.values()
    ]
    known = {option for command in every for one in command.params for option in (*one.opts, *one.secondary_opts)}
    known |= {"--help", "--version"}
    lines = [line for line in EVERYTHING.splitlines() if re.search(r"\bgrade\b", line) and "pip" not in line]
    readme = (ROOT / "README.md").read_text("utf-8")
    described = set(re.findall(r"`(--[a-z-]+)", readme))
    for option in described | set(re.findall(r"(?<!\w)(--[a-z-]+)", "\n".join(lines))):
        assert option in known | {"--profile", "--class"}, option
    grading = commands["paths"]
    assert {one.envvar for command in commands.values() for one in command.params if one.envvar} <= set(
        re.findall(r"GRADE_[A-Z_]+", readme)
    )
    own = {option for one in grading.params if isinstance(one, click.Option) for option in one.opts if not one.hidden}
    assert own - {"-h", "--help"} <= described


def test_exit_codes_in_the_readme_are_those_of_the_program() -> None:
    from grader.commands.common import Exit

    sentence = re.search(r"Exit status: (.*?)\.\n", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert sentence is not None
    assert [int(n) for n in re.findall(r"\d+", sentence[1])] == [code.value for code in Exit]


def test_markers_in_the_guide_are_those_of_the_plugin() -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "pytest", "--markers", "-c", "/dev/null"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    known = set(re.findall(r"^@pytest\.mark\.(\w+)", listed.stdout, re.MULTILINE))
    named = set(re.findall(r"@pytest\.mark\.(\w+)", GUIDE))
    assert named == {"points", "depends", "hint", "pretend"}
    assert named <= known


def test_options_of_pytest_in_the_guide_are_those_of_the_plugin() -> None:
    source = (ROOT / "grader" / "pytest_plugin.py").read_text("utf-8")
    for option in re.findall(r'addoption\("(--[a-z-]+)"', source):
        assert option in GUIDE, option


def test_every_helper_of_a_suite_is_described() -> None:
    described = set(re.findall(r"`(assert_\w+)\(", GUIDE))
    assert described == {name for name in suite.__all__ if name.startswith("assert_")}


def test_every_key_of_an_exercise_is_described_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `([\w.]+)` \| (.*) \|$", GUIDE, re.MULTILINE))
    for key in Forbidden.__struct_fields__:
        assert f"forbidden.{key}" in rows
    for field in msgspec.structs.fields(model.Limits):
        assert f"({field.default:g})" in rows[f"limits.{field.name}"]


def test_sizes_in_the_guide_are_those_of_the_wire() -> None:
    assert f"{protocol.MAX_BODY >> 20} MiB of tensors and {protocol.MAX_HEADER >> 20} MiB of other values" in GUIDE
    assert f"nested more than {protocol.MAX_DEPTH} deep" in GUIDE


def test_every_field_of_the_result_file_is_described() -> None:
    text = (ROOT / "docs" / "results.md").read_text("utf-8")
    structs = (
        model.Report,
        model.Isolation,
        model.Environment,
        model.ExerciseResult,
        model.SubmissionFile,
        model.CheckResult,
        model.Frame,
        model.Figure,
        model.Diagnosis,
    )
    words = {field for struct in structs for field in struct.__struct_fields__}
    words |= {
        member.value for closed in (model.Outcome, model.Status, model.Level, model.DiagnosisKind) for member in closed
    }
    assert sorted(word for word in words if f"`{word}`" not in text) == []


@pytest.fixture(scope="module")
def guide_course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The course that the guide for authors builds from its own code blocks."""
    root = tmp_path_factory.mktemp("guide")
    for name, text in re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", GUIDE, re.DOTALL):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    course = Course.load(root)
    assert course.problems == ()
    return course


def test_the_exercise_of_the_guide_is_graded_as_it_says(guide_course: Course) -> None:
    [exercise] = guide_course.exercises
    jobs = [job_of(exercise.slug, exercise.solution), job_of(exercise.slug, exercise.stub)]
    with Engine(guide_course, guide_course.slugs, Options(seed=3)) as engine:
        events = list(engine.grade(jobs))
    results: list[ExerciseResult] = [event.result for event in events if isinstance(event, ExerciseFinished)]
    assert [(one.status, one.score, one.max_score) for one in results] == [
        (Status.PASSED, 4.0, 4.0),
        (Status.NOT_ATTEMPTED, 0.0, 4.0),
    ]


def test_the_exercise_of_the_guide_runs_under_plain_pytest(guide_course: Course) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", "solutions"],
        capture_output=True,
        text=True,
        check=False,
        cwd=guide_course.root,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


def test_attacks_and_probes_of_the_threat_model_exist() -> None:
    page = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
    named = re.findall(r"\b([AP]):(\w+)", page)
    assert len(named) > 40
    folders = {"A": ROOT / "tests" / "attacks", "P": ROOT / "tests" / "sandbox" / "probes"}
    assert [name for kind, name in named if not (folders[kind] / f"{name}.py").is_file()] == []


TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
STEP = re.compile(r"(?:<!-- (file|append): (\S+) -->\n)?```(\w+)\n(.*?)```", re.DOTALL)


@pytest.mark.timeout(300)  # on a busy machine; two exercises are proven on the way
def test_the_tutorial_leads_to_an_exercise_as_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    for tree in ("exercises", "solutions"):
        (tmp_path / tree).mkdir()
    ran = []
    for kind, name, language, text in STEP.findall(TUTORIAL):
        if kind:
            with (tmp_path / name).open("w" if kind == "file" else "a", encoding="utf-8") as file:
                file.write(text if kind == "file" else f"\n\n{text}")
        else:
            assert language == "console"
            command, _, shown = text.removeprefix("$ ").partition("\n")
            ran.append(command)
            _follow(command.split(), [line for line in shown.splitlines() if line != "..."])
    assert ran[-1] == "grade check softmax"
    assert len(ran) == 5


def _follow(command: list[str], shown: list[str]) -> None:
    """Run a command of the tutorial; the lines that it shows must come, in this order. They may be cut off."""
    if command[0] == "rm":
        for name in command[1:]:
            Path(name).unlink()
        return
    assert command[0] == "grade"
    output = CliRunner().invoke(cli.main, command[1:]).output
    lines = iter(output.splitlines())
    for line in shown:
        assert any(one.startswith(line) for one in lines), f"{' '.join(command)} does not show {line!r} here:\n{output}"


def test_every_phase_of_grade_check_is_described() -> None:
    page = (ROOT / "docs" / "checking.md").read_text("utf-8")
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(Phase)
