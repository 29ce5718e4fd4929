"""What a worker sees of the file system: the interpreter, the installed packages, and system libraries.

In a sandbox these stand at fixed places, so that a path inside says nothing about the host: a virtual environment
usually lies in the folder of the course.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

# Shared libraries that Python and torch load late, and the time zone.
LIBRARIES = (
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/local/cuda", "/nix/store", "/etc/ld.so.cache",
    "/etc/localtime", "/usr/share/zoneinfo",
)  # fmt: skip
_PYTHON_HOME, _PACKAGES = "/python", "/packages"
# What an installer leaves beside the packages that leads to folders outside.
_TELLTALES = ("*.pth", "*.egg-link", "__editable__*", "*.dist-info/direct_url.json")


@dataclass(frozen=True)
class View:
    """How a zygote is started: its interpreter and import path, and what it may read.

    `binds` are pairs of a path of the host and where it stands inside; empty when everything stands where it is.
    `masked` are files inside that shall look empty.
    """

    python: str
    path: tuple[str, ...]
    readable: tuple[str, ...]
    binds: tuple[tuple[str, str], ...] = ()
    masked: tuple[str, ...] = ()


def of_the_host() -> View:
    """Everything where it is."""
    path = import_path()
    return View(sys.executable, tuple(path), _outermost([*path, *LIBRARIES, f"{sys.base_prefix}/lib"]))


def of_a_sandbox() -> View:
    """Only what Python needs, at fixed places. System libraries stay where they are."""
    binds: dict[str, str] = {}

    def place(path: str, default: str) -> str:
        """Where a folder or file stands inside, binding it or a parent of it there if need be."""
        path = os.path.realpath(path)
        known = {**{library: library for library in LIBRARIES}, **binds}
        for source, target in known.items():
            source = os.path.realpath(source)
            if path == source or path.startswith(f"{source}/"):
                return target + path.removeprefix(source)
        binds[path] = default
        return default

    interpreter = os.path.realpath(sys.executable)
    own_place = interpreter.startswith("/usr/")
    if not own_place:
        place(f"{sys.base_prefix}/lib", f"{_PYTHON_HOME}/lib")
    python = interpreter if own_place else f"{_PYTHON_HOME}/bin/{Path(interpreter).name}"
    binds[interpreter] = python
    sources = import_path()
    path = [place(source, f"{_PACKAGES}/{number}") for number, source in enumerate(sources)]
    masked = [
        f"{inside}/{found.relative_to(source)}"
        for source, inside in zip(sources, path, strict=True)
        for pattern in _TELLTALES
        for found in Path(source).glob(pattern)
        if not found.is_dir()
    ]
    readable = _outermost([*path, *LIBRARIES, f"{_PYTHON_HOME}/lib"])
    return View(python, tuple(dict.fromkeys(path)), readable, tuple(binds.items()), tuple(dict.fromkeys(masked)))


def _outermost(paths: list[str]) -> tuple[str, ...]:
    """Those that lie below no other."""
    kept = [p for p in paths if not any(p.startswith(f"{other}/") for other in paths)]
    return tuple(dict.fromkeys(kept))


def import_path() -> list[str]:
    """Where a worker finds the standard library and the installed packages, and nothing of ours.

    Entries of .pth files are left out: an editable install would lead to the grader's sources and from there to
    the course.
    """
    scheme = sysconfig.get_paths()
    standard = [p for p in sys.path if p.endswith((".zip", "lib-dynload"))]
    packages = [scheme["purelib"], scheme["platlib"]]
    torch_home = _home_of("torch")
    wanted = [scheme["stdlib"], scheme["platstdlib"], *standard, *packages, *torch_home]
    return list(dict.fromkeys(p for p in wanted if Path(p).exists()))


def _home_of(package: str) -> list[str]:
    """The folder that a package is installed in, which a virtual environment may share with the system."""
    for folder in sys.path:
        if folder and (Path(folder) / package / "__init__.py").is_file():
            return [folder]
    return []
