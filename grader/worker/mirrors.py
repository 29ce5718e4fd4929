"""Twins of tensors: which tensor here is which over there, and what changed since the other side was told.

Both sides keep one table. Changes are found by comparing contents: a version counter would not do, because
gradcheck perturbs its inputs through `.data`, which does not count. A tensor stays in the judge's table until
nothing but the table owns it or its memory; the worker forgets it when the judge says so.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import torch

from .protocol import Body, Known, New, ProtocolError, TensorData, TensorState
from .tensors import LARGE, PLAIN, contents, put, raw, take


def _grad(t: torch.Tensor) -> torch.Tensor | None:
    # Reading .grad of a tensor with history warns, and it has none of its own.
    return t.grad if t.is_leaf else None


class _Memory:
    """The contents of a tensor as they were last looked at.

    Small tensors are compared through a numpy view of their memory, which is several times cheaper than asking torch
    for it each time. The view keeps that memory alive, so its address cannot come to mean something else.
    """

    __slots__ = ("address", "dtype", "known", "shape", "stride", "view")

    def __init__(self, t: torch.Tensor) -> None:
        self.look(t)

    def look(self, t: torch.Tensor) -> None:
        """Take the present contents as known."""
        self.shape, self.stride, self.dtype = t.shape, t.stride(), t.dtype
        self.address, self.view = 0, None
        self.known: bytes | torch.Tensor
        if t.is_meta:
            self.known = b""
        elif t.numel() * t.element_size() >= LARGE:
            self.known = raw(t).clone(memory_format=torch.contiguous_format)
        else:
            try:
                self.view = t.detach().numpy()
            except (TypeError, RuntimeError):  # a dtype, layout or device that numpy does not have
                self.known = contents(t)
            else:
                self.address = t.data_ptr()
                self.known = self.view.tobytes()

    def same(self, t: torch.Tensor) -> bool:
        """Whether `t` has the shape, dtype and contents that are known, bit for bit."""
        if t.dtype is not self.dtype or t.shape != self.shape:
            return False
        if self.view is not None and t.data_ptr() == self.address and t.stride() == self.stride:
            return bool(self.view.tobytes() == self.known)
        if isinstance(self.known, bytes):
            return contents(t) == self.known
        now = raw(t)
        # Bits, not numbers: a NaN is the same as itself here and -0.0 is not 0.0. (16 bytes wide: complex only.)
        width = PLAIN[now.element_size()]
        if width.is_complex:
            now, known = torch.view_as_real(now), torch.view_as_real(self.known)
            return torch.equal(now.view(torch.int64), known.view(torch.int64))
        return torch.equal(now.view(width), self.known.view(width))

    def put(self, t: torch.Tensor, body: Body) -> TensorData:
        """Append the known contents to a body."""
        return put(t, body, self.known if isinstance(self.known, bytes) else None)


class Mirror:
    """A tensor with its id and what the other side knows about it."""

    __slots__ = ("grad", "grad_of", "id", "memory", "requires_grad", "tensor")

    def __init__(self, id: int, tensor: torch.Tensor) -> None:
        self.id = id
        self.tensor = tensor
        # The worker's twin of a tensor with history is the copy of a hidden leaf; gradients go to that leaf.
        self.grad_of = tensor
        self.remember()

    def remember(self) -> None:
        """Take the present state as known to the other side."""
        self.memory = _Memory(self.tensor)
        self.requires_grad = self.tensor.requires_grad
        grad = _grad(self.tensor)
        self.grad = None if grad is None else _Memory(grad)

    def change(self, body: Body) -> TensorState | None:
        """What the other side does not know; it is taken as known from now on."""
        t, grad = self.tensor, _grad(self.tensor)
        same = self.memory.same(t)
        known = self.grad
        same_grad = known.same(grad) if known is not None and grad is not None else known is None and grad is None
        if same and same_grad and t.requires_grad == self.requires_grad:
            return None
        data = None
        if not same:
            self.memory.look(t)
            data = self.memory.put(t, body)
        grad_data: TensorData | bool | None = False
        if not same_grad:
            self.grad = None if grad is None else _Memory(grad)
            grad_data = None if grad is None or self.grad is None else self.grad.put(grad, body)
        self.requires_grad = t.requires_grad
        return TensorState(self.id, data, grad_data, t.requires_grad)

    def unowned(self) -> bool:
        """Whether nothing but the table owns the tensor and its memory."""
        uses: int = self.tensor._use_count()  # type: ignore[attr-defined]
        if self._references() > _ALONE or uses > 1:
            return False
        # A view of it may live on without it: `layer.buffer[0]` still writes to the buffer.
        return self._owners_of_memory() <= _ALONE_IN_MEMORY

    def _references(self) -> int:
        return sys.getrefcount(self.tensor)

    def _owners_of_memory(self) -> int:
        mine = 0 if self.memory.view is None else 1
        return torch._C._storage_Use_Count(self.tensor.untyped_storage()._cdata) - mine


# What those two say about a tensor that nothing but its entry holds; it depends on the versions of Python and torch.
_alone = Mirror(0, torch.empty(1))
_ALONE, _ALONE_IN_MEMORY = _alone._references(), _alone._owners_of_memory()
del _alone

# Tables are searched for tensors that nobody owns when they have grown by this much.
SWEEP = 32


class Mirrors:
    """The table of one side."""

    def __init__(self) -> None:
        self._by_id: dict[int, Mirror] = {}
        self._by_object: dict[int, Mirror] = {}
        self._sweep_at = SWEEP

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Mirror]:
        return iter(self._by_id.values())

    def of(self, tensor: torch.Tensor) -> Mirror | None:
        """The entry of a tensor object."""
        return self._by_object.get(id(tensor))

    def get(self, id: int) -> Mirror:
        """The entry with an id; raises `ProtocolError`."""
        try:
            return self._by_id[id]
        except KeyError:
            raise ProtocolError("a tensor has an unknown id") from None

    def add(self, id: int, tensor: torch.Tensor) -> Mirror:
        """Enter a tensor whose state the other side knows, or is about to learn."""
        if id in self._by_id:
            raise ProtocolError("a tensor has an id that is taken")
        mirror = Mirror(id, tensor)
        self._by_id[id] = mirror
        self._by_object[id_of(tensor)] = mirror
        return mirror

    def remove(self, id: int) -> None:
        """Forget a tensor."""
        mirror = self._by_id.pop(id, None)
        if mirror is not None:
            self._by_object.pop(id_of(mirror.tensor), None)

    def take_unowned(self) -> list[int]:
        """Remove the tensors that nothing but this table owns any more, and return their ids.

        Looks only when the table has grown, so that a request costs the same however many tensors there are.
        """
        if len(self._by_id) < self._sweep_at:
            return []
        gone = [id for id, mirror in self._by_id.items() if mirror.unowned()]
        for id in gone:
            self.remove(id)
        self._sweep_at = 2 * len(self._by_id) + SWEEP
        return gone

    def describe(self, mirror: Mirror, body: Body, *, history: bool) -> New:
        """The message that makes the other side's twin."""
        t = mirror.tensor
        grad = _grad(t)
        return New(
            mirror.id,
            mirror.memory.put(t, body),
            t.requires_grad,
            isinstance(t, torch.nn.Parameter),
            history,
            None if grad is None else put(grad, body),
        )

    def changes(self, body: Body) -> list[TensorState]:
        """What the other side does not know yet; it is taken as known from now on."""
        states = [mirror.change(body) for mirror in self._by_id.values()]
        return [state for state in states if state is not None]

    def apply(self, states: list[TensorState], body: bytearray) -> None:
        """Do here what changed there."""
        for state in states:
            mirror = self.get(state.id)
            if state.data is not None:
                _overwrite(mirror.tensor, take(state.data, body))
            if mirror.tensor.is_leaf and mirror.tensor.requires_grad != state.requires_grad:
                mirror.tensor.requires_grad_(state.requires_grad)
            if not isinstance(state.grad, bool):
                _set_grad(mirror.tensor, None if state.grad is None else take(state.grad, body))
            mirror.remember()


