"""A pool whose work is done by Dask workers, as a `concurrent.futures` executor like that of this machine.

Words: a *Dask worker* is a trusted process of a cluster that runs our own `grade`; student code runs in the sandboxed
*workers* below it, as everywhere.

What can go wrong there, and what becomes of it:
 - a Dask worker ends in the middle of a task: the scheduler gives the task to another one. When several have ended with
   it, the future fails with `TakenDownError`, and the others go on;
 - a machine cannot grade at all (other course, no sandbox): its Dask worker is sent away and the task goes elsewhere,
   so that it cannot fail the whole class in no time;
 - the scheduler is gone, or nobody is left to work: all futures fail with `ClusterError`, at once. What was graded is
   stored by then, and the same command goes on.
A result is held by the Dask worker until it is fetched; it is fetched as soon as it exists, and then released.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import platform
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, TypeVar

import msgspec
from distributed import Client, KilledWorker, get_worker

from grader.batch.keys import ClusterError
from grader.batch.task import TakenDownError, engines
from grader.course import CourseError
from grader.engine import EngineError
from grader.text import clean_line

T = TypeVar("T")
_Calls = list[tuple[Future[Any], tuple[Any, ...]]]

# A file is tried on so many machines before it counts as the file's or the class's problem.
_MACHINES = 3
# An engine that nobody has used for so long gives the memory of its judge back to the machine.
_IDLE_S = 120.0
# A task that is not full is sent after so long.
_LINGER_S = 0.01
_LOOK_S = 5.0
_PATIENCE_S = 300.0


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a call: its value, or in one line why there is none. `unfit`: this machine can grade nothing."""

    address: str
    value: Any = None
    fault: str = ""
    unfit: bool = False


class Batch(msgspec.Struct, frozen=True):
    """Calls that travel together. Dask does not look into it, as it does into lists."""

    calls: tuple[tuple[Any, ...], ...]


def at_work(batch: Batch) -> tuple[Outcome, ...]:
    """Make the calls in a Dask worker. Raises nothing: errors go back as text, whatever they are made of.

    There are fewer outcomes than calls when the last of them says that this machine can grade nothing.
    """
    address = get_worker().address
    outcomes = []
    with _rest:
        for function, *args in batch.calls:
            outcome = _call(address, function, args)
            outcomes.append(outcome)
            if outcome.unfit:
                break
    return tuple(outcomes)


def _call(address: str, function: Callable[..., Any], args: list[Any]) -> Outcome:
    try:
        return Outcome(address=address, value=function(*args))
    except (EngineError, CourseError) as error:
        return Outcome(address=address, fault=f"{platform.node()}: {_line(error)}", unfit=True)
    except Exception as error:  # noqa: BLE001  it might be one that the coordinator cannot read
        return Outcome(address=address, fault=f"{platform.node()}: {type(error).__name__}: {_line(error)}")


class _Rest:
    """One call at a time in a process, and the end of its engine when none came for a while."""

    def __init__(self, idle_s: float = _IDLE_S) -> None:
        self._idle_s = idle_s
        self._busy = threading.Lock()
        self._timer: threading.Timer | None = None

    def __enter__(self) -> None:
        self._busy.acquire()
        if self._timer is not None:
            self._timer.cancel()

    def __exit__(self, *exception: object) -> None:
        self._timer = threading.Timer(self._idle_s, self._close)
        self._timer.daemon = True
        self._timer.start()
        self._busy.release()

    def _close(self) -> None:
        if self._busy.acquire(blocking=False):
            try:
                engines.stop()
                engines.open()
            finally:
                self._busy.release()


_rest = _Rest()


