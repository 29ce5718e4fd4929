"""Two workers at the same time: what one takes, the other still has."""

from __future__ import annotations

import pytest

from grader.sandbox import bubblewrap
from tests.judge import remote

pytestmark = pytest.mark.skipif(bool(bubblewrap.why_not()), reason=f"bubblewrap: {bubblewrap.why_not()}")

SOURCE = """
import threading

threading.stack_size(1 << 16)
gate = threading.Event()


def start(wanted):
    for number in range(wanted):
        try:
            threading.Thread(target=gate.wait, daemon=True).start()
        except RuntimeError:
            return number
    return wanted
"""


def test_a_worker_that_starts_all_threads_it_may_leaves_the_other_its_own() -> None:
    with remote.zygote() as running, remote.clients(running) as load:
        one, other = load(SOURCE), load(SOURCE)
        most = one.root.start(1000)
        assert 30 < most < 100
        assert other.root.start(1000) == most
