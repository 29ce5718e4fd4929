"""JUnit XML, the format that build servers read: suites of cases, each passed, failed, erroneous or skipped.

There is no official schema; this keeps to what the published ones agree on: the counts of a suite, a time with a
point, no property inside a case, and no character that XML can't hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from xml.etree import ElementTree

import msgspec

# What XML 1.0 can't hold, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One test. `state` is empty for passed, else `failure`, `error` or `skipped` with a message and details."""

    group: str
    name: str
    state: str = ""
    message: str = ""
    details: str = ""
    type: str = ""
    time_s: float = 0.0


class Suite(msgspec.Struct, frozen=True, kw_only=True):
    """A named list of tests, with properties of its own."""

    name: str
    cases: tuple[Case, ...]
    properties: tuple[tuple[str, str], ...] = ()


def document(name: str, suites: Sequence[Suite], *, time_s: float) -> bytes:
    """The whole file, with the counts of all suites at its top."""
    totals = [_counts(suite) for suite in suites]
    top = {key: str(sum(int(one[key]) for one in totals)) for key in ("tests", "failures", "errors")}
    return b"".join(pieces(name, suites, top={**top, "time": f"{time_s:.3f}"}))


def pieces(name: str, suites: Iterable[Suite], *, top: Mapping[str, str] | None = None) -> Iterator[bytes]:
    """The file, a piece for each suite, so that it may be of any length. `top` are attributes of the whole."""
    attributes = {"name": _plain(name), **(top or {})}
    empty = ElementTree.tostring(ElementTree.Element("testsuites", attributes), encoding="unicode")
    yield b"<?xml version='1.0' encoding='utf-8'?>\n"
    yield (empty.removesuffix(" />") + ">\n").encode()
    for suite in suites:
        written: bytes = ElementTree.tostring(_element(suite), encoding="utf-8", xml_declaration=False)
        yield written + b"\n"
    yield b"</testsuites>\n"


def _counts(suite: Suite) -> dict[str, str]:
    states = [case.state for case in suite.cases]
    return {
        "tests": str(len(states)),
        "failures": str(states.count("failure")),
        "errors": str(states.count("error")),
        "skipped": str(states.count("skipped")),
    }


def _element(suite: Suite) -> ElementTree.Element:
    time = f"{sum(case.time_s for case in suite.cases):.3f}"
    element = ElementTree.Element("testsuite", {"name": _plain(suite.name), **_counts(suite), "time": time})
    if suite.properties:
        properties = ElementTree.SubElement(element, "properties")
        for name, value in suite.properties:
            ElementTree.SubElement(properties, "property", name=_plain(name), value=_plain(value))
    for case in suite.cases:
        made = ElementTree.SubElement(
            element, "testcase", classname=_plain(case.group), name=_plain(case.name), time=f"{case.time_s:.3f}"
        )
        if case.state:
            outcome = ElementTree.SubElement(made, case.state, message=_plain(case.message))
            if case.type:
                outcome.set("type", _plain(case.type))
            outcome.text = _plain(case.details) or None
    return element


def _plain(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
