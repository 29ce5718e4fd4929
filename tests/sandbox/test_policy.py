"""What the compiled filters decide is what their lists say. The programs are run here, instruction by instruction."""

from __future__ import annotations

import errno
import struct
from collections.abc import Sequence

import pyseccomp  # type: ignore[import-untyped]
import pytest

from grader.sandbox import policy, seccomp
from grader.worker.confine import SELF

ALLOW, KILL_PROCESS = 0x7FFF_0000, 0x8000_0000
EPERM, ENOSYS = 0x0005_0000 | errno.EPERM, 0x0005_0000 | errno.ENOSYS
AUDIT = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
X32 = 0x4000_0000
ARCHITECTURES = list(policy.ARCHITECTURES)
PID = int.from_bytes(SELF, "little")


def run(program: bytes, data: bytes) -> int:
    """What a classic BPF program returns for `data` (linux/filter.h; only what libseccomp emits)."""
    at, accumulator = 0, 0
    while True:
        code, if_true, if_false, constant = struct.unpack_from("<HBBI", program, at * 8)
        at += 1
        match code:
            case 0x20:  # load a word of the data
                (accumulator,) = struct.unpack_from("<I", data, constant)
            case 0x54:
                accumulator &= constant
            case 0x06:
                return int(constant)
            case 0x05:
                at += constant
            case 0x15 | 0x25 | 0x35 | 0x45:
                holds = {
                    0x15: accumulator == constant,
                    0x25: accumulator > constant,
                    0x35: accumulator >= constant,
                    0x45: bool(accumulator & constant),
                }[code]
                at += if_true if holds else if_false
            case _:
                raise AssertionError(f"unknown instruction {code:#x}")


def decide(architecture: str, call: str | int, arguments: Sequence[int] = (), audit: int | None = None) -> int:
    """What the shipped filter says to a call (struct seccomp_data)."""
    wanted = getattr(pyseccomp.Arch, policy.ARCHITECTURES[architecture])
    number = call if isinstance(call, int) else pyseccomp.resolve_syscall(wanted, call)
    six = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("<IIQ6Q", number, AUDIT[architecture] if audit is None else audit, 0, *six)
    return run(seccomp.file_of(architecture).read_bytes(), data)


def exists(architecture: str, call: str) -> bool:
    return int(pyseccomp.resolve_syscall(getattr(pyseccomp.Arch, policy.ARCHITECTURES[architecture]), call)) >= 0


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize(("table", "verdict"), [(policy.ALLOWED, ALLOW), (policy.REFUSED, EPERM)])
def test_every_call_of_the_lists_is_decided_as_they_say(architecture: str, table: dict[str, str], verdict: int) -> None:
    names = [name for line in table.values() for name in line.split() if exists(architecture, name)]
    assert len(names) > 80
    assert {name: decide(architecture, name) for name in names} == dict.fromkeys(names, verdict)


ARGUMENTS = [
    ("clone", (0x3D0F00,), ALLOW),  # what pthread_create asks for
    ("clone", (0x11,), EPERM),  # what fork asks for
    ("clone3", (), ENOSYS),
    ("kill", (PID, 9), ALLOW),
    ("kill", (1, 9), EPERM),
    ("kill", (0, 9), EPERM),
    ("kill", (2**64 - 1, 9), EPERM),  # everybody
    ("tgkill", (PID, PID, 6), ALLOW),
    ("tgkill", (PID + 1, PID, 6), EPERM),
    ("socketpair", (1, 1), ALLOW),
    ("socketpair", (1, 1 | 0x80000), ALLOW),  # with SOCK_CLOEXEC
    ("socketpair", (1, 2), ENOSYS),  # datagrams can name a receiver
    ("socketpair", (2, 1), ENOSYS),
    ("sendto", (3, 0, 0, 0, 0), ALLOW),
    ("sendto", (3, 0, 0, 0, 0x7F0000000000), ENOSYS),
    ("fcntl", (3, 2), ALLOW),
    ("fcntl", (3, 8), ENOSYS),  # F_SETOWN
    ("fcntl", (3, 10), ENOSYS),  # F_SETSIG
    ("fcntl", (3, 6), ENOSYS),  # F_SETLK
    ("ioctl", (1, 0x5401), ALLOW),
    ("ioctl", (1, 0x5412), ENOSYS),  # TIOCSTI
    ("ioctl", (1, 0x8901), ENOSYS),  # FIOSETOWN
    ("prctl", (15,), ALLOW),
    ("prctl", (1,), ENOSYS),  # PR_SET_PDEATHSIG
    ("prctl", (4,), ENOSYS),  # PR_SET_DUMPABLE
    ("prlimit64", (0,), ALLOW),
    ("prlimit64", (1,), ENOSYS),
    ("sched_setaffinity", (0,), ALLOW),
    ("sched_setaffinity", (1,), ENOSYS),
    ("io_uring_setup", (), ENOSYS),
    ("openat2", (), ENOSYS),
    (9999, (), ENOSYS),
]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize(("call", "arguments", "verdict"), ARGUMENTS)
def test_where_the_arguments_matter(
    architecture: str, call: str | int, arguments: tuple[int, ...], verdict: int
) -> None:
    assert decide(architecture, call, arguments) == verdict


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_entry_points_of_other_architectures_end_the_process(architecture: str) -> None:
    i386 = 0x4000_0003
    assert decide(architecture, "getpid", audit=i386) == KILL_PROCESS
    if architecture == "x86_64":
        assert decide(architecture, 39 | X32) == KILL_PROCESS


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_place_of_the_process_id_is_found_and_nothing_else_looks_like_it(architecture: str) -> None:
    program = seccomp.file_of(architecture).read_bytes()
    constants = [struct.unpack_from("<HBBI", program, at)[3] for at in range(0, len(program), 8)]
    assert program.count(SELF) == constants.count(PID) >= 1


def test_a_fresh_compilation_decides_the_same() -> None:
    program, missing = policy.compile_filter("x86_64")
    assert missing == []
    shipped = seccomp.file_of("x86_64").read_bytes()
    for number in range(500):
        for first in (0, 1, 3, PID):
            data = struct.pack("<IIQ6Q", number, AUDIT["x86_64"], 0, first, 1, 2, 0, 0, 0)
            assert run(program, data) == run(shipped, data), number


def test_no_call_is_in_two_lists() -> None:
    names = [name for table in (policy.ALLOWED, policy.REFUSED) for line in table.values() for name in line.split()]
    assert len(set(names)) == len(names)
