"""What the submissions of `grade doctor` do. Runs in a worker as its submission, followed by a call of `report`.

Each function tries one thing in a few ways. It returns what it got, or raises what stopped it. Nothing here is harmful
where it succeeds: the targets were made for it, and what it takes of the machine is bounded.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

MIB = 1 << 20
SECRET = "grade-doctor-"  # noqa: S105  what all secrets begin with
EXECUTED = 42  # the status with which the program ends


def report(name: str, targets: dict[str, Any]) -> None:
    """Try `name`, and print what came of it as one line of JSON."""
    try:
        answer = {"got": str(globals()[name](targets))[:2000]}
    except BaseException as error:  # noqa: BLE001
        text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        answer = {"stopped": (text or type(error).__name__)[:300]}
    print(json.dumps(answer), flush=True)


def _first(ways: Iterable[Callable[[], object]]) -> str:
    """What the first of some ways got; raises what stopped the first of them when none got anything."""
    stopped: BaseException | None = None
    for way in ways:
        try:
            got = way()
        except Exception as error:  # noqa: BLE001
            stopped = stopped or error
        else:
            if got:
                return str(got)
    raise stopped or OSError("nothing found")


def _read(path: str, limit: int = 4096) -> str:
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read(limit).decode("utf-8", "replace")


# ---- files ----


def read_file(targets: dict[str, Any]) -> str:
    """A file outside."""
    return _first(partial(_read, path) for path in targets["files"])


def list_folder(targets: dict[str, Any]) -> str:
    """The names in a folder outside."""
    return _first(partial(os.listdir, path) for path in targets["folders"])


def stat_file(targets: dict[str, Any]) -> str:
    """The size of a file outside."""
    return _first(partial(os.path.getsize, path) for path in targets["files"])


def write_file(targets: dict[str, Any]) -> str:
    """Create, append to and remove files outside."""
    return _first(
        [
            *(partial(_put, f"{folder}/new", "x") for folder in targets["folders"]),
            *(partial(_put, path, "a") for path in targets["files"]),
            *(partial(_remove, path) for path in targets["files"]),
        ]
    )


def _put(path: str, mode: str) -> str:
    with open(path, mode) as file:  # noqa: PTH123
        file.write("written by a submission")
    return path


def _remove(path: str) -> str:
    os.unlink(path)  # noqa: PTH108
    return path


# ---- network ----


def connect_tcp(targets: dict[str, Any]) -> str:
    """A TCP connection to this machine."""
    with socket.create_connection(("127.0.0.1", targets["tcp"]), timeout=2):
        return "connected"


def send_udp(targets: dict[str, Any]) -> str:
    """A datagram to this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"hello", ("127.0.0.1", targets["udp"]))
        return "sent"


def connect_unix(targets: dict[str, Any]) -> str:
    """A connection to a socket in the file system, and to one that has a name only (Linux)."""
    return _first(partial(_connect, address) for address in targets["unix"])


def _connect(address: str) -> str:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(2)
        if address.startswith("\0"):
            client.connect(address)
        else:
            os.chdir(os.path.dirname(address))  # noqa: PTH120  an address has no room for a long path
            client.connect(os.path.basename(address))  # noqa: PTH119
        return "connected"


# ---- processes ----


def fork(targets: dict[str, Any]) -> str:
    """A second process, which names itself so that it can be seen from outside."""
    ready, started = os.pipe()
    pid = os.fork()
    if pid == 0:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(15, targets["comm"].encode(), 0, 0, 0)  # PR_SET_NAME
        os.write(started, b"x")
        time.sleep(10)
        os._exit(0)
    os.read(ready, 1)
    return f"process {pid}"


def execute(targets: dict[str, Any]) -> str:
    """Another program in place of this one. What tells is that it ends with a status of its own."""
    os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", f"import os; os._exit({EXECUTED})"])  # noqa: S606


def read_memory(targets: dict[str, Any]) -> str:
    """The memory of another process, as a file."""
    with open(f"/proc/{targets['pid']}/mem", "rb", buffering=0) as memory:  # noqa: PTH123
        memory.seek(targets["address"])
        return memory.read(64).decode("utf-8", "replace")


