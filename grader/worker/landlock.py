"""Landlock: a process gives up access to files, the network and other processes' signals, for good (Linux >= 5.13).

It needs no privilege and holds for root as well. What it does not cover is another layer's business: sockets other
than TCP, starting processes, and looking at the names and sizes of files.

The numbers are those of linux/landlock.h; the system calls have the same numbers on all architectures.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Iterable

from .kernel import checked, gain_no_privileges, libc

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1

_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_MAKE_CHAR, _MAKE_SOCK, _MAKE_BLOCK = 1 << 6, 1 << 9, 1 << 11
_EXECUTE, _TRUNCATE, _IOCTL_DEV = 1 << 0, 1 << 14, 1 << 15
# How many of the file system rights each version of the interface knows.
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_TCP = 3
_SCOPES = 3  # abstract sockets and signals


def version() -> int:
    """The version of the interface that the kernel offers; 0 when it offers none."""
    return max(0, int(libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _CREATE_RULESET_VERSION)))


def why_not() -> str:
    """Why the kernel offers none, or nothing if it does."""
    if version() > 0:
        return ""
    number = ctypes.get_errno()
    if number == errno.ENOSYS:
        return "this kernel has none"
    return "switched off in this kernel" if number == errno.EOPNOTSUPP else os.strerror(number)


def restrict(readable: Iterable[str], writable: Iterable[str], devices: Iterable[str]) -> None:
    """Allow this process to read below `readable`, to read and write below `writable`, and to use `devices`.

    Everything else in the file system is closed, and so is TCP (version 4) and signalling a process that is not
    restricted in the same way (version 6). Paths that do not exist are left out. Raises OSError.
    """
    abi = version()
    handled = (1 << _RIGHTS.get(abi, 16)) - 1
    read = _READ_FILE | _READ_DIR
    write = handled & ~(_EXECUTE | _MAKE_CHAR | _MAKE_SOCK | _MAKE_BLOCK | _IOCTL_DEV)
    use = (_READ_FILE | _WRITE_FILE | _IOCTL_DEV) & handled
    attributes = struct.pack("=QQQ", handled, _TCP, _SCOPES)[: 8 if abi < 4 else 16 if abi < 6 else 24]
    ruleset = libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    checked(ruleset, "landlock")
    try:
        for paths, rights in ((readable, read), (writable, write), (devices, use)):
            for path in paths:
                _allow(ruleset, path, rights)
        gain_no_privileges()
        checked(libc.syscall(_RESTRICT_SELF, ruleset, 0), "landlock")
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not os.path.isdir(path):  # noqa: PTH112  a right for folders on a file is an error
            rights &= _FILE_RIGHTS
        rule = struct.pack("=Qi", rights, beneath)
        checked(libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0), "landlock")
    finally:
        os.close(beneath)
