"""The calls of the Linux kernel that Python 3.11 has no function for. Numbers are those of the kernel's headers."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from typing import Any

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x0002_0000, 0x0400_0000, 0x0800_0000
CLONE_NEWUSER, CLONE_NEWPID = 0x1000_0000, 0x2000_0000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 2, 4, 8, 1 << 14, 1 << 18

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_CAPBSET_DROP = 1, 4, 22, 24
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 36, 38, 47
_PR_CAP_AMBIENT_CLEAR_ALL, _SECCOMP_MODE_FILTER = 4, 2
_LINUX_CAPABILITY_VERSION_3 = 0x2008_0522
_CAPSET = {"x86_64": 126, "aarch64": 91}

# Windows has none of this, and nothing here is called there.
libc: Any = None if sys.platform == "win32" else ctypes.CDLL(None, use_errno=True)


def checked(result: int, what: str) -> int:
    """Raise OSError with the kernel's reason when a call failed."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def die_with_parent(signal: int) -> None:
    """Have the kernel send `signal` to this process when its parent ends. Any change of credentials undoes it."""
    checked(libc.prctl(_PR_SET_PDEATHSIG, signal, 0, 0, 0), "PR_SET_PDEATHSIG")


def set_dumpable(dumpable: bool) -> None:
    """Whether processes of the same user may read this one's memory; its files in /proc belong to root if not."""
    checked(libc.prctl(_PR_SET_DUMPABLE, int(dumpable), 0, 0, 0), "PR_SET_DUMPABLE")


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends."""
    checked(libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "PR_SET_CHILD_SUBREAPER")


def gain_no_privileges() -> None:
    """From here on no exec, and no file, raises this process's rights. Landlock and seccomp need it."""
    checked(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS")


def unshare(flags: int) -> None:
    """Leave the namespaces `flags` for new ones; of pid, only children are in the new one."""
    checked(libc.unshare(flags), "unshare")


def enter(namespace: int) -> None:
    """Join the namespace of a descriptor of /proc/PID/ns; of pid, only children join."""
    checked(libc.setns(namespace, 0), "setns")


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """mount(2)."""
    arguments = [text.encode() or None for text in (source, target, kind)]
    result = libc.mount(*arguments, ctypes.c_ulong(flags), options.encode() or None)
    checked(result, f"mount {kind or source} on {target}")


def drop_capabilities() -> None:
    """Give up every capability, for good: also those that a file could bring back."""
    for capability in range(64):
        # Ends past the last one that this kernel knows, or at the first where there is nothing to drop.
        if libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) < 0:
            break
    libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    number = _CAPSET.get(platform.machine())
    if number is not None:
        header, none = struct.pack("=Ii", _LINUX_CAPABILITY_VERSION_3, 0), bytes(24)
        checked(libc.syscall(number, header, none), "capset")


def load_seccomp(program: bytes) -> None:
    """Put this process under a compiled filter, eight bytes an instruction. Needs `gain_no_privileges`."""
    code = ctypes.create_string_buffer(program, len(program))
    count = len(program) // 8
    # struct sock_fprog: a count and, aligned to a pointer, where the instructions are.
    where = struct.pack("@HP", count, ctypes.addressof(code))
    checked(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, where, 0, 0), "PR_SET_SECCOMP")
