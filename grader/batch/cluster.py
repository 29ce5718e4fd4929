"""Grading on more machines than this one: a Dask cluster that runs already, or one that is started as batch jobs.

`connect` and `start` give a pool, like `LocalPool`: `with connect(...) as pool: run(..., in_flight=pool.in_flight)`.
Both need the extra `cluster`; this module can be imported without it.
"""

from __future__ import annotations

import importlib.util
import logging
import ssl
import time
from typing import TYPE_CHECKING, Any

import msgspec

from grader.batch.jobs import Jobs
from grader.batch.keys import ClusterError, Keys, find_keys
from grader.engine import Options
from grader.model import Level
from grader.text import clean_line

if TYPE_CHECKING:
    from distributed import Client

    from grader.batch.distant import ClusterPool

__all__ = ["ClusterError", "Jobs", "Keys", "connect", "find_keys", "isolated", "start", "with_scheme"]

_SCHEME = "tls://"
_SETTLE_S = 0.5


def isolated(options: Options, required: Level | None = None) -> Options:
    """`options` for a cluster: every machine must have the full sandbox, unless a person asks for less by `required`.

    Student code that reaches a scheduler or reads its key owns the grades of the class, so less is never silent.
    """
    return msgspec.structs.replace(options, required=required or Level.SANDBOX)


def connect(
    address: str, keys: Keys | None = None, *, width: int | None = None, chunk: int = 1, timeout_s: float = 15.0
) -> ClusterPool:
    """A pool of the Dask workers of the scheduler at `address`, such as `tls://head:8786`.

    `keys` are those of `find_keys()`, which looks into Dask's configuration. `width` is how many Dask workers to count
    on, where they come and go; by default as many as there are now. Raises `ClusterError`, one line, for anything
    that makes the cluster unusable: no encryption, nobody there, other software.
    """
    _need_extra()
    address, shown = with_scheme(address), clean_line(address, 200)
    client = _client(address, keys or find_keys(), shown, timeout_s)
    try:
        size = _look(client, shown, width, timeout_s)
    except BaseException:
        client.close(timeout=1)
        raise
    from grader.batch.distant import ClusterPool

    return ClusterPool(client, size=width or size, chunk=chunk, elastic=width is not None)


def with_scheme(address: str) -> str:
    """The address of a scheduler as Dask wants it. Raises `ClusterError` for one without encryption."""
    if "://" not in address:
        return _SCHEME + address
    if not address.startswith(_SCHEME):
        raise ClusterError(
            f"{clean_line(address, 200)}: without encryption everyone who reaches a scheduler can run code on it, and "
            "so owns the grades; start it with TLS and say tls://HOST:PORT (docs/cluster.md)"
        )
    return address


def start(jobs: Jobs) -> ClusterPool:
    """A pool of Dask workers that run as batch jobs: Slurm, HTCondor or PBS. They end with the pool, or with us.

    Returns as soon as the first job is accepted; jobs may wait in their queue for long. Raises `ClusterError`.
    """
    _need_extra()
    from grader.batch.jobs import start as start_jobs

    return start_jobs(jobs)


def _need_extra() -> None:
    for module in ("distributed", "dask_jobqueue", "cryptography"):
        if importlib.util.find_spec(module) is None:
            raise ClusterError(f"a cluster needs the package {module}; run: pip install 'grader[cluster]'")
    # What Dask has to say about lost connections is said in our own line.
    import distributed  # noqa: F401  sets up its loggers

    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _client(address: str, keys: Keys, shown: str, timeout_s: float) -> Client:
    from distributed import Client

    try:
        return Client(
            address,
            security=keys.security(),
            timeout=timeout_s,
            set_as_default=False,
            name="grade",
        )
    except ssl.SSLError as error:
        raise ClusterError(f"the certificate and key cannot be used: {clean_line(str(error), 200)}") from error
    except (OSError, TimeoutError, ValueError) as error:
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        why = clean_line(str(cause), 200) or "it does not answer"
        raise ClusterError(
            f"no scheduler for us at {shown}: {why}; is it started, with TLS, and with the same certificate authority?"
        ) from error


def _look(client: Client, shown: str, width: int | None, timeout_s: float) -> int:
    """How many Dask workers there are. Raises `ClusterError` when they cannot do this work."""
    try:
        client.wait_for_workers(1, timeout=timeout_s)
    except TimeoutError as error:
        if width is None:
            raise ClusterError(
                f"the scheduler {shown} has no Dask workers; start some, or say with --width how many will come"
            ) from error
        return 0
    workers: dict[str, Any] = {}
    while len(found := client.scheduler_info()["workers"]) > len(workers):  # they may be just coming
        workers = found
        time.sleep(_SETTLE_S)
    for address, one in workers.items():
        if one["nthreads"] != 1:
            raise ClusterError(
                f"the Dask worker {clean_line(address, 100)} has {one['nthreads']} threads: one file that ends it "
                "would take others with it; start them with --nthreads 1, one for each core"
            )
    return len(workers)
