"""The workers that one submission gets."""

from __future__ import annotations

import io

from grader.judge.channel import Channel
from grader.judge.client import Client
from grader.judge.feedback import Source
from grader.judge.messages import Job, SuiteSpec
from grader.model import Limits
from grader.sandbox import Used, Worker, Zygote


class Workers:
    """The workers that one submission gets: one for all checks, as long as it is not lost."""

    def __init__(self, zygote: Zygote, spec: SuiteSpec, job: Job, checks: int, timeout_s: float | None) -> None:
        assert job.source is not None
        self._zygote = zygote
        self._spec = spec
        self._job = job
        self._limits: Limits = spec.limits
        self._wall_s = timeout_s if timeout_s is not None else spec.limits.wall_s
        self._cpu_s = max(self._limits.cpu_s, timeout_s or 0.0) * checks
        self._kept: tuple[Worker, Client] | None = None
        self._extra: Worker | None = None
        self._taken: list[Worker] = []
        # As Python counts lines; str.splitlines() would break at a form feed as well.
        self.source = Source(job.file, tuple(io.StringIO(job.source, newline=None).read().split("\n")))
        self.current: Client | None = None
        self.import_problem = ""
        self._importing = False
        self._shielded = False
        self._ran: set[str] = set()

    def take_ran(self) -> set[str]:
        """The forbidden names that were seen at work since this was last asked."""
        ran, self._ran = self._ran, set()
        return ran

    def was_killed(self) -> bool:
        """Whether the worker of the check that just ran was killed by another process, or by itself."""
        lost = self.current.channel.lost if self.current is not None else None
        return lost is not None and lost.killed

    def overwrote(self) -> bool:
        """Whether the check that just ran saw student code change a tensor of the suite."""
        return self.current is not None and self.current.overwrote

    def start_check(self, *, shielded: bool = False) -> None:
        """A check begins: its clock starts when it asks for the submission. See `Client.shielded`."""
        self.current = None
        self._shielded = shielded
        self._importing = False
        self.import_problem = ""

    def client(self, cuda: bool | None) -> Client:
        """A client for the check that runs now; `cuda` gives it a worker of its own that is told so."""
        if cuda is None and self._kept is not None and self._kept[1].channel.lost is None:
            self.current = self._kept[1]
            self.current.channel.start_clock(self._wall_s)
            self.current.shielded = self._shielded
            return self.current
        worker = self._zygote.take()
        self._taken.append(worker)
        channel = Channel(worker, output_kib=self._limits.output_kib, cpu_s=self._cpu_s)
        client = self.current = Client(channel)
        client.shielded = self._shielded
        channel.start_clock(self._wall_s)
        if cuda is None:
            self._kept = (worker, client)
        else:
            self._extra = worker
        self._importing = True
        assert self._job.source is not None
        name = self._job.file.removesuffix(".py").removesuffix(".ipynb")
        client.load(
            self._job.source,
            self._job.file,
            name,
            cuda=cuda,
            limits=self._limits,
            cpu_s=self._cpu_s,
            forbidden=self._spec.looked_for,
            threads=self._job.threads,
        )
        self._importing = False
        return client

    def end_check(self) -> bool:
        """A check has ended. Returns whether that was while importing; then the others need not try."""
        if self.current is not None:
            self._ran |= self.current.take_ran()
        if self._extra is not None:
            self._extra.kill()
            self._extra = None
        if self._importing:
            self.import_problem = "Not run: your file could not be imported."
        return self._importing

    def close(self) -> None:
        """End the workers."""
        for worker in self._taken:
            worker.kill()

    def used(self) -> Used:
        """What the workers have used together, once they are closed; the memory is that of the largest."""
        each = [worker.used() for worker in self._taken]
        return Used(sum(one.cpu_s for one in each), max((one.memory_mib for one in each), default=0.0))
