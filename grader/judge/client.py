"""One worker as the judge's objects: requests out, values in.

The tables here say which tensors, modules, functions and objects both sides know. They live as long as the worker;
a fresh worker gets a fresh client.
"""

from __future__ import annotations

import io
import pickle
import weakref
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, FunctionType
from typing import Any

import torch

from grader.compare import dtype_name
from grader.judge.channel import Channel
from grader.judge.errors import UnsupportedError, student_error
from grader.judge.proxy import CallableProxy, Proxy, held, is_proxy, label
from grader.model import Limits
from grader.worker.mirrors import Mirrors, make, reference
from grader.worker.modules import Twin
from grader.worker.protocol import (
    MAX_DEPTH,
    MAX_PAIRS,
    NO_CHANGE,
    ROOT,
    Answer,
    Big,
    Body,
    Bytes,
    Call,
    Callback,
    FunctionValue,
    Get,
    Handle,
    Held,
    Known,
    Load,
    MappingValue,
    ModuleValue,
    New,
    OpaqueValue,
    Operate,
    Pickled,
    Products,
    ProtocolError,
    Raised,
    Reply,
    Request,
    Result,
    Returned,
    Same,
    SequenceValue,
    Set,
    Sync,
    TensorData,
    TensorState,
    TorchName,
    Vjp,
)
from grader.worker.tensors import UnsupportedTensorError, put, take

MAX_CALLBACK_DEPTH = 50
MAX_GENERATED = 100_000


