"""Values in and out of a worker: what the judge sent becomes objects, and objects become what may cross."""

from __future__ import annotations

import pickle
from typing import Any

import torch

from .errors import plain
from .protocol import (
    MAX_DEPTH,
    Big,
    Body,
    Bytes,
    FunctionValue,
    Held,
    Known,
    MappingValue,
    ModuleValue,
    New,
    OpaqueValue,
    Pickled,
    Same,
    SequenceValue,
    TorchName,
)
from .standins import Opaque, suite_function
from .tables import Tables
from .tensors import UnsupportedTensorError


class Incoming:
    """Turns what the judge sent into objects here, and tells which lists and dicts changed since."""

    def __init__(self, tables: Tables, body: bytearray) -> None:
        self._tables = tables
        self._body = body
        self._containers: dict[int, tuple[Any, Any]] = {}
        self.indices: dict[int, int] = {}

    def value(self, value: Any) -> Any:
        """The object for a `JudgeValue`."""
        match value:
            case None | bool() | int() | float() | str():
                return value
            case Known() | New():
                return self._tables.tensor(value, self._body)
            case Held(id):
                return self._tables.object(id)
            case SequenceValue(kind, items, index):
                filled = [self.value(item) for item in items]
                match kind:
                    case "list":
                        return self._note(index, filled, list(filled))
                    case "size":
                        return torch.Size(filled)
                    case "generator":
                        return (item for item in filled)
                return tuple(filled)
            case MappingValue(pairs, index):
                mapping = {self.value(key): self.value(item) for key, item in pairs}
                return self._note(index, mapping, dict(mapping))
            case Same(index):
                return self._containers[index][0]
            case Big(text):
                return int(text, 16)
            case Bytes(data):
                return data
            case TorchName(kind, text):
                return torch.device(text) if kind == "device" else getattr(torch, text.removeprefix("torch."))
            case FunctionValue(id, name):
                known = self._tables.theirs(id)
                return known or self._tables.enter(id, suite_function(self._tables.call_back, id, name))
            case OpaqueValue(id, name):
                known = self._tables.theirs(id)
                return known or self._tables.enter(id, Opaque(name))
            case ModuleValue():
                return self._tables.rebuild(value, self._body)
            case Pickled(data):
                return pickle.loads(data)  # noqa: S301  the judge is trusted here
        raise UnsupportedTensorError(f"unknown value {type(value).__name__}")

    def _note(self, index: int, container: Any, before: Any) -> Any:
        if index:
            self._containers[index] = (container, before)
            self.indices[id(container)] = index
        return container

    def changed(self, outgoing: Outgoing) -> list[tuple[int, Any]]:
        """The containers whose own items were replaced, added or removed."""
        changes = []
        for index, (container, before) in self._containers.items():
            if not _same_items(container, before):
                changes.append((index, outgoing.items(container)))
        return changes


def _same_items(now: Any, before: Any) -> bool:
    if len(now) != len(before):
        return False
    if isinstance(now, list):
        return all(a is b for a, b in zip(now, before, strict=True))
    return all(a is c and b is d for (a, b), (c, d) in zip(now.items(), before.items(), strict=True))


class Outgoing:
    """Turns objects here into what crosses to the judge."""

    def __init__(self, tables: Tables, out: Body, incoming: Incoming | None) -> None:
        self._tables = tables
        self._out = out
        self._indices = {} if incoming is None else incoming.indices

    def value(self, value: Any, depth: int = 0) -> Any:
        """The `Value` for an object; raises ValueError when it cannot cross."""
        # Exact types only: a subclass of int or list may lie about itself, and stays here as an object.
        kind = type(value)
        if value is None or kind is bool or kind is float:
            return value
        if kind is int:
            return value if -(1 << 63) <= value < 1 << 63 else _big(value)
        if kind is str:
            return plain(value)
        if isinstance(value, torch.Tensor):
            return self._tables.tensor_value(value, self._out)
        if kind in _CONTAINERS:
            index = self._indices.get(id(value))
            return Same(index) if index is not None else self.items(value, depth)
        if kind is bytes:
            return Bytes(value)
        if kind in (torch.dtype, torch.device, torch.layout, torch.memory_format):
            return TorchName(kind.__name__, str(value))
        return self._tables.handle(value)

    def items(self, value: Any, depth: int = 0) -> Any:
        """The `Value` for a list, tuple or dict, item by item."""
        if depth >= MAX_DEPTH:
            raise ValueError("a list, tuple or dict is nested too deeply, or contains itself")
        if type(value) is dict:
            return MappingValue([(self.value(k, depth + 1), self.value(v, depth + 1)) for k, v in value.items()])
        return SequenceValue(_CONTAINERS[type(value)], [self.value(item, depth + 1) for item in value])


_CONTAINERS: dict[type, str] = {list: "list", tuple: "tuple", torch.Size: "size", dict: "dict"}


def _big(value: int) -> Big:
    if value.bit_length() > 4096:
        raise ValueError("an int of more than 4096 bits cannot be handed over")
    return Big(hex(value))