class ClusterPool(Executor):
    """`client` must speak to the scheduler; `size` is how many Dask workers there are or will be.

    `chunk` is how many files travel in one task: their results come back together, so more of them are done again when
    something is lost, and the scheduler has less to do for each.
    `elastic`: they come and go, so that none is there is no reason to give up; otherwise it is one after a while.
    `close` is called at the end. `notes` are lines about machines that were sent away; `present` is how many Dask
    workers there were when one last looked.
    """

    def __init__(
        self,
        client: Client,
        *,
        size: int,
        chunk: int = 1,
        elastic: bool = False,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self.size = size
        self.chunk = chunk
        self.present = 0
        self.notes: list[str] = []
        self._client = client
        self._place = clean_line(str(client.scheduler.address), 100)
        self._elastic, self._close = elastic, close
        self._lock = threading.Lock()
        self._open: set[Future[Any]] = set()
        self._gathered: _Calls = []
        self._ended: ClusterError | None = None
        self._sent_away: set[str] = set()
        self._succeeded = False
        self._closed = threading.Event()
        # What has to ask the scheduler and wait for it is done here: callbacks come in the client's own thread.
        self._care = ThreadPoolExecutor(1, thread_name_prefix="grade-care")
        self.watch()

    @property
    def in_flight(self) -> int:
        """How many files keep it busy: each Dask worker has a task at work, and the next is at the scheduler."""
        return 2 * self.size * self.chunk

    def submit(self, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Call `function` on a Dask worker: one that it can import by name, as ours. Raises `ClusterError`."""
        if kwargs:
            raise TypeError("arguments by position only")
        outer: Future[T] = Future()
        with self._lock:
            if self._ended:
                raise self._ended
            self._open.add(outer)
            self._gathered.append((outer, (function, *args)))
            full, first = len(self._gathered) >= self.chunk, len(self._gathered) == 1
        if full:
            self._send()
        elif first:
            loop = self._client.loop
            loop.add_callback(loop.call_later, _LINGER_S, self._send)
        return outer

    def end(self, why: str) -> None:
        """Give up: every future, now and later, fails with this line."""
        with self._lock:
            if self._ended is None:
                self._ended = ClusterError(why)
            waiting, self._open = self._open, set()
        for outer in waiting:
            _settle(outer, error=self._ended)

    def watch(self, *, look_s: float = _LOOK_S, patience_s: float = _PATIENCE_S) -> None:
        """Count the Dask workers every `look_s`, and give up when there has been none for `patience_s`."""
        threading.Thread(target=self._watch, args=(look_s, patience_s), name="grade-watch", daemon=True).start()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster; what waits there is cancelled. Returns soon, whether or not the scheduler answers."""
        if self._closed.is_set():
            return
        self._closed.set()
        self.end("the pool is closed")
        self._care.shutdown(wait=False, cancel_futures=True)
        with contextlib.suppress(Exception):
            self._client.close(timeout=2)
        self._close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        self.shutdown()
        return None

    def _send(self) -> None:
        """Send what has been gathered."""
        with self._lock:
            calls, self._gathered = self._gathered, []
        if calls:
            self._launch(calls, 1)

    def _launch(self, calls: _Calls, machine: int) -> None:
        batch = Batch(tuple(call for _, call in calls))
        future = self._client.submit(at_work, batch, pure=False)
        # Not Client.get_executor(): its futures never end when the scheduler goes while one is being fetched.
        self._client.loop.add_callback(self._fetch, calls, machine, future)
        # What is sent while the connection is lost is not cancelled with the rest.
        if self._client.status != "running":
            self._lost()

    async def _fetch(self, calls: _Calls, machine: int, future: Any) -> None:
        """Wait for outcomes and hand them on. Runs in the client's own thread and must not block."""
        try:
            outcomes = await future.result()
        except (OSError, asyncio.CancelledError, concurrent.futures.CancelledError):
            self._lost()
        except Exception as error:  # noqa: BLE001  whatever it is, someone waits for it
            self._fail(calls, machine, error)
        else:
            self._land(calls, machine, outcomes)

    def _land(self, calls: _Calls, machine: int, outcomes: tuple[Outcome, ...]) -> None:
        for number, ((outer, _), outcome) in enumerate(zip(calls, outcomes, strict=False)):
            if outcome.unfit:
                with contextlib.suppress(RuntimeError):  # closed meanwhile
                    self._care.submit(self._elsewhere, calls[number:], machine, outcome)
            elif outcome.fault:
                self._settle(outer, error=RuntimeError(outcome.fault))
            else:
                self._succeeded = True
                self._settle(outer, outcome.value)

    def _fail(self, calls: _Calls, machine: int, error: BaseException) -> None:
        if isinstance(error, KilledWorker) and len(calls) > 1:
            for call in calls:  # one of them did it
                self._launch([call], machine)
        elif isinstance(error, KilledWorker):
            tries = error.allowed_failures + 1
            self._refuse(calls, TakenDownError(f"{tries} Dask workers ended while they graded it"))
        elif isinstance(error, ImportError) or "deserializ" in str(error):
            cause = error.__cause__ or error
            self.end(f"a Dask worker of {self._place} does not have the grader that runs here: {_line(cause)}")
        else:
            self._refuse(calls, RuntimeError(f"{type(error).__name__}: {_line(error)}"))

    def _elsewhere(self, calls: _Calls, machine: int, outcome: Outcome) -> None:
        """Send a Dask worker away that cannot grade, and try the files on another."""
        if outcome.address not in self._sent_away:
            self._sent_away.add(outcome.address)
            self.notes.append(outcome.fault)
            with contextlib.suppress(Exception):
                self._client.retire_workers([outcome.address], close_workers=True)
        try:
            left = self._count()
        except (Exception, asyncio.CancelledError):  # noqa: BLE001
            self._lost()
            return
        unfit = not self._succeeded and len(self._sent_away) >= max(self.size, self.present)
        if unfit or (not left and not self._elastic):
            self.end(outcome.fault)
        elif machine >= _MACHINES:
            self._refuse(calls, RuntimeError(outcome.fault))
        elif not self._closed.is_set():
            self._launch(calls, machine + 1)

    def _lost(self) -> None:
        self.end(f"the scheduler {self._place} is gone; what was graded is stored: run the same command to go on")

    def _watch(self, look_s: float, patience_s: float) -> None:
        seen_at = time.monotonic()
        while not self._closed.wait(look_s):
            try:
                self.present = self._count()
            except (Exception, asyncio.CancelledError):  # noqa: BLE001, S112  the futures know what it means
                continue
            now = time.monotonic()
            if self.present or self._elastic:
                seen_at = now
            elif now - seen_at > patience_s:
                self.end(
                    f"the scheduler {self._place} has had no Dask worker for {patience_s:.0f} s; what was graded "
                    "is stored: start some and run the same command to go on"
                )

    def _count(self) -> int:
        return len(self._client.scheduler_info()["workers"])

    def _refuse(self, calls: _Calls, error: Exception) -> None:
        for outer, _ in calls:
            self._settle(outer, error=error)

    def _settle(self, outer: Future[Any], value: Any = None, error: Exception | None = None) -> None:
        with self._lock:
            if outer not in self._open:  # everything has ended meanwhile
                return
            self._open.discard(outer)
        _settle(outer, value, error)


def _settle(outer: Future[Any], value: Any = None, error: Exception | None = None) -> None:
    if not outer.set_running_or_notify_cancel():
        return
    if error is not None:
        outer.set_exception(error)
    else:
        outer.set_result(value)


def _line(error: BaseException) -> str:
    return clean_line(str(error) or type(error).__name__, 400)
