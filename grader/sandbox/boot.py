"""How a zygote starts: an interpreter with a program of its own, which is sent the worker's sources as text."""

from __future__ import annotations

import json
import socket
from importlib import resources
from typing import Any

from grader.worker import SOURCES

# Runs in the zygote before anything else: builds the package `worker` from the sources it is sent.
PROGRAM = """
import base64, json, os, socket, sys, types
fd = int(sys.argv[1])
with socket.socket(fileno=fd) as control:
    control.sendall(b"bgun" + bytes(24))
    size, text = int.from_bytes(control.recv(8, socket.MSG_WAITALL), "little"), b""
    while len(text) < size:
        text += control.recv(size - len(text))
    control.detach()
boot = json.loads(text)
sys.argv[:] = ["worker"]
sys.path[:] = boot["path"]
sys.modules["grader"] = None
package = sys.modules["worker"] = types.ModuleType("worker")
package.__path__ = []
for name, source in boot["sources"]:
    module = types.ModuleType("worker." + name)
    module.__package__ = "worker"
    sys.modules[module.__name__] = module
    setattr(package, name, module)
    exec(compile(source, f"<worker {name}>", "exec"), module.__dict__)
if boot["parent"]:
    package.confine.die_with(boot["parent"])
plan = package.confine.Plan(
    layers=frozenset(boot["layers"]), readable=tuple(boot["readable"]), program=base64.b64decode(boot["program"]),
    disk_mib=boot["disk_mib"],
)
del boot, text, source
package.zygote.main(fd, os.getcwd(), plan)
"""

# Only what Python and torch need. One thread: a parallel region before a fork hangs the children. The hash seed
# is fixed so that the same run seed gives the same order of a student's sets.
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "USER": "student",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "PYTHONHASHSEED": "0",
}


def sources() -> list[tuple[str, str]]:
    """The modules of the worker, in the order in which they can be run."""
    here = resources.files("grader.worker")
    return [(name, here.joinpath(f"{name}.py").read_text("utf-8")) for name in SOURCES]


def send(control: socket.socket, plan: dict[str, Any]) -> None:
    """Send the program what it waits for: `plan`, and the sources of the worker."""
    text = json.dumps({**plan, "sources": sources()}).encode()
    control.sendall(len(text).to_bytes(8, "little") + text)
