"""What of a notebook is the answer to which exercise."""

from __future__ import annotations

import pytest

from grader.notebooks.document import NotebookError
from grader.notebooks.read import answers, stub_names
from tests.notebooks.files import STUBS, body, code, notebook, old_notebook, read, text

MATMUL = "class MatMul(torch.autograd.Function):\n    def forward(ctx, X, Y):\n        return X @ Y"


def test_a_notebook_holds_the_exercises_whose_names_it_defines() -> None:
    found = read("import torch", MATMUL, "def move_batch(b, d):\n    return b")
    assert list(found) == ["matmul", "device"]
    assert body(found["matmul"]) == f"import torch\n{MATMUL}"
    assert body(found["device"]) == "def move_batch(b, d):\n    return b"


def test_every_format_gives_the_same_answer() -> None:
    cells = ["import torch\n%matplotlib inline", MATMUL]
    made = [answers(notebook(*cells, minor=minor), "a.ipynb", STUBS)[0].source for minor in (0, 4, 5)]
    made.append(answers(notebook(text("# Homework"), *cells), "a.ipynb", STUBS)[0].source)
    assert made[0] == made[1] == made[2]
    assert answers(old_notebook(*cells), "a.ipynb", STUBS)[0].source == made[3]


def test_loops_prints_plots_calls_and_expressions_are_left_out() -> None:
    found = read(
        "import torch\nprint(torch)\ntorch.manual_seed(0)",
        "for epoch in range(10):\n    MatMul.apply(epoch)",
        MATMUL + "\nMatMul.apply\nassert MatMul",
        "with open('x') as file:\n    data = file.read()",
        "if __name__ == '__main__':\n    MatMul()",
        "X = torch.ones(3)\nplt.plot(X)",
    )
    assert body(found["matmul"]) == f"import torch\n{MATMUL}"


def test_helpers_and_constants_come_along_from_any_cell() -> None:
    found = read(
        "import math\nfrom torch import nn",
        "EPS, TINY = 1e-5, math.sqrt(2)",
        "def unused():\n    return EPS",
        "def scale(x):\n    return inner(x) * EPS",
        "inner = lambda x: x + TINY",
        "class Linear(nn.Module):\n    def forward(self, X):\n        return scale(X)",
    )
    assert body(found["linear"]).split("\n") == [
        "import math",
        "from torch import nn",
        "EPS, TINY = 1e-5, math.sqrt(2)",
        "def scale(x):",
        "    return inner(x) * EPS",
        "inner = lambda x: x + TINY",
        "class Linear(nn.Module):",
        "    def forward(self, X):",
        "        return scale(X)",
    ]


def test_local_variables_are_not_taken_for_globals() -> None:
    found = read(
        "model = Linear(3)\nloss = model(3)",
        "class Linear:\n    def forward(self, X):\n        model = X\n        return [loss for loss in model]",
    )
    assert body(found["linear"]).startswith("class Linear")


def test_imports_that_the_answer_does_not_use_are_left_out() -> None:
    found = read("import torch, matplotlib.pyplot as plt\nimport tqdm", MATMUL)
    assert body(found["matmul"]) == f"import torch\n{MATMUL}"


def test_a_star_import_is_kept_where_it_may_explain_a_name() -> None:
    star = "from torch.nn import *"
    assert star in body(read(star, "class Linear(Module):\n    pass")["linear"])
    assert star not in body(read(star, "class Linear:\n    pass")["linear"])


def test_all_imports_of_parts_of_one_package_are_kept() -> None:
    found = read("import torch", "import torch.nn.functional", MATMUL)
    assert body(found["matmul"]).startswith("import torch\nimport torch.nn.functional\n")


def test_imports_of_the_future_come_first() -> None:
    found = read("x = 1", MATMUL, "from __future__ import annotations\nimport torch")
    assert body(found["matmul"]).startswith("from __future__ import annotations\n")
    assert "braces" not in body(read("from __future__ import braces", MATMUL)["matmul"])


def test_the_last_definition_counts() -> None:
    found = read("class Linear:\n    old = 1", "class Linear:\n    new = 1", "A = 1", "A = 2")
    assert body(found["linear"]) == "class Linear:\n    new = 1"


def test_a_definition_that_builds_on_the_one_before_has_both() -> None:
    found = read("class Linear:\n    a = 1", "class Linear(Linear):\n    b = 1")
    assert body(found["linear"]) == "class Linear:\n    a = 1\nclass Linear(Linear):\n    b = 1"


def test_what_is_read_at_once_is_as_it_was_then_and_what_is_read_later_as_it_is_in_the_end() -> None:
    found = read(
        "SIZE = 1",
        "class Linear:\n    size = SIZE\n    def f(self):\n        return NAME",
        "SIZE = 2\nNAME = 1",
        "NAME = 2",
    )
    assert body(found["linear"]).split("\n") == [
        "SIZE = 1",
        "class Linear:",
        "    size = SIZE",
        "    def f(self):",
        "        return NAME",
        "NAME = 2",
    ]