class Client:
    """The judge's side of one conversation."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        # What the suite asked of the submission last, and what came back, for messages.
        self.last_call = ""
        self.last_value: Any = None
        self._mirrors = Mirrors()
        self._results: weakref.WeakValueDictionary[int, _Token] = weakref.WeakValueDictionary()
        self._released: list[int] = []
        self._proxies: weakref.WeakValueDictionary[int, Proxy] = weakref.WeakValueDictionary()
        self._dropped: list[int] = []
        self._ours: dict[int, Any] = {}
        self._our_ids: dict[int, int] = {}
        self._modules: dict[int, Twin] = {}
        self._errors: dict[int, BaseException] = {}
        # Whether student code changed a tensor of the suite since the check began, and whether the suite's tensors
        # are shielded from that: then the worker goes on with its change and the judge with what it had.
        self.overwrote = False
        self.shielded = False
        self._kept_out: dict[int, TensorData] = {}
        self._seed: int | None = None
        self._defined: dict[str, Any] = {}
        self._last_id = 0
        self._number = 0
        self._depth = 0
        root = Handle(ROOT, ["builtins.module"], "", False, False)
        self.root = Proxy(self, root, "")
        self._proxies[ROOT] = self.root

    # ---- what proxies and the session ask for ----

    def load(self, source: str, file: str, name: str, *, cuda: bool | None, limits: Limits, cpu_s: float) -> None:
        """Have the worker take its limits and import the submission."""
        self._request(lambda _: Load(source, file, name, cuda, limits.memory_mib, cpu_s, limits.file_mib), "")

    def begin(self, seed: int) -> None:
        """A check begins; the worker is told with the next request."""
        self.last_call, self.last_value = "", None
        self._defined.clear()
        self.overwrote = False
        self._seed = seed

    def get(self, proxy: Proxy, name: str) -> Any:
        """getattr(proxy, name).

        What the module itself defines is asked for once in a check: `submission.Linear` is in every other line of a
        suite.
        """
        if name in self._defined and proxy is self.root:
            return self._defined[name]
        path = f"{label(proxy)}.{name}" if label(proxy) else name
        value = self._request(lambda _: Get(held(proxy).id, name), path)
        if proxy is self.root and type(value) is CallableProxy:
            self._defined[name] = value
        return value

    def set(self, proxy: Proxy, name: str, value: Any) -> None:
        """setattr(proxy, name, value)."""
        self._defined.clear()
        self._request(lambda out: Set(held(proxy).id, name, out.value(value)), "")

    def call(self, proxy: Proxy, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """proxy(*args, **kwargs)."""
        said = f"{label(proxy)}({', '.join(_arguments(args, kwargs))})"[:200]
        self.last_call, self.last_value = said, None
        self.last_value = self._request(
            lambda out: Call(
                held(proxy).id,
                [out.value(a) for a in args],
                [(name, out.value(a)) for name, a in kwargs.items()],
            ),
            said,
        )
        return self.last_value

    def operate(self, name: str, *args: Any) -> Any:
        """One of the operations that the worker knows by name."""
        said = f"{label(args[0])}[...]" if is_proxy(args[0]) else ""
        return self._request(lambda out: Operate(name, [out.value(a) for a in args]), said)

    def drop(self, handle: int) -> None:
        """A proxy has ended."""
        if handle != ROOT:
            self._dropped.append(handle)

    def release(self, result: int) -> None:
        """The graph of a result is gone."""
        self._released.append(result)

    def products(self, result: int, gradient: torch.Tensor, leaves: list[torch.Tensor]) -> list[torch.Tensor | None]:
        """The vector-Jacobian products of a result with respect to `leaves`; None where it does not depend."""

        def verb(out: _Outgoing) -> Vjp:
            ids = []
            for leaf in leaves:
                mirror = self._mirrors.of(leaf)
                if mirror is None:
                    raise UnsupportedError("a gradient is asked for a tensor that the worker no longer knows")
                ids.append(mirror.id)
            return Vjp(result, put(gradient, out.body), ids)

        products = self._request(verb, "")
        if not isinstance(products, list) or len(products) != len(leaves):
            raise self.channel.lose_protocol("gradients are missing")
        for product, leaf in zip(products, leaves, strict=True):
            if product is not None and (product.shape != leaf.shape or product.dtype != leaf.dtype):
                raise self.channel.lose_protocol("a gradient does not fit its tensor")
        return products

    # ---- messages ----

    def _request(self, verb: Callable[[_Outgoing], Any], said: str) -> Any:
        body = Body()
        try:
            # What changed goes first: the arguments may refer to a tensor that the worker learns of by it.
            sync = self._sync(body)
            outgoing = _Outgoing(self, body)
            do = verb(outgoing)
        except UnsupportedTensorError as error:
            raise UnsupportedError(str(error)) from None
        # An id may have been used again since it was noted: what is alive is not forgotten.
        released = [id for id in self._released if id not in self._results]
        released += self._mirrors.take_unowned()
        dropped = [id for id in self._dropped if id not in self._proxies]
        self._released, self._dropped = [], []
        self._number += 1
        number = self._number
        request = Request(number, torch.is_grad_enabled(), self._seed, sync, released, dropped, do)
        self._seed = None
        self.channel.send(request, body)
        while True:
            reply, received = self._receive(number)
            result = reply.result
            if isinstance(result, Callback):
                self._answer(number, result, received)
                continue
            if isinstance(result, (Returned, Products)) and isinstance(result, Products) is not isinstance(do, Vjp):
                raise self.channel.lose_protocol("a reply to another kind of request")
            return self._finish(result, reply.sync, received, outgoing, said)

    def _receive(self, number: int) -> tuple[Reply, bytearray]:
        reply, body = self.channel.receive()
        if reply.number != number:
            raise self.channel.lose_protocol("a reply to another request")
        with self._checked():
            self._mirrors.apply(self._noticed(reply.sync.tensors), body)
        return reply, body

    def _noticed(self, states: list[TensorState]) -> list[TensorState]:
        """Note whether the worker changed what it was given; when shielded, keep such changes out."""
        self._kept_out = {s.id: s.data for s in states if s.data is not None and s.id > 0}
        if not self._kept_out:
            return states
        self.overwrote = True
        if not self.shielded:
            self._kept_out = {}
            return states
        return [TensorState(s.id, None, s.grad, s.requires_grad) if s.id in self._kept_out else s for s in states]

    def _finish(self, result: Any, sync: Sync, body: bytearray, outgoing: _Outgoing, said: str) -> Any:
        value: Any = None
        with self._checked():
            incoming = _Incoming(self, body, outgoing.containers, said)
            if isinstance(result, Returned):
                value = incoming.value(result.value)
            elif isinstance(result, Products):
                value = [None if p is None else take(p, body) for p in result.gradients]
            self._apply_modules(sync, incoming)
            if isinstance(result, Returned):
                incoming.restore(result.containers)
        if isinstance(result, Raised):
            error = self._errors.pop(result.callback, None)
            if error is not None:
                raise error
            raise student_error(result)
        return value

    def _answer(self, number: int, callback: Callback, body: bytearray) -> None:
        """Call the function of the suite that student code has called, and send what it returns."""
        if self._depth >= MAX_CALLBACK_DEPTH:
            raise self.channel.lose_protocol("callbacks are nested too deeply")
        with self._checked():
            function = self._ours[callback.function]
            incoming = _Incoming(self, body, {}, "")
            args = [incoming.value(a) for a in callback.args]
            kwargs = {name: incoming.value(a) for name, a in callback.kwargs}
        self._depth += 1
        out = Body()
        try:
            value = function(*args, **kwargs)
            sync = self._sync(out)
            answer = Answer(number, sync, _Outgoing(self, out).value(value))
        except Exception as error:
            if self.channel.lost is not None:
                raise
            self._last_id += 1
            self._errors[self._last_id] = error
            out = Body()
            text = str(error)[:200]
            answer = Answer(number, NO_CHANGE, None, self._last_id, type(error).__name__, text)
        finally:
            self._depth -= 1
        self.channel.send(answer, out)

    def _sync(self, body: Body) -> Sync:
        states = [twin.change(lambda t: self.name_tensor(t, body)) for twin in self._modules.values()]
        return Sync(self._mirrors.changes(body), [state for state in states if state is not None])

    def _apply_modules(self, sync: Sync, incoming: _Incoming) -> None:
        for state in sync.modules:
            self._modules[state.id].apply(state, incoming.tensor)

    def _checked(self) -> _Checked:
        return _Checked(self.channel)

    # ---- tables ----

    def next_id(self) -> int:
        """An id for something of the judge's."""
        self._last_id += 1
        return self._last_id

    def name_tensor(self, t: torch.Tensor, body: Body) -> Known | New:
        """How to name a tensor to the worker."""
        return reference(self._mirrors, t, body, self.next_id, history=not t.is_leaf)

    def tensor(self, value: Known | New, body: bytearray) -> torch.Tensor:
        """The twin here of a tensor of the worker."""
        if isinstance(value, Known):
            kept_out = self._kept_out.get(value.id)
            return self._mirrors.get(value.id).tensor if kept_out is None else take(kept_out, body)
        if value.id >= 0 or value.history:
            raise ProtocolError("a tensor has an id that is not the worker's to give")
        t = make(value, body)
        self._mirrors.add(value.id, t)
        return t

    def result(self, value: Result, body: bytearray) -> torch.Tensor:
        """A tensor that the worker computed, with a graph that leads back there."""
        known = self._results.get(value.id)
        alive = None if known is None else known.tensor()
        if alive is not None:
            return alive
        leaves = [self.tensor(leaf, body) for leaf in value.leaves]
        data = take(value.data, body)
        token = _Token(self, value.id)
        with torch.enable_grad():
            tensor: torch.Tensor = _Remote.apply(token, data.detach, *leaves)  # type: ignore[no-untyped-call]
        token.remember(tensor)
        self._results[value.id] = token
        return tensor

    def proxy(self, handle: Handle, said: str) -> Proxy:
        """The stand-in for an object of the worker."""
        if handle.id > 0:
            raise ProtocolError("an object has an id that is not the worker's to give")
        known = self._proxies.get(handle.id)
        if known is None:
            kind = CallableProxy if handle.callable else Proxy
            known = self._proxies[handle.id] = kind(self, handle, said or handle.name)
        return known

    def ours(self, id: int) -> Any:
        """The judge's own object with an id."""
        return self._ours[id]

    def our_id(self, value: Any) -> int | None:
        """The id of an object of the judge's that the worker knows."""
        return self._our_ids.get(id(value))

    def enter(self, value: Any) -> int:
        """Give an object of the judge's an id. It is kept, so that the id stays its own."""
        number = self.next_id()
        self._ours[number] = value
        self._our_ids[id(value)] = number
        return number

    def enter_module(self, number: int, module: torch.nn.Module) -> Twin:
        """Keep a module's state in step with its twin."""
        twin = self._modules[number] = Twin(number, module)
        return twin


