"""Which attempts there are, in order, and how it shows that one got through.

Where something outside can tell, that decides, and not what the submission says. Of what was read, the proof is a
secret that the submission cannot know otherwise. Only about its own limits does it have the word.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

from grader.doctor.outside import Outside
from grader.doctor.tries import EXECUTED
from grader.model import Outcome

DISK_MIB = 8

# What a submission is limited to here, and what it asks for instead.
OVERDRAWN = {"memory_mib": 768, "cpu_s": 4, "wall_s": 30, "disk_mib": 3 * DISK_MIB, "threads": 150, "output_kib": 4096}


@dataclass(frozen=True)
class Answer:
    """What became of a try. `got` and `stopped` are its own words; the rest was seen from outside.

    `status` is what it exited with by itself, `ended` whether it is known to have ended.
    """

    got: str | None = None
    stopped: str = ""
    outcome: Outcome | None = None
    message: str = ""
    status: int | None = None
    ended: bool = True


@dataclass(frozen=True)
class Try:
    """One attempt: a function of `tries`, and how it shows that it got through.

    `needs` names a target without which it cannot be tried. `ends` says how the judge or the kernel may end it, which
    is then as it should be. `decided` says that what is seen outside is all that counts. What is `slow` is started
    first.
    """

    name: str
    title: str
    shows: Callable[[Outside, Answer], bool]
    needs: str = "comm"
    systems: tuple[str, ...] = ()
    ends: Outcome | None = None
    decided: bool = True
    slow: bool = False
    wall_s: float = 10.0
    memory_mib: int = 2048

    @property
    def is_for_this_system(self) -> bool:
        """Whether it can be tried on this system at all."""
        return not self.systems or sys.platform in self.systems


def _reached(kind: str) -> Callable[[Outside, Answer], bool]:
    return lambda outside, _: outside.was_reached(kind)


def _told(secret: Callable[[Outside], str]) -> Callable[[Outside, Answer], bool]:
    return lambda outside, answer: bool(secret(outside)) and secret(outside) in (answer.got or "")


def _says_so(_: Outside, answer: Answer) -> bool:
    return answer.got is not None


def _forked(outside: Outside, answer: Answer) -> bool:
    return outside.sees_process() if sys.platform == "linux" else answer.got is not None


def _killed(outside: Outside, answer: Answer) -> bool:
    return outside.has_ended(within_s=0.0 if answer.stopped else 0.5)


_LINUX = ("linux",)

TRIES = (
    Try("read_file", "read a file", _told(lambda o: o.file_secret), "files"),
    Try("list_folder", "list a folder", _told(lambda _: "secret.txt"), "folders"),
    Try("stat_file", "see the size of a file", lambda o, a: a.got == str(o.size), "files"),
    Try("write_file", "make, change or remove a file", lambda o, _: o.was_written(), "files"),
    Try("connect_tcp", "connect over TCP", _reached("tcp"), "tcp"),
    Try("send_udp", "send over UDP", _reached("udp"), "udp"),
    Try("connect_unix", "connect to a Unix socket", _reached("unix"), "unix"),
    Try("fork", "start a process", _forked),
    Try("execute", "run a program", lambda _, a: a.status == EXECUTED),
    Try("list_processes", "see other processes", _told(lambda o: o.command_secret), "pid", _LINUX),
    Try("read_environment", "read the grader's environment", _told(lambda o: o.variable_secret), "pid"),
    Try("read_descriptors", "use an open file of the grader", _says_so, decided=False),
    Try("read_memory", "read memory of a process", _told(lambda o: o.memory_secret), "pid", _LINUX),
    Try("copy_memory", "copy memory of a process", _told(lambda o: o.memory_secret), "pid", _LINUX),
    Try("end_process", "end another process", _killed, "pid"),
    Try("take_memory", "take more memory than allowed", _says_so, decided=False, memory_mib=128),
    Try("use_cpu", "use more CPU time than allowed", _says_so, ends=Outcome.OUT_OF_CPU_TIME, decided=False, slow=True,
        wall_s=30.0),
    Try("stay", "run longer than allowed", lambda _, a: not a.ended, ends=Outcome.TIMED_OUT, slow=True, wall_s=1.0),
    Try("write_large_file", "write a larger file than allowed", _says_so, decided=False),
    Try("write_disk", "fill the disk", _says_so, decided=False),
    Try("start_threads", "start more threads than allowed", _says_so, decided=False),
    Try("print_much", "print more than allowed", _says_so, ends=Outcome.TOO_MUCH_OUTPUT, decided=False),
)  # fmt: skip
