"""Read the TOML files that authors write, and word what is wrong in one: the key, and what is allowed there."""

from __future__ import annotations

import re
import tomllib
from enum import EnumMeta
from pathlib import Path
from typing import TypeVar

import msgspec

TABLE_MAX_BYTES = 64 * 1024

# What msgspec calls the types of TOML, in an author's words.
_TYPES = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "datetime": "a date with a time",
    "date": "a date without a time",
    "time": "a time without a date",
}

T = TypeVar("T")


def read_table(path: Path, type_: type[T], missing: str = "missing") -> T | str:
    """The file as a `type_` (a struct), or one line that says what is wrong in it, without the file's name.

    `missing` is that line where there is no such file. At most 64 KiB of UTF-8.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(TABLE_MAX_BYTES + 1)
    except FileNotFoundError:
        return missing
    except OSError as error:
        return f"can't be read: {error.strerror or error}"
    if len(raw) > TABLE_MAX_BYTES:
        return f"more than {TABLE_MAX_BYTES // 1024} KiB; is this the right file?"
    try:
        table = tomllib.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        return f"not UTF-8 (byte {error.start}); save it as UTF-8"
    except tomllib.TOMLDecodeError as error:
        return f"not TOML: {error}"
    except RecursionError:
        return "not TOML: nested too deeply"
    return convert(table, type_)


def convert(table: object, type_: type[T], inside: str = "") -> T | str:
    """What a file holds as a `type_`, or the line. `inside` is the key of `table` in its file, with dots."""
    try:
        return msgspec.convert(table, type_)
    except msgspec.ValidationError as error:
        return _plain(str(error), type_, inside)


def _plain(error: str, type_: type, inside: str) -> str:
    """Word a validation error of msgspec."""
    what, _, where = error.partition(" - at `$")
    below = where.rstrip("`").lstrip(".")
    key = ".".join(part for part in (inside, below) if part)
    if found := re.match(r"Object contains unknown field `(.*)`", what, re.DOTALL):
        return f"unknown key {key}{'.' if key else ''}{found[1]}; allowed here: {', '.join(_fields(type_, below))}"
    if found := re.match(r"Object missing required field `(.*)`", what):
        return f"the key {found[1]} is missing"
    if found := re.match(r"Expected `(\w+)(?: \| null)?`, got `(\w+)`", what):
        wanted, got = (_TYPES.get(name, name) for name in found.groups())
        return f"key {key}: expected {wanted}, got {got}"
    if what.startswith("Invalid RFC3339"):
        return f"key {key}: expected a date with a time and no quotes, such as 2026-03-01T12:00:00+01:00, got a text"
    if found := re.match(r"Invalid enum value '?(.*?)'?$", what, re.DOTALL):
        return f"key {key}: {found[1]!r} is not one of {', '.join(_values(type_, below))}"
    if "length" in what:
        return f"key {key}: the text is empty"
    if found := re.match(r"Expected `(?:int|float)` (\S+) (\S+)", what):
        return f"key {key}: must be {found[1]} {found[2]}"
    return f"key {key}: {what}"


def _at(type_: type, below: str) -> msgspec.inspect.Type:
    """The type of the key `below` in the struct `type_`."""
    info = msgspec.inspect.type_info(type_)
    for name in below.split(".") if below else ():
        if isinstance(info, msgspec.inspect.StructType):
            info = next(field.type for field in info.fields if field.name == name)
    return info


def _fields(type_: type, below: str) -> tuple[str, ...]:
    info = _at(type_, below)
    return tuple(field.name for field in info.fields) if isinstance(info, msgspec.inspect.StructType) else ()


def _values(type_: type, below: str) -> tuple[str, ...]:
    info = _at(type_, below)
    if isinstance(info, msgspec.inspect.EnumType) and isinstance(info.cls, EnumMeta):
        return tuple(str(one.value) for one in info.cls)
    return ()
