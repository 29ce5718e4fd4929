"""Dask clusters for the tests: a scheduler and Dask workers, real processes that speak TLS."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from grader.batch.keys import Keys
from tests.course_files import ROOT

SETTINGS = {
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_SATURATION": "1.0",
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "5s",
}


class Processes:
    """A scheduler and Dask workers, with the keys that they show."""

    def __init__(self, keys: Keys, folder: Path) -> None:
        self._keys, self._folder = keys, folder
        self._running: list[subprocess.Popen[bytes]] = []
        self.address = ""

    def start_scheduler(self, *, port: int = 0, tls: bool = True) -> subprocess.Popen[bytes]:
        """Start one and wait until it says its address."""
        words = ["distributed.cli.dask_scheduler", "--no-dashboard", "--host", "127.0.0.1", "--port", str(port)]
        process = self._start([*words, "--dashboard-address", "127.0.0.1:0"], tls=tls)
        assert process.stderr is not None
        for line in process.stderr:
            if b"Scheduler at:" in line:
                self.address = line.decode().split()[-1]
                break
        assert self.address, "the scheduler did not start"
        return process

    def drain(self, process: subprocess.Popen[bytes]) -> None:
        """Read on what it says, so that it does not wait for that."""
        stream = process.stderr
        assert stream is not None
        threading.Thread(target=lambda: list(stream), daemon=True).start()

    def start_workers(self, count: int, threads: int = 1) -> subprocess.Popen[bytes]:
        """Start Dask workers, each with its Nanny, in one group of processes: a machine."""
        words = ["distributed.cli.dask_worker", self.address, "--nworkers", str(count)]
        words += ["--nthreads", str(threads)]
        return self._start([*words, "--no-dashboard", "--local-directory", str(self._folder)], tls=True, quiet=True)

    def close(self) -> None:
        """End all that were started, and what they started."""
        for process in self._running:
            try:
                below = psutil.Process(process.pid).children(recursive=True)
            except psutil.NoSuchProcess:
                below = []
            process.kill()
            process.wait()
            for one in below:
                try:
                    one.send_signal(signal.SIGKILL)
                except psutil.NoSuchProcess:
                    continue
            if process.stderr is not None:
                process.stderr.close()

    def _start(self, words: list[str], *, tls: bool, quiet: bool = False) -> subprocess.Popen[bytes]:
        keys = self._keys
        secure = ["--tls-ca-file", keys.authority, "--tls-cert", keys.certificate, "--tls-key", keys.key]
        process = subprocess.Popen(
            [sys.executable, "-m", *words, *([*map(str, secure), "--protocol", "tls"] if tls else [])],
            stderr=subprocess.DEVNULL if quiet else subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            cwd=self._folder,
            env={**os.environ, **SETTINGS, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        )
        self._running.append(process)
        return process


@contextmanager
def processes(keys: Keys, folder: Path) -> Iterator[Processes]:
    """Those, ended at the end."""
    started = Processes(keys, folder)
    try:
        yield started
    finally:
        started.close()