def id_of(tensor: torch.Tensor) -> int:
    """The identity of a tensor object."""
    return id(tensor)


def make(new: New, body: bytearray) -> torch.Tensor:
    """The leaf that a `New` describes."""
    t = take(new.data, body)
    if new.parameter:
        t = torch.nn.Parameter(t, requires_grad=new.requires_grad)
    elif new.requires_grad:
        if not (t.is_floating_point() or t.is_complex()):
            raise ProtocolError("a tensor of integers requires a gradient")
        t.requires_grad_()
    if new.grad is not None:
        _set_grad(t, take(new.grad, body))
    return t


def reference(
    mirrors: Mirrors, tensor: torch.Tensor, body: Body, next_id: Callable[[], int], *, history: bool = False
) -> Known | New:
    """How to name a tensor to the other side, which is told about it if it does not know it yet."""
    mirror = mirrors.of(tensor)
    if mirror is not None:
        return Known(mirror.id)
    return mirrors.describe(mirrors.add(next_id(), tensor), body, history=history)


def _overwrite(t: torch.Tensor, new: torch.Tensor) -> None:
    # Through .data: autograd on this side must not count it, the side that computed has done so.
    if t.shape == new.shape and t.dtype == new.dtype and t.device == new.device:
        if not t.is_meta:
            t.data.copy_(new)
    else:
        t.data = new


def _set_grad(t: torch.Tensor, grad: torch.Tensor | None) -> None:
    if grad is None:
        t.grad = None
        return
    old = t.grad
    if old is not None and old.shape == grad.shape and old.dtype == grad.dtype and old.device == grad.device:
        _overwrite(old, grad)
        return
    if grad.shape != t.shape or grad.dtype != t.dtype:
        raise ProtocolError("a gradient does not fit its tensor")
    t.grad = grad
