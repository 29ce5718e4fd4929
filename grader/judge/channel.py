"""Frames to and from one worker, with a deadline and a cap on everything.

While it waits for a reply the channel also takes what the student prints, or a full pipe would block them. Nothing
read here has any authority; a worker that breaks a rule, is late, or ends is lost, and stays lost.
"""

from __future__ import annotations

import os
import select
import signal
import time

from grader.model import Outcome
from grader.sandbox import Ending, Worker
from grader.worker.protocol import (
    HEAD,
    Answer,
    Body,
    ProtocolError,
    Received,
    Reply,
    Request,
    decode_reply,
    frame,
    lengths,
)

KEPT_OUTPUT = 65_536
OUT_OF_MEMORY = "Your code asked for more memory than it may use."
_CHUNK = 65_536


class WorkerLostError(Exception):
    """The worker can answer no more. `outcome` says how the check ended; the text is for the student."""

    def __init__(self, outcome: Outcome, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.message = message
        # Another process of the same user may have done it, as well as the student's code.
        self.killed = False


class Channel:
    """The judge's end of one worker's wire and output."""

    def __init__(self, worker: Worker, *, output_kib: int, cpu_s: float = float("inf")) -> None:
        self._worker = worker
        self._output_limit = output_kib << 10
        self._output = bytearray()
        self._output_total = 0
        self._buffer = bytearray(_CHUNK)
        self._poll = select.poll()
        self._poll.register(worker.wire, select.POLLIN)
        self._poll.register(worker.output, select.POLLIN)
        self._output_open = True
        self.deadline = float("inf")
        self.wall_s = 0.0
        self.cpu_s = cpu_s
        self.lost: WorkerLostError | None = None

    def start_clock(self, wall_s: float) -> None:
        """Give the worker `wall_s` seconds from now for everything until the clock is started again."""
        self.wall_s = wall_s
        self.deadline = time.monotonic() + wall_s
        self._output.clear()
        self._output_total = 0

    def take_output(self) -> tuple[str, bool]:
        """What was printed since the clock was started, and whether some of it was left out."""
        if self._output_open:
            self._drain()
        text = self._output.decode("utf-8", "backslashreplace")
        return text, self._output_total > len(self._output)

    def send(self, message: Request | Answer, body: Body) -> None:
        """Write one frame."""
        if self.lost is not None:
            raise self.lost
        for part in frame(message, body):
            view = memoryview(part)
            while view:
                try:
                    view = view[self._worker.wire.send(view) :]
                except BlockingIOError:
                    self._wait(select.POLLOUT)
                except OSError:
                    raise self.lose_ended() from None

    def receive(self) -> tuple[Reply, bytearray]:
        """Read one reply and its body."""
        if self.lost is not None:
            raise self.lost
        got = self._fill(memoryview(self._buffer), HEAD.size)
        try:
            header_size, body_size = lengths(self._buffer)
            if got > HEAD.size + header_size + body_size:
                raise ProtocolError("more than one reply")
            # The body has memory of its own: tensors may share it, and the buffer is used again.
            header, body = bytearray(header_size), Received(body_size)
            at = HEAD.size
            for part in (header, body):
                here = min(got - at, len(part))
                part[:here] = memoryview(self._buffer)[at : at + here]
                at += here
                self._fill(memoryview(part)[here:], len(part) - here)
            reply = decode_reply(header)
        except ProtocolError as error:
            raise self.lose_protocol(str(error)) from None
        return reply, body

    def lose(self, outcome: Outcome, message: str) -> WorkerLostError:
        """Kill the worker and remember why."""
        if self.lost is None:
            self.lost = WorkerLostError(outcome, message)
            if self._output_open and self._worker.output >= 0:
                self._drain()
            self._output_open = False
            self._worker.kill()
        return self.lost

    def lose_protocol(self, why: str) -> WorkerLostError:
        """The worker broke the rules of the wire."""
        return self.lose(
            Outcome.CRASHED,
            f"Your code interfered with the connection to the grader ({why}), so it was stopped.",
        )

    def lose_ended(self) -> WorkerLostError:
        """The worker closed the conversation: find out how it ended."""
        if self.lost is not None:
            return self.lost
        ending = self._worker.ending()
        lost = self.lose(*_ending(ending, self.cpu_s))
        # A worker that used up its time is killed by the kernel.
        lost.killed = ending is not None and lost.outcome is Outcome.CRASHED and ending.status == signal.SIGKILL
        return lost

    def lose_late(self) -> WorkerLostError:
        """The deadline has passed."""
        return self.lose(
            Outcome.TIMED_OUT, f"Not finished after {self.wall_s:g} seconds. Is there a loop that never ends?"
        )

    # ---- bytes ----

    def _fill(self, view: memoryview, least: int) -> int:
        got = 0
        wire = self._worker.wire
        while got < least:
            self._wait(select.POLLIN)
            try:
                count = wire.recv_into(view[got:])
            except BlockingIOError:
                continue
            except OSError:
                raise self.lose_ended() from None
            if count == 0:
                raise self.lose_ended()
            got += count
        return got

    def _wait(self, wanted: int) -> None:
        """Return when the wire is ready; take output meanwhile."""
        wire = self._worker.wire.fileno()
        if wanted != select.POLLIN:
            self._poll.modify(wire, select.POLLIN | wanted)
        try:
            while True:
                left = self.deadline - time.monotonic()
                if left <= 0:
                    raise self.lose_late()
                events = self._poll.poll(None if left == float("inf") else left * 1000 + 1)
                ready = False
                for fd, event in events:
                    if fd != wire:
                        self._drain()
                    elif event & (wanted | select.POLLHUP | select.POLLERR):
                        ready = True
                if ready:
                    return
        finally:
            if wanted != select.POLLIN and self.lost is None:
                self._poll.modify(wire, select.POLLIN)

    def _drain(self) -> None:
        """Take what is in the output pipe; keep the beginning."""
        while True:
            try:
                data = os.read(self._worker.output, _CHUNK)
            except BlockingIOError:
                return
            if not data:
                self._poll.unregister(self._worker.output)
                self._output_open = False
                return
            self._output_total += len(data)
            self._output += data[: max(0, KEPT_OUTPUT - len(self._output))]
            if self._output_total > self._output_limit:
                if self.lost is None:
                    self._output_open = False
                    mib = self._output_limit / (1 << 20)
                    raise self.lose(
                        Outcome.TOO_MUCH_OUTPUT,
                        f"Your code printed more than {mib:g} MiB, so it was stopped. "
                        "Is there a print in a loop that never ends?",
                    )
                return


def _ending(ending: Ending | None, cpu_s: float) -> tuple[Outcome, str]:
    if ending is None:
        return Outcome.CRASHED, "The Python process that ran your code closed its connection to the grader."
    status = ending.status
    if ending.cpu_s >= cpu_s and os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGKILL, signal.SIGXCPU):
        return Outcome.OUT_OF_CPU_TIME, f"Your code used its {cpu_s:g} s of CPU time. Is there a loop that never ends?"
    if ending.out_of_memory:
        return Outcome.OUT_OF_MEMORY, OUT_OF_MEMORY
    if os.WIFSIGNALED(status):
        match os.WTERMSIG(status):
            case 11:
                return (
                    Outcome.CRASHED,
                    "The Python interpreter crashed while running your code (segmentation fault, or aborted).",
                )
            case 6:
                return Outcome.CRASHED, "The Python interpreter crashed while running your code (aborted)."
            case 9:
                return Outcome.CRASHED, "The process that ran your code was killed while it worked."
            case number:
                return Outcome.CRASHED, f"The process that ran your code was ended by signal {number}."
    return (
        Outcome.CRASHED,
        f"Your code ended the Python process (exit status {os.WEXITSTATUS(status)}) before it returned. "
        "Does it call exit() or os._exit()?",
    )
