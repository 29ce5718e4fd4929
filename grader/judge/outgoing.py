"""The judge's objects, as what crosses to a worker. Code and values of a suite never do."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator
from types import BuiltinFunctionType, FunctionType
from typing import TYPE_CHECKING, Any

import torch

from grader.judge.errors import UnsupportedError
from grader.judge.proxy import held, is_proxy
from grader.worker.protocol import (
    MAX_DEPTH,
    Big,
    Body,
    Bytes,
    FunctionValue,
    Held,
    MappingValue,
    ModuleValue,
    OpaqueValue,
    Pickled,
    Same,
    SequenceValue,
    TorchName,
)

if TYPE_CHECKING:
    from grader.judge.client import Client

MAX_GENERATED = 100_000


class Outgoing:
    """Turns the judge's objects into what crosses to the worker."""

    def __init__(self, client: Client, body: Body) -> None:
        self._client = client
        self.body = body
        self.containers: dict[int, Any] = {}
        self._indices: dict[int, int] = {}

    def value(self, value: Any, depth: int = 0) -> Any:
        kind = type(value)
        if value is None or kind in (bool, float):
            return value
        if kind is str:
            return value
        if kind is int:
            return value if -(1 << 63) <= value < 1 << 63 else Big(hex(value))
        if is_proxy(value):
            return held(value)
        if isinstance(value, torch.Tensor):
            return self._client.name_tensor(value, self.body)
        if kind in (list, tuple, torch.Size, dict):
            return self._container(value, depth)
        if kind is bytes:
            return Bytes(value)
        if kind in (torch.dtype, torch.device, torch.layout, torch.memory_format):
            return TorchName(kind.__name__, str(value))
        known = self._client.our_id(value)
        if known is not None:
            return Held(known)
        if isinstance(value, torch.nn.Module):
            return self._module(value, depth)
        if hasattr(kind, "__next__"):
            return SequenceValue("generator", [self.value(item, depth + 1) for item in _bounded(value)])
        return self._other(value)

    def _container(self, value: Any, depth: int) -> Any:
        if depth >= MAX_DEPTH:
            raise UnsupportedError("a list, tuple or dict is nested too deeply, or contains itself")
        if isinstance(value, tuple):
            kind = "size" if type(value) is torch.Size else "tuple"
            return SequenceValue(kind, [self.value(item, depth + 1) for item in value])
        if id(value) in self._indices:
            return Same(self._indices[id(value)])
        index = len(self.containers) + 1
        self.containers[index] = value
        self._indices[id(value)] = index
        if type(value) is dict:
            pairs = [(self.value(k, depth + 1), self.value(v, depth + 1)) for k, v in value.items()]
            return MappingValue(pairs, index)
        return SequenceValue("list", [self.value(item, depth + 1) for item in value], index)

    def _module(self, module: torch.nn.Module, depth: int) -> Any:
        if depth >= MAX_DEPTH:
            raise UnsupportedError("a module is nested too deeply, or contains itself")
        data, name = _module_attributes(module), type(module).__name__
        number = self._client.enter(module)
        twin = self._client.enter_module(number, module)
        parameters, buffers = twin.name_tensors(lambda t: self._client.name_tensor(t, self.body))
        modules = [
            (child_name, None if child is None else self.value(child, depth + 1))
            for child_name, child in module._modules.items()
        ]
        return ModuleValue(number, data, name, module.training, parameters, buffers, modules)

    def _other(self, value: Any) -> Any:
        if _is_public(value):
            return Pickled(pickle.dumps(value))
        if callable(value):
            name = getattr(value, "__name__", type(value).__name__)
            return FunctionValue(self._client.enter(value), str(name))
        data = _pickle_plainly(value)
        if data is not None:
            return Pickled(data)
        return OpaqueValue(self._client.enter(value), type(value).__name__)


# Packages that a worker has too. What a suite defines itself is never among them.
_PUBLIC = {"torch", "builtins", "math", "operator", "numpy", "functools", "itertools", "collections"}


def _is_public(value: Any) -> bool:
    """Whether a function or class is an installed package's own, so that its name is enough."""
    if not isinstance(value, (type, FunctionType, BuiltinFunctionType)):
        return False
    module = getattr(value, "__module__", None) or ""
    if module.partition(".")[0] not in _PUBLIC:
        return False
    try:
        pickle.dumps(value)
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    return True


class _PlainPickler(pickle.Pickler):
    """Pickles objects whose classes a worker has; refuses tensors, proxies and whatever a suite defines."""

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, torch.Tensor) or is_proxy(value):
            raise pickle.PicklingError
        if isinstance(value, (type, FunctionType, BuiltinFunctionType)):
            if not _is_public(value):
                raise pickle.PicklingError
        elif type(value).__module__.partition(".")[0] not in _PUBLIC:
            raise pickle.PicklingError
        return NotImplemented


def _pickle_plainly(value: Any) -> bytes | None:
    if is_proxy(value) or isinstance(value, torch.Tensor):
        return None
    stream = io.BytesIO()
    try:
        _PlainPickler(stream).dump(value)
    except (pickle.PicklingError, TypeError, AttributeError, RecursionError):
        return None
    return stream.getvalue()


def _module_attributes(module: torch.nn.Module) -> bytes:
    """A pickle of the class and the plain attributes of a torch module; empty when a suite defines its class."""
    if type(module).__module__.partition(".")[0] != "torch":
        return b""
    tables = {"_parameters", "_buffers", "_modules"}
    attributes = {name: {} if name in tables else value for name, value in module.__dict__.items()}
    if any(attributes.get(name) for name in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks")):
        raise UnsupportedError("a module with hooks cannot be handed to a submission")
    data = _pickle_plainly((type(module), attributes))
    if data is None:
        raise UnsupportedError(f"a {type(module).__name__} with attributes of the suite cannot be handed over")
    return data


def _bounded(iterator: Iterator[Any]) -> Iterator[Any]:
    for count, item in enumerate(iterator):
        if count >= MAX_GENERATED:
            raise UnsupportedError(f"an iterator of more than {MAX_GENERATED} items cannot be handed over")
        yield item
