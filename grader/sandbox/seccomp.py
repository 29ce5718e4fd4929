"""The filter of system calls that workers load, compiled for this machine. policy.py says what is in it."""

from __future__ import annotations

import platform
import sys
from importlib import resources
from pathlib import Path


def load() -> bytes:
    """The filter for this machine, eight bytes an instruction; empty where there is none for it."""
    if sys.platform != "linux":
        return b""
    try:
        return file_of(platform.machine()).read_bytes()
    except OSError:
        return b""


def why_not() -> str:
    """Why there is none, or nothing if there is one."""
    if sys.platform != "linux":
        return "there is none for this system"
    return "" if load() else f"there is no filter for {platform.machine() or 'this processor'} yet"


def file_of(architecture: str) -> Path:
    """Where the filter of an architecture is kept."""
    return Path(str(resources.files("grader.sandbox").joinpath("filters", f"{architecture}.bpf")))
