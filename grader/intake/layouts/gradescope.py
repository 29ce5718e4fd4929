"""Gradescope's export: `submission_metadata.yml`, and a folder `submission_123456` for each submission.

The metadata say who: several people for a group. They hold the results and output of every run as well and grow to
hundreds of MB, so they are read as a stream of events and only who and when is kept: as text, so that a number keeps
its zeros, and without following references into anything but text.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import yaml

from grader.classroom import Student, Unmatched
from grader.intake.caps import METADATA_MAX_BYTES, IntakeError, RefusedError
from grader.intake.match import Matcher
from grader.intake.names import is_skipped, key, plain, shown
from grader.intake.roster import Roster, Unit
from grader.intake.times import utc
from grader.intake.tree import Parts, Tree

METADATA = "submission_metadata.yml"
# libyaml's parser is ten times as fast; a few platforms have PyYAML without it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEPTH_MAX = 100


def detect(tree: Tree, top: Parts) -> str:
    """The metadata are there."""
    return f"{METADATA} is there" if any(entry.parts[-1] == METADATA for entry in tree.here(top)) else ""


def people(tree: Tree, top: Parts, matcher: Matcher) -> Roster:
    """The submitters by their e-mail, or by student number where they have none. Raises IntakeError."""
    roster = Roster()
    entry = next((entry for entry in tree.here(top) if entry.parts[-1] == METADATA), None)
    if entry is None:
        raise IntakeError(f"{METADATA} is missing, which says whose submission is whose; export all submissions again")
    try:
        raw = tree.read(entry, METADATA_MAX_BYTES + 1)
    except RefusedError as error:
        raise IntakeError(f"{METADATA} {error}") from None
    if len(raw) > METADATA_MAX_BYTES:
        raise IntakeError(f"{METADATA} has more than {METADATA_MAX_BYTES // 1024**2} MiB; is this the right file?")
    folders = {child.name for child in tree.children(top) if child.is_folder and not is_skipped(child.name)}
    known = set()
    emails: dict[str, str] = {}
    for number, (name, record) in enumerate(_records(raw)):
        known.add(name)
        unit = Unit(
            folders=((*top, name),) if name in folders else (),
            ref=plain(name),
            submitted_at=utc(record.get("created_at")),
            number=number,
        )
        submitters = [one for one in record["submitters"] if any(one.values())]
        if not submitters:
            roster.stray(shown((name,)), f"has no submitter in {METADATA}, so nobody can tell whose it is")
        for submitter in submitters:
            student = _student(submitter, emails, roster)
            person = roster.person(student, shown((name,)))
            if name in folders:
                person.units.append(unit)
            else:
                why = f"is in {METADATA}, but its folder is not there"
                person.lines.append(Unmatched(place=shown((name,)), why=why, student=person.student))
    for name in sorted(folders - known):
        roster.stray(shown((name,)), f"is not in {METADATA}, so nobody can tell whose it is")
    return roster


def _student(submitter: dict[str, str], emails: dict[str, str], roster: Roster) -> Student:
    name, sid, email = (submitter.get(what, "").strip() for what in ("name", "sid", "email"))
    ids = {"gradescope_sid": sid, "email": email}
    # An address is one person's and was confirmed. Numbers are what students enter: one with another's must not get,
    # or spoil, that one's grades.
    text = email.lower() or sid or name
    if sid and emails.setdefault(sid, email.lower()) != email.lower():
        roster.problems.append(
            f"{METADATA}: the student number {shown((sid,))} is that of two people; they are kept apart by their e-mail"
        )
    return Student(key=key("gradescope", text), name=name, ids={what: value for what, value in ids.items() if value})


def _records(raw: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    """The name of each submission, its submitters and its time. Raises IntakeError."""
    stream = yaml.parse(io.BytesIO(raw), Loader=_LOADER)
    try:
        yield from _Walk(stream).records()
    except (yaml.YAMLError, UnicodeError, ValueError, RuntimeError) as error:  # RuntimeError: it ends too early
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = f", line {line + 1}" if line is not None else ""
        raise IntakeError(f"{METADATA}{where}: this is not the YAML that Gradescope writes; export it again") from None


class _Walk:
    """Through the events of the metadata. ValueError where they are not what is expected."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._texts: dict[str | None, str] = {}  # texts that were given a name for being there again

    def records(self) -> Iterator[tuple[str, dict[str, Any]]]:
        event = next(self._events)
        while isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
            event = next(self._events)
        if not isinstance(event, yaml.MappingStartEvent):
            raise ValueError("no mapping")
        for name in self._keys():
            yield name, self._record(next(self._events))

    def _record(self, event: Any) -> dict[str, Any]:
        record: dict[str, Any] = {"submitters": []}
        if not isinstance(event, yaml.MappingStartEvent):
            self._skip(event)
            return record
        for name in self._keys():
            value = next(self._events)
            what = name.removeprefix(":")
            if what == "created_at":
                record[what] = self._text(value)
            elif what == "submitters" and isinstance(value, yaml.SequenceStartEvent):
                while not isinstance(one := next(self._events), yaml.SequenceEndEvent):
                    record["submitters"].append(self._flat(one))
            else:
                self._skip(value)
        return record

    def _flat(self, event: Any) -> dict[str, str]:
        if not isinstance(event, yaml.MappingStartEvent):
            self._skip(event)
            return {}
        return {name.removeprefix(":"): self._text(next(self._events)) for name in self._keys()}

    def _keys(self) -> Iterator[str]:
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            yield self._text(event)

    def _text(self, event: Any) -> str:
        if isinstance(event, yaml.ScalarEvent):
            if event.anchor:
                self._texts[event.anchor] = event.value
            is_nothing = event.implicit[0] and event.value in ("", "~", "null")
            return "" if is_nothing else str(event.value)[:1000]
        if isinstance(event, yaml.AliasEvent):
            return self._texts.get(event.anchor, "")
        self._skip(event)
        return ""

    def _skip(self, event: Any) -> None:
        depth = 0
        while True:
            if isinstance(event, yaml.ScalarEvent) and event.anchor:
                self._texts[event.anchor] = event.value[:1000]
            elif isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > _DEPTH_MAX:
                    raise ValueError("too deep")
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth == 0:
                return
            event = next(self._events)
