"""The HTML report as text: what is in it, what can never be, and how large it can get."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from grader.model import Level, Outcome, Report, Status
from grader.report import fill, html, words
from tests.report import samples

GOLDEN = Path(__file__).parent / "golden" / "outline.txt"

TAGS = """
html head meta title link style body a svg defs symbol circle path rect use text header nav main article footer
h1 h2 p span ol ul li code pre div details summary dl dt dd figure figcaption
"""
ALLOWED_TAGS = frozenset(TAGS.split())
LANDMARKS = "title header nav main article footer h1 h2 details summary figure"
OUTLINED = frozenset(LANDMARKS.split())
VOID = frozenset(["meta", "link"])


class Parser(HTMLParser):
    """Collects the start tags, the text outside of style and the outline of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.style = ""
        self.outline: list[str] = []
        self.stack: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        attributes = self.tags[-1][1]
        if tag in OUTLINED or (tag == "li" and "id" in attributes):
            name = attributes.get("id") or attributes.get("class") or ""
            depth = sum(one in OUTLINED for one in self.stack)
            state = " (open)" if "open" in attributes else ""
            self.outline.append(f"{'  ' * depth}{tag} {name}".rstrip() + state)
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag, "the tags of a page must nest"

    def handle_data(self, data: str) -> None:
        if self.stack and self.stack[-1] == "style":
            self.style += data
            return
        self.text.append(data)
        if data.strip() and self.stack and {"title", "h1", "h2", "summary"} & set(self.stack):
            self.outline[-1] += " | " + " ".join(data.split())


def text_of(report: Report) -> str:
    """What a reader can read, unfolded."""
    return re.sub(r"\s+", " ", "".join(Parser(html.render(report)).text))


# ---- what is there ----


def test_the_outline_is_the_golden_one() -> None:
    outline = "\n".join(Parser(html.render(samples.FULL)).outline) + "\n"

    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(outline, "utf-8")
    assert outline == GOLDEN.read_text("utf-8"), "meant as it is now? UPDATE_GOLDEN=1 writes it"


def test_every_tag_is_closed_and_none_is_unknown() -> None:
    for report in (samples.FULL, samples.stubs(), samples.perfect(), samples.EMPTY, samples.hostile("<p>'\"&")):
        parser = Parser(html.render(report))

        assert parser.stack == []
        assert {tag for tag, _ in parser.tags} <= ALLOWED_TAGS


