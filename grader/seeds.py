"""Seeds of one run: every check has its own, and the worker's tells nothing about the judge's.

The run's seed is drawn fresh for each run, so that outputs remembered from an earlier run's inputs are worth
nothing; it is recorded, and the same seed repeats a run exactly. Seeds of checks are hashes of it: a worker
that learns its own seed cannot compute the one that the hidden inputs are drawn from.
"""

from __future__ import annotations

import hashlib
import secrets

RUN_SEED_BITS = 53  # the largest that a JSON reader with double precision keeps exact


def fresh() -> int:
    """A new run seed from the operating system's randomness."""
    return secrets.randbits(RUN_SEED_BITS)


def judge_seed(run: int, slug: str, check: str) -> int:
    """The seed (63 bits) of the hidden inputs of a check."""
    return _derived("judge", run, slug, check)


def worker_seed(run: int, slug: str, check: str) -> int:
    """The seed (63 bits) of the student's own random numbers during a check."""
    return _derived("worker", run, slug, check)


def seed_everything(seed: int) -> None:
    """Seed torch, numpy and random with a 63-bit seed."""
    import random

    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed & 0xFFFFFFFF)
    # Not torch.manual_seed: it formats a stack trace for devices that are not in use, 0.2 ms each time.
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.manual_seed_all(seed)


def _derived(purpose: str, run: int, slug: str, check: str) -> int:
    text = "\0".join((purpose, str(run), slug, check)).encode("utf-8", "backslashreplace")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 1