def test_a_class_may_grow_over_several_cells() -> None:
    found = read(
        "class Linear:\n    pass",
        "def forward(self, X):\n    return X",
        "Linear.forward = forward\nLinear.data = torch.load('x')",
        "def add_to_class(cls):\n    return lambda f: setattr(cls, f.__name__, f)",
        "@add_to_class(Linear)\ndef extra(self):\n    pass",
    )
    lines = body(found["linear"]).split("\n")
    assert "Linear.forward = forward" in lines
    assert "@add_to_class(Linear)" in lines
    assert "def add_to_class(cls):" in lines
    assert not any("load" in line for line in lines)


def test_what_was_changed_before_a_class_was_written_anew_is_gone() -> None:
    found = read("class Linear:\n    a = 1", "Linear.b = 2", "class Linear:\n    c = 1", "Linear.d = 2")
    assert body(found["linear"]) == "class Linear:\n    c = 1\nLinear.d = 2"


def test_choices_of_definitions_are_kept() -> None:
    fallback = "try:\n    import numpy as np\nexcept ImportError:\n    np = None"
    device = "if np is None:\n    DEVICE = 'cpu'\nelse:\n    DEVICE = 'cuda'"
    found = read(fallback, device, "class Linear:\n    device = DEVICE")
    assert body(found["linear"]) == f"{fallback}\n{device}\nclass Linear:\n    device = DEVICE"


def test_a_value_that_takes_work_is_not_computed_and_its_absence_is_told() -> None:
    found = read("def train():\n    return 1", "w = train()", "class Linear:\n    def f(self):\n        return w")
    assert "w = train()" not in body(found["linear"])
    cells = found["linear"].cells
    assert cells is not None
    assert cells.notes == ("Cell 2 sets w by code that is not run here; the exercise can't rely on it.",)


def test_the_same_holds_for_a_value_that_a_loop_sets() -> None:
    found = read("for i in range(3):\n    w = i", "class Linear:\n    y = w")
    assert found["linear"].cells is not None
    assert "Cell 1 sets w" in found["linear"].cells.notes[0]


def test_an_answer_may_be_a_value() -> None:
    found = read("def make():\n    return type('Linear', (), {})", "Linear = make()")
    assert body(found["linear"]).endswith("Linear = make()")


def test_merely_importing_a_name_does_not_answer_an_exercise() -> None:
    assert read("from torch.nn import Linear") == {}
    marked = read(code("from torch.nn import Linear", "exercise:linear"))
    assert body(marked["linear"]) == "from torch.nn import Linear"


@pytest.mark.parametrize(
    "cell",
    [
        code("def helper():\n    pass\nclass Linear:\n    pass\nx = Linear()", "exercise:linear"),
        code("def helper():\n    pass\nclass Linear:\n    pass", grader={"exercise": "linear"}),
        code(
            "def helper():\n    pass\nclass Linear:\n    pass", nbgrader={"grade_id": "linear-answer", "solution": True}
        ),
    ],
)
def test_definitions_in_the_cells_of_an_exercise_belong_to_it(cell: dict[str, object]) -> None:
    assert body(read(cell)["linear"]) == "def helper():\n    pass\nclass Linear:\n    pass"


def test_an_answer_cell_of_otter_belongs_to_the_next_question() -> None:
    found = read(code("def helper():\n    pass", "otter_answer_cell"), 'grader.check("linear")', "class Linear: pass")
    assert "def helper" in body(found["linear"])
    assert read(code("class Linear: pass", "otter_ignore")) == {}


def test_cells_of_other_exercises_are_used_only_for_want_of_better() -> None:
    found = read(
        code("def helper():\n    return 1\nclass Linear:\n    f = helper", "exercise:linear"),
        code("def helper():\n    return 2\nclass MatMul:\n    f = helper", "exercise:matmul"),
        code("def best_device():\n    return helper", "exercise:device"),
    )
    assert "return 1" in body(found["linear"])
    assert "return 2" not in body(found["linear"])
    assert "return 2" in body(found["matmul"])
    assert "return 2" in body(found["device"])


def test_an_answer_written_below_the_untouched_stub_counts() -> None:
    found = read(code("class Linear:\n    raise NotImplementedError", "exercise:linear"), "class Linear:\n    pass")
    assert body(found["linear"]) == "class Linear:\n    pass"


def test_unknown_and_malformed_marks_are_passed_over() -> None:
    odd = code("class Linear: pass", "exercise:unknown", grader={"exercise": 3}, nbgrader={"grade_id": None})
    assert list(read(odd)) == ["linear"]


