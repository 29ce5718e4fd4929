"""What only IPython understands does nothing, and the lines stay where they are."""

from __future__ import annotations

import ast

import pytest

from grader.notebooks.ipython import UnreadableCell, dropped_magic, neutralised, parse

GONE = (
    "%matplotlib inline",
    "!pip install torch",
    "%%bash\necho $HOME\nls",
    "x?",
    "?x",
    "torch.nn.Linear??",
    "%time f()",
)


@pytest.mark.parametrize("line", GONE)
def test_magics_shell_lines_and_help_do_nothing(line: str) -> None:
    plain, tree = parse(f"{line}\n")
    assert plain.count("\n") == line.count("\n") + 1
    assert all(isinstance(node, ast.Pass) for node in tree.body)


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        ("!pip install \\\n  torch\na = 1", "pass  # !pip install \n  pass  # torch\na = 1"),
        ("if x:\n    %timeit f()\n    !ls", "if x:\n    pass  # %timeit f()\n    pass  # !ls"),
        ("files = !ls\na = 1", "pass  # files = !ls\na = 1"),
        ("a, b = %time f()\n", "pass  # a, b = %time f()\n"),
        ("%%time\n%%capture out\nb = 2", "pass  # %%time\npass  # %%capture out\nb = 2"),
        ("\n%%time\nb = 2", "\npass  # %%time\nb = 2"),
        ("%%writefile a.py\nb = 2", "# %%writefile a.py\n# b = 2"),
        (">>> a = 1\n>>> def f():\n...     return 2", "a = 1\ndef f():\n    return 2"),
        ("In [3]: a = 1", "a = 1"),
        ("    a = 1\n    b = 2", "a = 1\nb = 2"),
    ],
)
def test_the_rest_of_the_cell_stays(source: str, plain: str) -> None:
    assert neutralised(source) == plain


@pytest.mark.parametrize(
    "source",
    [
        "a = (b\n % c)",
        "a = b \\\n % c",
        's = """\n%matplotlib inline\n!ls\nwhat?\n"""',
        "a = b % c",
        "a = b != c",
        "# what?",
        "s = 'what?'",
        "f(x)  # is it?",
        's = "it\'s a # ?"',
    ],
)
def test_what_python_understands_is_not_touched(source: str) -> None:
    assert parse(source)[0] == source
    # The same beside a line that makes the cell need the rules.
    plain, _ = parse(f"{source}\n!ls")
    assert plain == f"{source}\npass  # !ls"


def test_a_magic_of_the_whole_cell_is_named_if_it_keeps_the_cell_from_running() -> None:
    assert dropped_magic("\n%%writefile matmul.py\nclass A: pass") == "writefile"
    assert dropped_magic("%%time\n%%html\n<b>") == "html"
    assert dropped_magic("%%time\na = 1") == dropped_magic("a = 1") == dropped_magic("") == ""


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("a = 1\nb = (\n", 2, "never closed"),
        ("!ls\nclass A:\n    def f(self)\n        pass", 3, "expected ':'"),
        ("a = '\0'", 0, "null"),
        ("x = " + "(" * 5000 + ")" * 5000, 1, "nested"),
    ],
)
def test_a_cell_that_python_cannot_read_says_where_and_why(source: str, line: int, words: str) -> None:
    with pytest.raises(UnreadableCell, match=words) as caught:
        parse(source)
    assert caught.value.line == line
