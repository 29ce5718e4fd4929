"""Stand-ins in the judge for objects that stay in a worker.

Everything done to a proxy is a request. What it says about itself (its classes, its length, its attributes) is the
worker's claim: good for a suite to look at, and worth nothing until the judge compares it with something of its own.

Comparing is therefore never left to the student's object. `submission.f(x) == expected` would hand over the expected
value and ask the student whether it is right; a proxy is equal to nothing but itself and, if the worker says so, to
another object of the submission. The same goes for the other operators.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch

from grader.worker.protocol import ROOT, Handle, Held

if TYPE_CHECKING:
    from grader.judge.client import Client

_BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor")
_ORDER = ("lt", "le", "gt", "ge")
# The only special names that are asked for across the wire; Python and its libraries probe for many more.
_SPECIAL = {"__name__", "__qualname__", "__doc__"}


class Proxy:
    """An object of the submission."""

    __slots__ = ("__weakref__", "_client", "_handle", "_label")

    def __init__(self, client: Client, handle: Handle, label: str) -> None:
        object.__setattr__(self, "_client", client)
        object.__setattr__(self, "_handle", handle)
        object.__setattr__(self, "_label", label)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__") and name not in _SPECIAL:
            raise AttributeError(name)
        return self._client.get(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._client.set(self, name, value)

    def __delattr__(self, name: str) -> None:
        self._operate("delattr", name)

    def __del__(self) -> None:
        self._client.drop(self._handle.id)

    def __repr__(self) -> str:
        return f"<{student_type_name(self)} of the submission>"

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """The nearest class of torch or Python that the student's object is an instance of."""
        handle = self._handle
        if handle.is_class:
            return type
        return next((found for found in _known_classes(handle.types) if _is_safe_to_claim(found)), Proxy)

    @property
    def __bases__(self) -> tuple[type, ...]:
        """What makes `issubclass(submission.Linear, nn.Module)` work."""
        if not self._handle.is_class:
            raise AttributeError("__bases__")
        return tuple(_known_classes(self._handle.types)) or (object,)

    def __instancecheck__(self, instance: Any) -> bool:
        return type(instance) in (Proxy, CallableProxy) and bool(self._operate2("isinstance", instance, self))

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError("an object of the submission cannot be pickled")

    def __copy__(self) -> Any:
        return self._operate("copy")

    def __deepcopy__(self, memo: Any) -> Any:
        return self._operate("deepcopy")

    def __hash__(self) -> int:
        return hash(self._handle.id)

    def __eq__(self, other: object) -> bool:
        return self is other or (is_proxy(other) and bool(self._operate("eq", other)))

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __contains__(self, item: object) -> bool:
        return any(item is mine or bool(item == mine) for mine in self)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._operate("iter")) if not self._is_iterator() else self

    def __next__(self) -> Any:
        return self._operate("next")

    def __enter__(self) -> Any:
        return self._operate("enter")

    def __exit__(self, *exception: object) -> Any:
        return self._operate("exit")

    def _is_iterator(self) -> bool:
        return any(name.endswith(("iterator", ".generator")) for name in self._handle.types)

    def _operate(self, name: str, *args: Any) -> Any:
        return self._client.operate(name, self, *args)

    def _operate2(self, name: str, *args: Any) -> Any:
        return self._client.operate(name, *args)


class CallableProxy(Proxy):
    """A function, class, or callable object of the submission."""

    __slots__ = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._client.call(self, args, kwargs)


def _forward(name: str, operation: str) -> None:
    def method(self: Proxy, *args: Any) -> Any:
        return self._operate(operation, *args)

    method.__name__ = name
    setattr(Proxy, name, method)


def _between(operation: str) -> None:
    """An operator between two objects of the submission; with anything else it is not defined."""

    def method(self: Proxy, other: Any) -> Any:
        name = f"{operation}_" if operation in ("and", "or") else operation
        return self._operate(name, other) if is_proxy(other) else NotImplemented

    method.__name__ = f"__{operation}__"
    setattr(Proxy, method.__name__, method)


for _operation in ("len", "bool", "int", "float", "abs", "neg", "pos", "invert"):
    _forward(f"__{_operation}__", _operation)
for _operation in ("getitem", "setitem", "delitem"):
    _forward(f"__{_operation}__", _operation)
for _operation in (*_ORDER, *_BINARY):
    _between(_operation)


def is_proxy(value: object) -> bool:
    """Whether a value is a proxy; `isinstance` would ask the proxy."""
    return type(value) is CallableProxy or type(value) is Proxy


def held(proxy: Proxy) -> Held:
    """How to name a proxy's object to the worker."""
    return Held(proxy._handle.id)


def defines(proxy: Proxy) -> bool:
    """Whether it is the submission's module or a class, whose functions stay what they are."""
    handle: Handle = proxy._handle
    return handle.id == ROOT or handle.is_class


def label(proxy: Proxy) -> str:
    """How the suite got to this object, for messages: `Linear(4, 3)`."""
    text: str = proxy._label
    return text


def student_type_name(proxy: Proxy) -> str:
    """The name of the class of the student's object, without its module."""
    if proxy._handle.is_class:
        return "class"
    types = proxy._handle.types
    return types[0].rpartition(".")[2] if types else "object"


# Found by `grader.compare.type_name`, which does not know of proxies.
Proxy.student_type_name = staticmethod(student_type_name)  # type: ignore[attr-defined]


def _known_classes(types: list[str]) -> Iterator[type]:
    """Those of the named classes that are torch's or Python's own and loaded here already."""
    for name in types:
        module_name, _, class_name = name.rpartition(".")
        if module_name == "builtins" or module_name.partition(".")[0] in ("torch", "collections"):
            # Not getattr: some modules of torch import others when asked for a name.
            found = getattr(sys.modules.get(module_name), "__dict__", {}).get(class_name)
            # A tensor never stays in the worker; who says that of his object wants it taken for one.
            if isinstance(found, type) and found is not object and not issubclass(found, torch.Tensor):
                yield found


_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: made by a class statement, not in C


def _is_safe_to_claim(cls: type) -> bool:
    """Whether a proxy may call itself an instance of `cls`.

    Torch's C++ code believes `isinstance`: it reads the memory of whatever says that it is a tensor as one, and so
    crashes or worse. An object that stays in the worker is never a tensor, a device or a generator here.
    """
    if cls.__module__.partition(".")[0] != "torch":
        return True
    return all(
        base is object or (base.__flags__ & _HEAP_TYPE and not base.__module__.startswith("torch._C"))
        for base in cls.__mro__
    )
