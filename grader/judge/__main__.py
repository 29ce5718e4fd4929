"""A judge process: `python -m grader.judge`, started by the engine, with orders on stdin and events on stdout."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import tempfile
from collections.abc import Iterator

from grader.judge import messages
from grader.sandbox import SandboxError, Zygote, remove_folder
from grader.worker import confine, limits

MEMORY_MIB = 4096


def limit_memory() -> None:
    """Make a tensor fail that a submission makes the suite compute, before it takes the memory of the host.

    Not with CUDA, which maps more than any limit allows.
    """
    import torch

    if not torch.cuda.is_available():
        limits.limit_memory(MEMORY_MIB)


def main() -> None:
    """Serve one engine until it hangs up."""
    orders = os.fdopen(os.dup(0), "rb")
    events = os.fdopen(os.dup(1), "wb")
    # A suite that prints, prints to the log; it cannot disturb the conversation.
    os.dup2(2, 1)
    devnull = os.open(os.devnull, os.O_RDONLY)
    os.dup2(devnull, 0)
    os.close(devnull)
    setup = messages.read_order(orders)
    if not isinstance(setup, messages.Setup):
        return
    signal.signal(signal.SIGTERM, _end)
    confine.die_with(setup.parent, by=signal.SIGTERM)
    confine.hide_memory()
    if setup.scratch:
        tempfile.tempdir = setup.scratch
    memory_mib = max((suite.limits.memory_mib for suite in setup.suites), default=64)
    disk_mib = max((suite.limits.file_mib for suite in setup.suites), default=64)
    zygote = Zygote(alone=True, without=setup.without, memory_mib=memory_mib, disk_mib=disk_mib)
    try:
        zygote.start()
        import pytest  # noqa: F401  takes a tenth of a second: then one can see whether the zygote has started

        zygote.look()
        # Torch is imported only now: the zygote loads it at the same time, on another core.
        from grader.judge import session

        def jobs() -> Iterator[messages.Job]:
            gc.collect()
            limit_memory()
            gc.freeze()  # torch, pytest and the suites stay; collections look at a submission's objects only
            while isinstance(job := messages.read_order(orders), messages.Job):
                yield job

        session.run(setup, zygote, jobs(), lambda event: messages.write(events, event))
    except SandboxError as error:
        messages.write(events, messages.Failed(text=str(error)))
    except (BrokenPipeError, KeyboardInterrupt):
        return  # the engine is gone, or wants us to be
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with contextlib.suppress(OSError):
            zygote.close()
        if setup.scratch:
            remove_folder(setup.scratch)


def _end(*_: object) -> None:
    """End tidily, or by force if that takes longer than five seconds."""
    if hasattr(signal, "alarm"):
        signal.alarm(5)
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
    # Torch's own shutdown takes a tenth of a second and there is nothing left to write.
    sys.stderr.flush()
    os._exit(0)
