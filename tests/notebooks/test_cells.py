"""Results that point at cells and their lines."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.model import CheckResult, Diagnosis, DiagnosisKind, ExerciseResult, Frame, Outcome, Status, SubmissionFile
from grader.notebooks.cells import CellMap, Run, cells_in, header, relocate
from grader.report.fill import fill
from tests.fakes import READY, exercise
from tests.notebooks.files import read

CELLS = CellMap((Run(2, 3, 4, 10), Run(6, 2, 7, 1), Run(8, 1, 7, 5)), ("Cell 9 can't be read.",))


def result(
    *frames: Frame, message: str = "", status: Status = Status.FAILED, diagnoses: tuple[Diagnosis, ...] = ()
) -> ExerciseResult:
    check = CheckResult(id="t", title="t", outcome=Outcome.RAISED, score=0, max_score=1, message=message, frames=frames)
    made = exercise("hw", status, check, diagnoses=diagnoses)
    return msgspec.structs.replace(made, submission=SubmissionFile(file="hw.ipynb", sha256=""))


def frame(line: int, *, file: str = "hw.ipynb") -> Frame:
    lines = [f"line {number}" for number in range(1, 10)]
    first, last = max(1, line - 2), min(9, line + 2)
    return Frame(file=file, line=line, function="f", first_line=first, excerpt=tuple(lines[first - 1 : last]))


def test_a_line_is_found_in_its_cell_or_nowhere() -> None:
    assert [CELLS.locate(line) for line in range(10)] == [
        None,
        None,
        (4, 10),
        (4, 11),
        (4, 12),
        None,
        (7, 1),
        (7, 2),
        (7, 5),
        None,
    ]


def test_a_frame_points_at_the_cell_with_the_lines_that_are_neighbours_there() -> None:
    made = relocate(result(frame(3), frame(7), frame(8)), CELLS).checks[0].frames
    assert made[0] == Frame(
        file="hw.ipynb, cell 4", line=11, function="f", first_line=10, excerpt=("line 2", "line 3", "line 4")
    )
    assert made[1] == Frame(file="hw.ipynb, cell 7", line=2, function="f", first_line=1, excerpt=("line 6", "line 7"))
    assert made[2] == Frame(file="hw.ipynb, cell 7", line=5, function="f", first_line=5, excerpt=("line 8",))


def test_frames_of_other_files_and_lines_of_no_cell_stay() -> None:
    made = result(frame(3, file="torch.py"), frame(5))
    assert relocate(made, CELLS).checks[0].frames == made.checks[0].frames


def test_sentences_of_the_grader_name_the_cell_and_those_of_the_student_stay() -> None:
    said = {
        "Not implemented yet (line 3).": "Not implemented yet (cell 4, line 11).",
        "Python cannot read line 6: expected an indented block after 'if' on line 4.": "Python cannot read cell 7, "
        "line 1: expected an indented block after 'if' in cell 4, line 12.",
        "Your code raised ValueError: line 3": "Your code raised ValueError: line 3",
        "Not implemented yet (line 5).": "Not implemented yet (line 5).",
        "Not implemented yet.": "Not implemented yet.",
        "Not implemented yet (line 3). (line 3).": "Not implemented yet (line 3). (line 3).",
    }
    assert {text: relocate(result(message=text), CELLS).checks[0].message for text in said} == said


def test_a_diagnosis_names_its_cell() -> None:
    found = Diagnosis(check="", kind=DiagnosisKind.FORBIDDEN_API, name="torch.relu", text="t", line=7)
    (made,) = relocate(result(diagnoses=(found,)), CELLS).diagnoses
    assert (made.cell, made.line) == (7, 2)


def test_cells_that_could_not_be_used_are_told_unless_all_is_well() -> None:
    assert relocate(result(), CELLS).problem == "Cell 9 can't be read."
    assert relocate(result(status=Status.PASSED), CELLS).problem == ""


def test_relocating_twice_is_relocating_once() -> None:
    found = Diagnosis(check="", kind=DiagnosisKind.FORBIDDEN_API, name="torch.relu", text="t", line=7)
    once = relocate(result(frame(3), message="Not implemented yet (line 3).", diagnoses=(found,)), CELLS)
    assert relocate(once, CELLS) == once


def test_without_a_map_nothing_changes() -> None:
    made = result(frame(3))
    assert relocate(made, None) is made


def test_the_report_shows_cell_and_line() -> None:
    from grader.report.assemble import build_report

    found = [
        Diagnosis(check="", kind=DiagnosisKind.FORBIDDEN_API, name="torch.relu", text="t", line=line)
        for line in (2, 3, 7)
    ]
    made = relocate(result(frame(3), diagnoses=tuple(found)), CELLS)
    page = fill(build_report([made], READY, "", 1.0)).exercises[0]
    assert page.notes[0].where == "cell 4, lines 10 and 11; cell 7, line 2"
    place = page.checks[0].place
    assert place is not None
    assert (place.file, place.line, [line.number for line in place.lines]) == ("hw.ipynb, cell 4", 11, [10, 11, 12])


def test_the_file_itself_has_the_map() -> None:
    answer = read("print()\n\nclass Linear:\n    a = 'é'", "class MatMul(:")["linear"]
    assert answer.source is not None
    assert answer.cells == CellMap((Run(2, 2, 1, 3),))
    assert cells_in("hw.ipynb", answer.source) == answer.cells
    assert cells_in("hw.py", answer.source) is None
    assert cells_in("hw.ipynb", "x = 1\n") is None
    assert cells_in("hw.ipynb", None) is None


def test_every_line_of_the_file_is_that_line_of_the_cell() -> None:
    cells = [
        "import torch; x = 1\n\n# note\ndef helper(a):\n\n    return a",
        "print(1)\nB = [\n  1,\n]\nfor x in B:\n  pass\nC = B",
        "%%time\n!ls\nclass MatMul(torch.X):\n    y = helper(C)",
    ]
    answer = read(*cells)["matmul"]
    assert answer.source is not None
    assert answer.cells is not None
    found = 0
    for number, line in enumerate(answer.source.split("\n"), 1):
        place = answer.cells.locate(number)
        if place is not None:
            found += 1
            assert line in cells[place[0] - 1].split("\n")[place[1] - 1]
    assert found == 11


@settings(max_examples=50)
@given(st.lists(st.text(max_size=30), max_size=5))
def test_the_map_is_one_line_of_ascii_whatever_a_note_says(notes: list[str]) -> None:
    cells = CellMap((Run(2, 1, 1, 1),), tuple(notes))
    line = header(cells)
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert cells_in("a.ipynb", line + "\nx = 1\n") == cells