class _Checked:
    """Turns every error in reading what a worker sent into the end of the conversation."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: Any) -> None:
        if isinstance(error, Exception) and self._channel.lost is None:
            why = str(error) if isinstance(error, ProtocolError) else type(error).__name__
            raise self._channel.lose_protocol(why) from error


class _Token:
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


class _Remote(torch.autograd.Function):
    """The node that stands for the worker's part of a graph."""

    @staticmethod
    def forward(ctx: Any, token: _Token, data: Callable[[], torch.Tensor], *leaves: torch.Tensor) -> torch.Tensor:
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


class _Outgoing:
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


class _Incoming:
    """Turns what a worker sent into the judge's objects. Any error in here is the worker's."""

    def __init__(self, client: Client, body: bytearray, containers: dict[int, Any], said: str) -> None:
        self._client = client
        self._body = body
        self._containers = containers
        self._said = said
        self._pairs = 0

    def tensor(self, value: Known | New) -> torch.Tensor:
        """A tensor that both sides have."""
        return self._client.tensor(value, self._body)

    def value(self, value: Any) -> Any:
        match value:
            case None | bool() | int() | float() | str():
                return value
            case Known() | New():
                return self.tensor(value)
            case Result():
                return self._client.result(value, self._body)
            case SequenceValue(kind, items, _):
                return self._sequence(kind, [self.value(item) for item in items])
            case MappingValue(pairs, _):
                self._pairs += len(pairs)
                if self._pairs > MAX_PAIRS:
                    raise ProtocolError("dicts of too many items")
                return {self.value(key): self.value(item) for key, item in pairs}
            case Handle():
                return self._client.proxy(value, self._said)
            case Held(id):
                return self._client.ours(id)
            case Same(index):
                return self._containers[index]
            case Bytes(data):
                return data
            case Big(text) if len(text) <= 1100:
                return int(text, 16)
            case TorchName(kind, text):
                return _torch_name(kind, text)
        raise ProtocolError("a value of unknown kind")

    def _sequence(self, kind: str, items: list[Any]) -> Any:
        match kind:
            case "list":
                return items
            case "tuple":
                return tuple(items)
            case "size":
                return torch.Size(items)
        raise ProtocolError("a sequence of unknown kind")

    def restore(self, changed: list[tuple[int, Any]]) -> None:
        """Make the suite's own lists and dicts what the student's code made of them."""
        new = [(self._containers[index], self.value(value)) for index, value in changed]
        for container, items in new:
            if type(container) is not type(items):
                raise ProtocolError("a list or dict became something else")
            container.clear()
            if isinstance(container, dict):
                container.update(items)
            else:
                container.extend(items)


