"""The grader itself as a wheel, and the exact versions of what it needs, as they are installed here."""

from __future__ import annotations

import base64
import hashlib
import re
import tomllib
from importlib import metadata
from pathlib import Path

import grader
from grader.handout.archive import pack
from grader.handout.errors import HandoutError

NAME = "grader"
_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ENTRY_POINTS = b"[console_scripts]\ngrade = grader.cli:main\n\n[pytest11]\ngrader = grader.pytest_plugin\n"
_WHEEL = b"Wheel-Version: 1.0\nGenerator: grade package\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_LEFT_OUT = ("__pycache__",)


def wheel() -> tuple[str, bytes]:
    """The file name and the bytes of a wheel of this very grader; the same bytes for the same files.

    Raises HandoutError when it is not installed, so that nobody knows what it needs.
    """
    version = grader.__version__
    info = f"{NAME}-{version}.dist-info"
    home = Path(grader.__file__).parent
    files = {
        f"{NAME}/{path.relative_to(home).as_posix()}": path.read_bytes()
        for path in sorted(home.rglob("*"))
        if path.is_file() and not _is_left_out(path.relative_to(home))
    }
    lines = ["Metadata-Version: 2.1", f"Name: {NAME}", f"Version: {version}", "Requires-Python: >=3.11"]
    lines += [f"Requires-Dist: {one}" for one in _requirements()]
    files[f"{info}/METADATA"] = ("\n".join(lines) + "\n").encode()
    files[f"{info}/WHEEL"] = _WHEEL
    files[f"{info}/entry_points.txt"] = _ENTRY_POINTS
    record = f"{info}/RECORD"
    listed = [f"{path},sha256={_digest(data)},{len(data)}" for path, data in sorted(files.items())]
    files[record] = ("\n".join([*listed, f"{record},,"]) + "\n").encode()
    return f"{NAME}-{version}-py3-none-any.whl", pack(files)


def constraints() -> bytes:
    """The installed versions of everything that the grader needs, as pip reads constraints."""
    todo, versions = _requirements(), dict[str, str]()
    seen: set[str] = set()
    while todo:
        found = _REQUIREMENT.match(todo.pop())
        name = re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""
        if not name or name in seen:
            continue
        seen.add(name)
        try:
            versions[name] = metadata.version(name).partition("+")[0]  # +cpu, +cu126: one version of several builds
        except metadata.PackageNotFoundError:
            continue  # of another system
        todo += _needed(metadata.requires(name))
    return "".join(f"{name}=={version}\n" for name, version in sorted(versions.items())).encode()


def _requirements() -> list[str]:
    """What this grader needs: as its project says where it runs from a checkout, else as it was installed."""
    project = Path(grader.__file__).parent.parent / "pyproject.toml"
    try:
        table = tomllib.loads(project.read_text("utf-8"))["project"]
        if table["name"] == NAME:
            return list(table["dependencies"])
    except (OSError, ValueError, KeyError):
        pass
    try:
        return _needed(metadata.requires(NAME))
    except metadata.PackageNotFoundError:
        raise HandoutError("the grader is not installed, so what it needs is not known; pip install it first") from None


def _needed(requirements: list[str] | None) -> list[str]:
    """Those that do not belong to an extra."""
    return [one for one in requirements or () if "extra ==" not in one]


def _is_left_out(path: Path) -> bool:
    return path.suffix == ".pyc" or any(part in _LEFT_OUT or part.startswith(".") for part in path.parts)


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
