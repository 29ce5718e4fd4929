"""Mutants that are no mistakes, as the author declares them in `equivalent.toml` beside the suite.

    [[equivalent]]
    reason = "The layers make a list of their own anyway."
    in = "Sequential.__init__"
    changes = ['''
    -        self.layers = ModuleList(layers)
    +        self.layers = ModuleList(list(layers))
    ''']

A change is what the diff of a mutant takes away and puts in. `in` is needed only where two functions have the same
line.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec

from grader.proof.mutants import Mutant, changed_lines

FILE = "equivalent.toml"
MAX_BYTES = 256 * 1024

Text = Annotated[str, msgspec.Meta(min_length=1)]


class EquivalentError(Exception):
    """The file can't be used. The message is one line without the name of the file."""


class Equivalent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"scope": "in"}):
    """Some changes that make no difference, and why. `scope` is the function that they are in, "" for any."""

    reason: Text
    changes: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
    scope: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    equivalent: tuple[Equivalent, ...] = ()


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """Declarations held against the mutants that there are.

    `reasons` has the reason for each mutant that is declared, by id; `stale` are changes that no mutant makes any more,
    `twice` changes that are declared a second time.
    """

    reasons: dict[str, str] = {}
    stale: tuple[str, ...] = ()
    twice: tuple[str, ...] = ()


def read(folder: Path) -> tuple[Equivalent, ...]:
    """The declarations in the private folder of an exercise; none where it has no such file."""
    path = folder / FILE
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise EquivalentError(f"can't be read: {error.strerror or error}") from error
    if len(raw) > MAX_BYTES:
        raise EquivalentError(f"more than {MAX_BYTES // 1024} KiB; is this the right file?")
    try:
        return msgspec.convert(tomllib.loads(raw.decode("utf-8")), _File).equivalent
    except UnicodeDecodeError as error:
        raise EquivalentError(f"not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise EquivalentError(f"not TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise EquivalentError(f"{error}; an entry has a reason, changes, and perhaps in") from error


def declared(equivalents: Sequence[Equivalent], mutants: Sequence[Mutant]) -> Declared:
    """Find the mutants that are declared."""
    reasons: dict[str, str] = {}
    stale, twice = [], []
    for entry in equivalents:
        for change in entry.changes:
            lines = changed_lines(change)
            meant = [m for m in mutants if m.change == lines and entry.scope in ("", m.scope)]
            if not meant:
                stale.append(lines or change.strip())
            elif all(mutant.id in reasons for mutant in meant):
                twice.append(lines)
            for mutant in meant:
                reasons.setdefault(mutant.id, entry.reason)
    return Declared(reasons=reasons, stale=tuple(stale), twice=tuple(twice))


def declaration(mutant: Mutant, reason: str = "TODO: say why no check could see this") -> str:
    """The text to put into `equivalent.toml` for a mutant."""
    quotes = "'''" if "'''" not in mutant.change else '"""'
    return (
        f"[[equivalent]]\nreason = {json.dumps(reason)}\nin = {json.dumps(mutant.scope)}\n"
        f"changes = [{quotes}\n{mutant.change}\n{quotes}]\n"
    )