def copy_memory(targets: dict[str, Any]) -> str:
    """The memory of another process, by the system call for that."""

    class Piece(ctypes.Structure):
        _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))

    libc = ctypes.CDLL(None, use_errno=True)
    mine = ctypes.create_string_buffer(64)
    here, there = Piece(ctypes.addressof(mine), 64), Piece(targets["address"], 64)
    got = libc.process_vm_readv(targets["pid"], ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
    if got < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return mine.raw.decode("utf-8", "replace")


def end_process(targets: dict[str, Any]) -> str:
    """The end of another process."""
    os.kill(targets["pid"], signal.SIGKILL)
    return "sent"


def list_processes(targets: dict[str, Any]) -> str:
    """The command lines of other processes."""
    return _of_processes(targets, "cmdline")


def read_environment(targets: dict[str, Any]) -> str:
    """Environment variables: its own, and those of other processes."""
    own = [f"{name}={value}" for name, value in os.environ.items() if SECRET in value]
    return _first([lambda: " ".join(own), lambda: _of_processes(targets, "environ")])


def _of_processes(targets: dict[str, Any], what: str) -> str:
    """What is secret in a file that /proc has for each process, whether that can be guessed or must be listed."""
    return _first([partial(_secrets, targets["pid"], what), partial(_all_secrets, what)])


def _secrets(pid: object, what: str) -> str:
    return " ".join(word for word in _read(f"/proc/{pid}/{what}", 65_536).split("\0") if SECRET in word)


def _all_secrets(what: str) -> str:
    found = []
    for pid in os.listdir("/proc"):  # noqa: PTH208
        with contextlib.suppress(OSError):
            found.append(_secrets(pid, what))
    return " ".join(found).strip()


def read_descriptors(targets: dict[str, Any]) -> str:
    """What descriptors were left open. 0 to 3 are its own: input, output, errors and the wire."""
    found = []
    for number in range(1024):
        try:
            os.fstat(number)
        except OSError:
            continue
        try:
            text = os.pread(number, 100, 0).decode("utf-8", "replace")
        except OSError:
            text = ""
        found.append(f"{number} {text}".strip())
    if [entry.split()[0] for entry in found] == ["0", "1", "2", "3"] and SECRET not in str(found):
        raise OSError("only its own are open")
    return ", ".join(found)


# ---- limits ----


def take_memory(targets: dict[str, Any]) -> str:
    """More memory than it may have."""
    block = bytearray(targets["memory_mib"] * MIB)
    return f"{len(block) // MIB} MiB"


def use_cpu(targets: dict[str, Any]) -> str:
    """More CPU time than it may use."""
    end = time.process_time() + targets["cpu_s"]
    while time.process_time() < end:
        pass
    return f"{targets['cpu_s']} s"


def stay(targets: dict[str, Any]) -> str:
    """More time than it has."""
    time.sleep(targets["wall_s"])
    return f"{targets['wall_s']} s"


def write_disk(targets: dict[str, Any]) -> str:
    """More in its scratch folder than it may write, in several files."""
    block = bytes(MIB)
    for number in range(targets["disk_mib"]):
        with open(os.path.join(os.environ["TMPDIR"], f"block-{number}"), "wb") as file:  # noqa: PTH118, PTH123
            file.write(block)
    return f"{targets['disk_mib']} MiB"


def write_large_file(targets: dict[str, Any]) -> str:
    """A larger file than it may write."""
    with open(os.path.join(os.environ["TMPDIR"], "large"), "wb") as file:  # noqa: PTH118, PTH123
        for _ in range(targets["disk_mib"]):
            file.write(bytes(MIB))
    return f"{targets['disk_mib']} MiB"


def start_threads(targets: dict[str, Any]) -> str:
    """More threads than it may start."""
    threading.stack_size(256 << 10)
    done = threading.Event()
    started = 0
    try:
        for _ in range(targets["threads"]):
            threading.Thread(target=done.wait, args=(10,), daemon=True).start()
            started += 1
    finally:
        done.set()
    return f"{started} threads"


def print_much(targets: dict[str, Any]) -> str:
    """More output than it may print."""
    for _ in range(targets["output_kib"]):
        sys.stdout.write("x" * 1023 + "\n")
    return f"{targets['output_kib']} KiB"