def strings(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text in plain data with its place."""
    match value:
        case str():
            yield path, value
        case dict():
            for key, item in value.items():
                yield from strings(item, f"{path}.{key}")
        case list() | tuple():
            for item in value:
                yield from strings(item, path)


def test_every_text_of_a_report_is_shown() -> None:
    shown = text_of(samples.FULL)
    # Ids are anchors and enumerations have words of their own. A digest is shortened, a moment is put into words,
    # and a recognised misconception takes the place of the suite's own hint. An output that was cut is checked below.
    apart = re.compile(r"\.(id|check|kind|outcome|status|slug|sha256|started_at|hint|output|level|excerpt)$")

    for path, text in strings(msgspec.to_builtins(samples.FULL)):
        if apart.search(path) or not text:
            continue
        if text == "arguments_swapped":  # what numbers tell is a sentence; its name is for those who count
            continue
        expected = " ".join(text.replace("`", "").replace("_", " ").split())
        assert expected in shown.replace("_", " "), path


def test_every_outcome_and_status_is_said() -> None:
    shown = text_of(samples.FULL)

    assert all(words.OUTCOME[outcome] in shown for outcome in Outcome)
    assert all(words.STATUS[status] in shown for status in Status)


@pytest.mark.parametrize("level", Level)
def test_the_isolation_is_told_in_a_sentence(level: Level) -> None:
    isolation = msgspec.structs.replace(samples.ISOLATION, level=level)

    shown = text_of(samples.report(isolation=isolation))
    assert words.LEVEL[level] in shown
    assert (words.ADVICE in shown) == (level is not Level.SANDBOX)
    assert "bubblewrap: not installed" in shown


def test_seed_versions_moment_and_duration_are_told() -> None:
    shown = text_of(samples.FULL)

    for fact in ("--seed 1604778329", "3.12.4", "2.9.1", "Linux x86_64", "2 March 2026, 14:05 UTC+01:00", "2.3 s"):
        assert fact in shown


def test_untouched_stubs_read_like_a_beginning() -> None:
    shown = text_of(samples.stubs())

    assert "0 of 70 points" in shown
    assert "All 7 exercises are waiting for their first lines of code." in shown
    assert shown.count("not started") >= 7
    assert "failed" not in shown
    assert "not passed" not in shown


def test_one_untouched_stub_is_told_in_the_singular() -> None:
    assert "The exercise is waiting for its first line of code." in text_of(samples.report(samples.DEVICE))


def test_the_report_never_raises_its_voice() -> None:
    # The source that is quoted may.
    for report in (samples.FULL, samples.stubs(), samples.perfect(), samples.EMPTY):
        assert "!" not in text_of(report)


def test_a_report_without_exercises_asks_whether_the_folder_was_right() -> None:
    assert "Was the right folder graded?" in text_of(samples.EMPTY)


def test_output_that_was_cut_says_so() -> None:
    shown = text_of(samples.FULL)

    assert shown.count("attempt 1") == fill.OUTPUT_LINES
    assert "200 more lines not shown. More was printed than was kept." in shown


# ---- what can never be there ----


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    parser = Parser(html.render(samples.FULL))
    tags = {tag for tag, _ in parser.tags}
    addresses = [attrs[name] for _, attrs in parser.tags for name in ("href", "src", "action") if name in attrs]

    assert not tags & {"script", "img", "iframe", "object", "embed", "form"}
    assert [address for address in addresses if not address.startswith("#")] == ["data:,"]
    assert "url(" not in parser.style
    assert "@import" not in parser.style


def test_the_policy_allows_the_style_sheet_of_the_page_and_nothing_else() -> None:
    parser = Parser(html.render(samples.FULL))
    (policy,) = [a["content"] for t, a in parser.tags if a.get("http-equiv") == "Content-Security-Policy"]
    digest = base64.b64encode(hashlib.sha256(parser.style.encode()).digest()).decode()

    assert policy.split("; ") == [
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_the_policy_comes_before_anything_that_it_governs() -> None:
    names = [tag for tag, _ in Parser(html.render(samples.FULL)).tags]

    assert names[:4] == ["html", "head", "meta", "meta"]
    assert names.index("style") > 3


@pytest.mark.parametrize(
    "canary",
    [
        "<canary>",
        "</canary>",
        '"><canary x="',
        "'><canary x='",
        "--><canary>",
        "</style><canary>",
        "</title><canary>",
        "</pre><canary>",
        "`<canary>`",
        "\n    <canary>\n",
        "{{ 1 // 0 }}{% canary %}",
        "&lt;canary&gt;",
        "]]><canary>",
        "<!--<canary",
    ],
)
def test_no_text_becomes_markup(canary: str) -> None:
    page = html.render(samples.hostile(canary))
    parser = Parser(page)

    assert {tag for tag, _ in parser.tags} <= ALLOWED_TAGS
    assert {name for _, attrs in parser.tags for name in attrs if name.startswith("on") or name == "style"} == set()
    # The same elements as with harmless text, none more, none less; but spans, which colour the source.
    harmless = Parser(html.render(samples.hostile(re.sub(r"[<>&\"'{}%/\]!-]", "x", canary))))
    assert [tag for tag, _ in parser.tags if tag != "span"] == [tag for tag, _ in harmless.tags if tag != "span"]
    assert "canary" not in parser.style


def test_an_id_or_a_link_never_holds_text_of_a_student() -> None:
    parser = Parser(html.render(samples.hostile("javascript:alert(1)")))

    for tag, attrs in parser.tags:
        for name, value in attrs.items():
            if name != "aria-label":  # where a figure is put into words
                assert "javascript" not in value, (tag, name)


def test_nothing_invisible_is_left_in_the_page() -> None:
    every_control = "".join(map(chr, range(32))) + "\x7f\x80\x9f\u200b\u200e\u202e\u2066\ufeff\u2028\ud800\U000e0041"

    page = html.render(samples.hostile(f"a{every_control}b"))

    assert {c for c in page if unicodedata.category(c) in ("Cc", "Cf", "Cs")} <= {"\n", "\t"}
    assert "\\u202e" in page


def test_folders_of_the_machine_that_graded_are_not_shown() -> None:
    frame = msgspec.structs.replace(samples.MATMUL_FRAME, file="/home/ada/hand-in/matmul.py")
    windows = msgspec.structs.replace(samples.MATMUL_FRAME, file="C:\\Users\\ada\\matmul.py")
    broken = samples.check("a", "a", Outcome.RAISED, frames=(frame, windows))

    page = html.render(samples.report(samples.exercise("matmul", "M", "02", Status.FAILED, broken)))

    assert "matmul.py" in page
    assert "ada" not in page


# ---- how large it can get ----


def test_long_texts_are_cut_and_say_so() -> None:
    page = html.render(samples.hostile("x<\u202e" * 1_000_000))

    assert len(page.encode()) < 3_000_000
    assert "more characters)" in page


def test_many_exercises_and_checks_are_cut_and_say_so() -> None:
    checks = tuple(
        samples.check(f"{n}", f"check {n}", Outcome.FAILED, message="wrong " * 1000, output="o" * 20_000)
        for n in range(1500)
    )
    many = [samples.exercise(f"e{n}", "E", "01", Status.FAILED, *checks[: 1500 if n < 3 else 2]) for n in range(400)]

    report = samples.report(*many)
    page = html.render(report)

    assert len(page.encode()) < 8_000_000
    assert "This report is as large as a report may be. 100 exercises more would not fit." in page
    assert "Some details are left out." in page
    assert "1,000 more checks would not fit into this report." in page


def test_odd_numbers_are_no_reason_to_stop() -> None:
    odd = samples.check("a", "a", duration_s=float("nan"))
    exercise = msgspec.structs.replace(
        samples.exercise("a", "A", "01", Status.FAILED, odd), score=float("inf"), max_score=float("nan")
    )

    for report in (
        samples.report(exercise, duration_s=float("nan")),
        msgspec.structs.replace(samples.FULL, score=-5.0, max_score=0.0),
        msgspec.structs.replace(samples.FULL, exercises=(msgspec.structs.replace(samples.RELU, max_score=0.0),)),
    ):
        assert "<h1>" in html.render(report)


# ---- writing it ----


def test_it_is_written_to_the_file(tmp_path: Path) -> None:
    html.write(samples.FULL, tmp_path / "report.html")

    assert (tmp_path / "report.html").read_bytes() == html.render(samples.FULL).encode()


def test_a_folder_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        html.write(samples.FULL, tmp_path / "nowhere" / "report.html")


def test_rendering_imports_neither_torch_nor_every_lexer() -> None:
    program = (
        "import sys\n"
        "from grader.report import html\n"
        "from tests.report import samples\n"
        "html.render(samples.FULL)\n"
        "print(*sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())

    assert not loaded & {"torch", "numpy", "nbformat", "pytest", "click", "rich"}
    lexers = {name for name in loaded if name.startswith("pygments.lexers.")}
    assert lexers <= {"pygments.lexers._mapping", "pygments.lexers.python"}
