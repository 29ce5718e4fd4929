"""A conversation of a worker with itself, so that its first real one is not slower than the others."""

from __future__ import annotations

import types
from typing import Any

import torch

from . import observe
from .connection import Connection
from .protocol import HEAD, ROOT, Body, Call, Get, New, Reply, Request, Sync, Vjp, decode_judge, frame, lengths
from .serve import Worker
from .tensors import put

_REHEARSAL = """
import torch
class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 2
    @staticmethod
    def backward(ctx, grad):
        x, = ctx.saved_tensors
        return grad * 2
class Layer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(4, 3))
    def forward(self, x):
        return Double.apply(x @ self.weight).sum()
layer = Layer()
"""


class _Nowhere(Connection):
    """Takes replies and forgets them."""

    def __init__(self) -> None:
        pass

    def send(self, message: Reply, body: Body) -> None:
        frame(message, body)


def rehearse(*, backward: bool) -> None:
    """Go through a conversation with ourselves, so that the first real one is not slower than the others.

    In the zygote this adapts the interpreter's bytecode once for all workers (without a backward pass: autograd begins
    in the worker). In a worker that waits for its submission it touches the memory that will be needed: after a fork
    each page costs a fault, some 1,300 of them or 7 ms until a first backward pass is over.
    """
    module = types.ModuleType("rehearsal")
    exec(compile(_REHEARSAL, "rehearsal", "exec"), module.__dict__)  # noqa: S102
    worker = Worker(_Nowhere())
    worker.tables.set_root(module)
    for step in (Get(ROOT, "layer"), Get(ROOT, "Layer"), Get(ROOT, "missing")):
        worker.serve(decode_judge(_rehearsed(step, Body())), bytearray())
    for number in (1, 2):
        body = Body()
        x = New(number, put(torch.ones(2, 4), body), True, False, False, None)
        request = decode_judge(_rehearsed(Call(worker.tables.handle(module.layer).id, [x], []), body))
        worker.serve(request, bytearray(b"".join(body.parts)))
    observe.rehearse()
    if not backward:
        return
    body = Body()
    gradient = put(torch.ones(()), body)
    result = worker.tables.last_result()
    worker.serve(decode_judge(_rehearsed(Vjp(result, gradient, [2]), body)), bytearray(b"".join(body.parts)))


def _rehearsed(step: Any, body: Body) -> bytes:
    request = Request(1, True, 0, Sync([], []), [], [], step)
    whole = b"".join(frame(request, body))
    header, _ = lengths(whole)
    return whole[HEAD.size : HEAD.size + header]
