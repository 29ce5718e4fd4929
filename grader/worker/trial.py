"""Find out which layers hold on this host, by entering them in a process that is thrown away.

Version numbers and configuration files lie about it: a security module may let a call pass and refuse the next.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from . import confine
from .confine import LayerError, Plan


def find_working(plan: Plan, fork: Callable[[Plan], int]) -> tuple[Plan, list[str]]:
    """The plan with the layers that hold here, and "layer: reason" for each that doesn't.

    `fork` forks as for a worker of that plan, and raises OSError where that fails.
    """
    problems = []
    while plan.layers and (problem := _problem(plan, fork)) is not None:
        problems.append(str(problem))
        plan = plan.without(problem.layer)
    return plan, problems


def _problem(plan: Plan, fork: Callable[[Plan], int]) -> LayerError | None:
    read, write = os.pipe()
    try:
        pid = fork(plan)
    except OSError as error:
        os.close(read)
        os.close(write)
        return LayerError(confine.NAMESPACES, error.strerror or str(error))
    if pid == 0:
        text = ""
        try:
            os.setsid()
            confine.enter(plan, "/nowhere")
        except BaseException as error:  # noqa: BLE001
            text = str(error)
        finally:
            os.write(write, text.encode())
            os._exit(0)
    os.close(write)
    with open(read, "rb") as pipe:  # noqa: PTH123
        text = pipe.read().decode()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status < 0:
        return LayerError(confine.SECCOMP, f"a process under it ended by signal {-status}")
    layer, _, reason = text.partition(": ")
    if layer in plan.layers:
        return LayerError(layer, reason)
    # Something that is no layer, and that workers cannot do without.
    return None