def test_a_syntax_error_costs_only_its_cell() -> None:
    found = read("import torch", "class Linear(:\n    pass", MATMUL, "def other(:")
    assert body(found["matmul"]) == f"import torch\n{MATMUL}"
    assert found["matmul"].cells is not None
    assert found["matmul"].cells.notes == ()
    assert found["linear"].source is None
    assert found["linear"].problem == (
        "hw.ipynb: cell 2 can't be read by Python (line 1: invalid syntax), and it is the one that defines Linear"
    )


def test_a_broken_second_attempt_leaves_the_first_and_is_told() -> None:
    found = read("class Linear:\n    first = 1", "class Linear:\n    def f(self)\n        pass")
    assert body(found["linear"]) == "class Linear:\n    first = 1"
    assert found["linear"].cells is not None
    (note,) = found["linear"].cells.notes
    assert note == "Cell 2 can't be read by Python (line 2: expected ':'), so what it defines is missing."


def test_a_broken_cell_above_the_definition_that_counts_is_not_told() -> None:
    found = read("class Linear:\n    def f(self)\n", "class Linear:\n    second = 1")
    assert found["linear"].cells is not None
    assert found["linear"].cells.notes == ()


def test_what_only_the_compiler_refuses_costs_only_its_cell_too() -> None:
    found = read("def twice(x, x):\n    pass", "nonlocal y", "class Linear:\n    f = twice")
    assert body(found["linear"]) == "class Linear:\n    f = twice"
    assert found["linear"].cells is not None
    assert "Cell 1 can't be read by Python (line 1: duplicate argument" in found["linear"].cells.notes[0]


def test_a_cell_that_is_written_to_a_file_is_named() -> None:
    found = read("%%writefile linear.py\nclass Linear:\n    pass")
    assert found["linear"].problem == (
        "hw.ipynb: cell 1 starts with %%writefile and so is not run as Python, and it is the one that defines Linear"
    )


def test_the_exercise_asked_for_is_there_in_any_case() -> None:
    found = read("x = 1", asked="device")
    assert found["device"].problem == "hw.ipynb has no cell that defines best_device or move_batch"


def test_statements_on_one_line_are_taken_apart() -> None:
    found = read("A = 1; print(A); B = (2 +\n  A); class_ = 3", "class Linear:\n    a = A; b = B", "x = 1; \\\n  y = 2")
    assert body(found["linear"]).split("\n")[:3] == ["A = 1", "B = (2 +", "  A)"]


def test_a_cell_of_too_many_statements_costs_that_cell_alone() -> None:
    found = read("a=1;" * 2_001, "class Linear:\n    pass")
    assert body(found["linear"]) == "class Linear:\n    pass"
    found = read("class Linear:\n    pass\n" + "1;" * 2_001, asked="linear")
    assert "cell 1 can't be read by Python (it has 2,002 statements; the most is 2,000)" in found["linear"].problem


def test_a_notebook_of_too_many_statements_is_one_line() -> None:
    with pytest.raises(NotebookError, match="more than 10,000 statements"):
        read(*["a = 1\n" * 2_000] * 6)


def test_decorators_and_comments_stay_with_what_they_stand_above() -> None:
    cell = "import functools\nprint()\n\n# why\n@functools.cache\n# here\ndef best_device():\n    return 'é'; x = 1"
    assert body(read(cell)["device"]) == (
        "import functools\n# why\n@functools.cache\n# here\ndef best_device():\n    return 'é'; x = 1"
    )


def test_too_much_code_for_one_exercise_is_one_line() -> None:
    found = read("class Linear:\n    '''" + "x" * 300_000 + "'''")
    assert found["linear"].problem == (
        "hw.ipynb has 293 KiB of code for this exercise; the most is 256 KiB, so shorten it"
    )


@pytest.mark.parametrize(
    "cells",
    [
        ["MatMul = MatMul"] * 4000,
        ["class MatMul: pass", *["MatMul.x = MatMul"] * 4000],
        ["class MatMul: x = f0()", *[f"f{n} = f{n + 1}" for n in range(4000)]],
        ["import torch.nn; torch.x = 1"] * 3000 + ["class MatMul(torch.X): pass"],
    ],
)
@pytest.mark.timeout(30)
def test_reading_takes_time_in_proportion(cells: list[str]) -> None:
    made = {"nbformat": 4, "cells": [{"cell_type": "code", "source": cell} for cell in cells]}
    import msgspec

    assert answers(msgspec.json.encode(made), "a.ipynb", STUBS, asked="matmul")


def test_the_names_of_a_stub_are_its_public_ones() -> None:
    assert stub_names("import torch\nA = 1\n_b = 2\nclass C:\n    d = 1\ndef e(): pass\n") == {"A", "C", "e"}
    assert stub_names("not python(") == frozenset()
