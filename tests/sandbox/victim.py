"""A process for probes to aim at: it holds a secret, and tells its state for each line that it reads.

    python -m tests.sandbox.victim USER FOLDER canary-argument

It becomes USER, gives up all capabilities (or a probe without them could not do to it what any process can do to
another of its user), and lets itself be traced.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
from types import FrameType
from typing import Any

from grader.worker import kernel

_PR_SET_PTRACER = 0x59616D61
_SIGNALS = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGIO, signal.SIGURG, signal.SIGHUP, signal.SIGTERM, signal.SIGINT)
_IOPRIO_GET = {"x86_64": 252, "aarch64": 31}

received: list[int] = []


def main() -> None:
    """Serve until stdin ends."""
    uid, folder = int(sys.argv[1]), sys.argv[2]
    secret = ctypes.create_string_buffer(b"canary in memory")
    for number in _SIGNALS:
        signal.signal(number, _note)
    if uid != os.getuid():
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    kernel.drop_capabilities()
    kernel.set_dumpable(True)
    kernel.libc.prctl(_PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)  # where a security module asks for it
    os.chdir(folder)
    kept = os.open("secret.txt", os.O_RDONLY)
    _tell(f"{os.getpid()}:{ctypes.addressof(secret)}:{kept}")
    for _ in sys.stdin:
        _tell(_state(secret))


def _note(number: int, _: FrameType | None) -> None:
    received.append(number)


def _state(secret: Any) -> dict[str, object]:
    """All that another process could change."""
    with open("/proc/self/oom_score_adj") as file:  # noqa: PTH123
        oom = file.read().strip()
    return {
        "secret": secret.raw.decode("latin-1"),
        "signals": [number for number in received if number != signal.SIGURG],
        # Kept apart: other runs of these tests send it to everybody, too.
        "urgent": received.count(signal.SIGURG),
        "priority": os.getpriority(os.PRIO_PROCESS, 0),
        "scheduler": os.sched_getscheduler(0),
        "processors": sorted(os.sched_getaffinity(0)),
        "limits": [resource.getrlimit(number) for number in range(16)],
        "input and output": kernel.libc.syscall(_IOPRIO_GET[os.uname().machine], 1, 0),
        "out of memory": oom,
        "folder": os.getcwd(),  # noqa: PTH109
    }


def _tell(what: object) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main()
