"""The part of an autograd graph that lies in a worker, as one node of the judge's graph."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from grader.judge.errors import UnsupportedError

if TYPE_CHECKING:
    from grader.judge.client import Client


class Token:
    """Belongs to the graph of one result; when the graph is gone, the worker may forget its own."""

    def __init__(self, client: Client, id: int) -> None:
        self.client = client
        self.id = id
        self._tensor: Callable[[], torch.Tensor | None] = lambda: None

    def remember(self, tensor: torch.Tensor) -> None:
        self._tensor = weakref.ref(tensor)

    def tensor(self) -> torch.Tensor | None:
        return self._tensor()

    def __del__(self) -> None:
        self.client.release(self.id)


class Remote(torch.autograd.Function):
    """The node that stands for the worker's part of a graph."""

    @staticmethod
    def forward(ctx: Any, token: Token, data: Callable[[], torch.Tensor], *leaves: torch.Tensor) -> torch.Tensor:
        ctx.token = token
        ctx.leaves = leaves
        # Saved for one purpose: torch then refuses a second backward pass, as it does for any graph.
        ctx.save_for_backward(torch.empty(0))
        return data()

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        if torch.is_grad_enabled():
            raise UnsupportedError("create_graph=True: gradients of gradients do not cross the wire")
        _ = ctx.saved_tensors
        needed = [leaf for leaf, need in zip(ctx.leaves, ctx.needs_input_grad[2:], strict=True) if need]
        products = iter(ctx.token.client.products(ctx.token.id, gradient, needed))
        return (None, None, *(next(products) if need else None for need in ctx.needs_input_grad[2:]))
