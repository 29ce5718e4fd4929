"""Probes as they are kept in the folder `probes`: what the header of each file says, and what that means."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.sandbox import LAYERS

FOLDER = Path(__file__).parent / "probes"
PRELUDE = Path(__file__).parent / "prelude.py"
# What is no layer that can be left out: a worker that is not root, and what holds for each process of the grader.
USER, ALWAYS, NOTHING = "user", "always", "nothing"
STOPPERS = (*LAYERS, USER, ALWAYS)
KINDS = (
    "files", "what the host is", "network and sockets", "signals and other processes", "processes and programs",
    "rights", "doors of the kernel",
)  # fmt: skip

_HEADER = re.compile(r'"""(.*?)"""', re.DOTALL)
_FIELD = re.compile(r"^(kind|stopped by|changes|needs|runs|seen): (.+)$", re.MULTILINE)
_STOPPER = re.compile(r"(\w+)(?:\((\d+)\))?")

# Makes of a probe a submission that is right if, and only if, it got what it wanted.
_SUBMISSION = """
import sys, types
prelude = sys.modules["prelude"] = types.ModuleType("prelude")
exec({prelude!r}, prelude.__dict__)
{probe}
if not attack():
    raise RuntimeError("it did not get what it wanted")


def answer():
    return 42
"""


@dataclass(frozen=True)
class Stopper:
    """What stops a probe: all of `parts` together. Landlock does it from version `abi` of its interface on."""

    parts: frozenset[str]
    abi: int = 1

    @classmethod
    def parse(cls, word: str) -> Stopper:
        """Read "seccomp", "landlock(6)" or "bubblewrap+landlock"."""
        found = [_STOPPER.fullmatch(part) for part in word.split("+")]
        assert all(found), f"not a layer: {word}"
        parts = [match for match in found if match]
        assert {match[1] for match in parts} <= set(STOPPERS), f"not a layer: {word}"
        return cls(frozenset(match[1] for match in parts), max(int(match[2] or 1) for match in parts))

    def holds(self, active: Collection[str], abi: int) -> bool:
        """Whether it stops the probe where the layers `active` are on, with that version of landlock."""
        return self.parts <= {*active, ALWAYS} and (abi >= self.abi or "landlock" not in self.parts)


@dataclass(frozen=True)
class Probe:
    """One file. `changes` names what of the targets is not as before when it succeeded."""

    name: str
    sentence: str
    kind: str
    stoppers: tuple[Stopper, ...]
    changes: frozenset[str]
    needs: str
    twice: bool
    seen_outside: bool
    text: str

    @classmethod
    def read(cls, path: Path) -> Probe:
        """Read one of the files of the folder."""
        text = path.read_text("utf-8")
        found = _HEADER.match(text)
        assert found, f"{path.name} has no docstring"
        header = ast.literal_eval(found.group())
        fields = dict(_FIELD.findall(header))
        return cls(
            name=path.stem,
            sentence=header.partition("\n")[0],
            kind=fields["kind"],
            stoppers=tuple(Stopper.parse(word) for word in fields["stopped by"].split() if word != NOTHING),
            changes=frozenset(filter(None, fields.get("changes", "").split(", "))),
            needs=fields.get("needs", ""),
            twice=fields.get("runs") == "twice",
            seen_outside=fields.get("seen") == "outside",
            text=text,
        )

    def stopped(self, active: Collection[str], abi: int) -> bool:
        """Whether it must fail where the layers `active` are on, with that version of landlock's interface."""
        return any(stopper.holds(active, abi) for stopper in self.stoppers)

    def submission(self, values: Mapping[str, str]) -> str:
        """The source to submit, with the placeholders @NAME@ filled in."""
        filled = re.sub(r"@([A-Z0-9_]+)@", lambda match: values[match[1]], self.text)
        return _SUBMISSION.format(prelude=PRELUDE.read_text("utf-8"), probe=filled)


def read_all() -> list[Probe]:
    """All probes, by kind and name."""
    probes = [Probe.read(path) for path in sorted(FOLDER.glob("*.py"))]
    return sorted(probes, key=lambda probe: (KINDS.index(probe.kind), probe.name))
