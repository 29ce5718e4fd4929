"""What probes share. It is part of each submission that they make, as the module `prelude`.

Nothing here may fail where a layer is switched on or off: a probe would seem to be stopped by what stopped the prelude.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import platform
import sys
from collections.abc import Callable
from typing import Any

libc: Any = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long

MACHINE = platform.machine()

# Those that the C library has no function for, or one that does something else.
_NUMBERS = {
    "x86_64": {
        "clone": 56, "fork": 57, "tgkill": 234, "rt_sigqueueinfo": 129, "modify_ldt": 154, "pivot_root": 155,
        "add_key": 248, "keyctl": 250, "ioprio_set": 251, "perf_event_open": 298, "kcmp": 312, "bpf": 321,
        "execveat": 322, "userfaultfd": 323, "pidfd_send_signal": 424, "io_uring_setup": 425, "pidfd_open": 434,
        "clone3": 435, "pidfd_getfd": 438,
    },
    "aarch64": {
        "clone": 220, "tgkill": 131, "rt_sigqueueinfo": 138, "pivot_root": 41, "add_key": 217, "keyctl": 219,
        "ioprio_set": 30, "perf_event_open": 241, "kcmp": 272, "bpf": 280, "execveat": 281, "userfaultfd": 282,
        "pidfd_send_signal": 424, "io_uring_setup": 425, "pidfd_open": 434, "clone3": 435, "pidfd_getfd": 438,
    },
}  # fmt: skip


def checked(result: int) -> int:
    """`result`; raises OSError with the kernel's reason when it is negative."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def call(name: str, *arguments: Any) -> int:
    """A system call. Raises OSError when it fails."""
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return checked(libc.syscall(ctypes.c_long(_NUMBERS[MACHINE][name]), *words))


def machine_code(code: bytes) -> Callable[[], int]:
    """A function without parameters, written in instructions of this processor, that returns an int."""
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    function = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
    function.page = page  # type: ignore[attr-defined]  # lives as long
    return function


def child_ran(fork: Callable[[], int], work: Callable[[], object] = lambda: None) -> bool:
    """Whether a child that `fork` makes does `work` and says so by how it ends."""
    pid = fork()
    if pid == 0:
        status = 1
        try:
            status = 42 if work() is not False else 2
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 42


def enter_own_user_namespace(others: int = 0) -> None:
    """Become root of a new user namespace, and leave those that `others` names as well."""
    checked(libc.unshare(0x1000_0000 | others))


# A program that does nothing but end with status 42.
_EXIT_42 = {
    "x86_64": (62, bytes.fromhex("bf2a000000b8e70000000f05")),
    "aarch64": (183, bytes.fromhex("400580d2c80b80d2010000d4")),
}


def program() -> bytes:
    """An ELF file that ends with status 42 at once, and that needs no library."""
    machine, code = _EXIT_42[MACHINE]
    base, header = 0x40_0000, 64 + 56
    size = header + len(code)

    def number(value: int, width: int) -> bytes:
        return value.to_bytes(width, sys.byteorder)

    elf = b"\x7fELF\2\1\1" + bytes(9) + number(2, 2) + number(machine, 2) + number(1, 4) + number(base + header, 8)
    elf += number(64, 8) + number(0, 8) + number(0, 4) + number(64, 2) + number(56, 2) + number(1, 2) + bytes(6)
    segment = number(1, 4) + number(5, 4) + number(0, 8) + number(base, 8) * 2 + number(size, 8) * 2
    return elf + segment + number(0x1000, 8) + code


def victims(text: str) -> list[tuple[int, int, int]]:
    """Of each victim its process id, the address of its secret, and its descriptor of the secret file."""
    return [tuple(int(part) for part in one.split(":")) for one in text.split()]  # type: ignore[misc]


def any_of(attempt: Callable[..., object], text: str) -> bool:
    """Whether `attempt` works with one of the victims; raises what it raised for the last one."""
    error: OSError | None = None
    done = False
    for victim in victims(text):
        try:
            done = bool(attempt(*victim)) or done
        except OSError as why:
            error = why
    if error is not None and not done:
        raise error
    return done