_TORCH_KINDS = (torch.dtype, torch.layout, torch.memory_format)
# Not getattr: torch imports some of its parts when asked for their names.
_TORCH_NAMES = {
    (type(value).__name__, str(value)): value for value in vars(torch).values() if type(value) in _TORCH_KINDS
}


def _torch_name(kind: str, text: str) -> Any:
    if kind == "device" and len(text) < 32:
        return torch.device(text)
    found = _TORCH_NAMES.get((kind, text))
    if found is None:
        raise ProtocolError("an unknown name of torch")
    return found


def _arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[str]:
    for value in args[:8]:
        yield _brief(value)
    if len(args) > 8:
        yield "..."
    for name, value in list(kwargs.items())[:8]:
        yield f"{name}={_brief(value)}"


def _brief(value: Any) -> str:
    """An argument by shape and dtype; small plain values as they are, since the statement names them."""
    if isinstance(value, torch.Tensor):
        return f"{dtype_name(value.dtype)} {tuple(value.shape)}"
    if is_proxy(value):
        return label(value)[:60] or "..."
    if value is None or type(value) in (bool, int):
        return repr(value)
    if type(value) is float:
        return f"{value:g}"
    if isinstance(value, (torch.dtype, torch.device)):
        return str(value)
    if isinstance(value, torch.nn.Module):
        return type(value).__name__
    return type(value).__name__
