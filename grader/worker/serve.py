"""The worker: imports one submission and answers the judge's requests about it.

Everything here runs in the student's process and is theirs to overwrite. It therefore decides nothing: it hands
over values, and a lie is worth no more than returning the same value would be.
"""

from __future__ import annotations

import copy
import linecache
import operator
import pickle
import random
import socket
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from . import confine
from .mirrors import Mirrors, make, reference
from .modules import Twin
from .protocol import (
    HEAD,
    MAX_CLASSES,
    MAX_DEPTH,
    MAX_FRAMES,
    MAX_NAME,
    MAX_TEXT,
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
    ModuleState,
    ModuleValue,
    New,
    OpaqueValue,
    Operate,
    Pickled,
    Products,
    Raised,
    Reply,
    Request,
    Result,
    Returned,
    Same,
    SequenceValue,
    Set,
    Sync,
    TorchName,
    TraceFrame,
    Vjp,
    decode_judge,
    frame,
    lengths,
)
from .tensors import UnsupportedTensorError, put, take

OPERATIONS: dict[str, Callable[..., Any]] = {
    "len": len,
    "bool": bool,
    "iter": iter,
    "next": next,
    "int": int,
    "float": float,
    "str": str,
    "abs": abs,
    "delattr": delattr,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "isinstance": isinstance,
    "dir": dir,
    "enter": lambda o: type(o).__enter__(o),
    "exit": lambda o: type(o).__exit__(o, None, None, None),
    "getitem": operator.getitem,
    "setitem": operator.setitem,
    "delitem": operator.delitem,
    "neg": operator.neg,
    "pos": operator.pos,
    "invert": operator.invert,
    **{
        name: getattr(operator, name)
        for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and_", "or_", "xor")
    },
    **{name: getattr(operator, name) for name in ("eq", "ne", "lt", "le", "gt", "ge")},
}


class SuiteError(Exception):
    """An exception of the suite's own function, on its way back to the judge through the student's code."""

    def __init__(self, number: int, type_name: str, text: str) -> None:
        super().__init__(f"{type_name}: {text}")
        self.number = number


class Connection:
    """Frames over a socket, blocking."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._buffer = bytearray(65_536)

    def send(self, message: Reply, body: Body) -> None:
        for part in frame(message, body):
            self._socket.sendall(part)

    def receive(self) -> tuple[Request | Answer, bytearray]:
        """The next message and its body; raises EOFError when the judge has closed the conversation."""
        view = memoryview(self._buffer)
        got = self._fill(view, HEAD.size)
        header_size, body_size = lengths(view[: HEAD.size])
        end = HEAD.size + header_size
        if end > len(view):
            bigger = bytearray(end)
            bigger[:got] = view[:got]
            view = memoryview(bigger)
        if got < end:
            got += self._fill(view[got:end], end - got)
        message = decode_judge(view[HEAD.size : end])
        body = bytearray(view[end:got])
        if len(body) < body_size:
            rest = bytearray(body_size)
            rest[: len(body)] = body
            self._fill(memoryview(rest)[len(body) :], body_size - len(body))
            body = rest
        return message, body

    def _fill(self, view: memoryview, least: int) -> int:
        got = 0
        while got < least:
            count = self._socket.recv_into(view[got:])
            if count == 0:
                raise EOFError
            got += count
        return got


class Worker:
    """One submission and the tables of what the judge knows of it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._mirrors = Mirrors()
        self._results: dict[int, torch.Tensor] = {}
        self._result_ids: dict[int, int] = {}
        self._handles: dict[int, Any] = {}
        self._handle_ids: dict[int, int] = {}
        self._theirs: dict[int, Any] = {}
        self._their_ids: dict[int, int] = {}
        self._modules: dict[int, Twin] = {}
        self._last_id = 0
        self._file = ""
        self._number = 0

    def run(self) -> None:
        """Serve until the judge hangs up."""
        while True:
            try:
                message, body = self._connection.receive()
            except (EOFError, ConnectionError):
                return
            if not isinstance(message, Request):
                return
            self.serve(message, body)

    def serve(self, request: Request | Answer, body: bytearray) -> None:
        """Do what is asked and reply."""
        assert isinstance(request, Request)
        self._number = request.number
        out = Body()
        try:
            self._apply(request.sync, body)
            self._forget(request)
            if request.seed is not None:
                seed_everything(request.seed)
            with torch.set_grad_enabled(request.grad_enabled):
                result = self._do(request, body, out)
        except BaseException as error:  # noqa: BLE001  whatever student code raises is an answer
            out = Body()
            result = self._raised(error)
        self._number = request.number
        self._reply(request.number, result, out)

    def _reply(self, number: int, result: Returned | Products | Raised | Callback, out: Body) -> None:
        flush_output()
        try:
            sync = Sync(self._mirrors.changes(out), self._module_changes(out))
            self._connection.send(Reply(number, sync, result), out)
        except (ValueError, TypeError) as error:
            # Too large, or a tensor that cannot cross: say so instead. Nothing of the reply was sent yet.
            self._connection.send(Reply(number, Sync([], []), self._raised(error)), Body())

    # ---- requests ----

    def _do(self, request: Request, body: bytearray, out: Body) -> Returned | Products | Raised:
        incoming = _Incoming(self, body)
        value: Any = None
        match request.do:
            case Call(object, args, kwargs):
                function = self._object(object)
                arguments = [incoming.value(a) for a in args]
                value = function(*arguments, **{name: incoming.value(a) for name, a in kwargs})
            case Get(object, name):
                value = getattr(self._object(object), name)
            case Set(object, name, given):
                setattr(self._object(object), name, incoming.value(given))
            case Operate(name, args):
                value = OPERATIONS[name](*[incoming.value(a) for a in args])
            case Vjp(result, gradient, leaves):
                return self._vjp(result, take(gradient, body), leaves, out)
            case Load():
                self._load(request.do)
        outgoing = _Outgoing(self, out, incoming)
        returned = outgoing.value(value)
        return Returned(returned, incoming.changed(outgoing))

    def _load(self, load: Load) -> None:
        confine.limit_resources(memory_mib=load.memory_mib, cpu_s=load.cpu_s, file_mib=load.file_mib)
        if load.cuda is not None:
            pretend_cuda(load.cuda)
        self._file = load.file
        # The source is where tracebacks, inspect.getsource and torch.jit.script look for it.
        lines = load.source.splitlines(keepends=True)
        linecache.cache[load.file] = (len(load.source), None, lines, load.file)
        name = load.name if load.name not in sys.modules else f"submission_{load.name}"
        module = types.ModuleType(name)
        module.__file__ = load.file
        sys.modules[name] = module
        self._handles[ROOT] = module
        self._handle_ids[id(module)] = ROOT
        exec(compile(load.source, load.file, "exec", dont_inherit=True), module.__dict__)  # noqa: S102

    def _vjp(self, result: int, gradient: torch.Tensor, leaves: list[int], out: Body) -> Products:
        output = self._results[result]
        wanted = [self._mirrors.get(leaf).grad_of for leaf in leaves]
        products = torch.autograd.grad([output], wanted, [gradient], retain_graph=True, allow_unused=True)
        return Products([None if p is None else put(p, out) for p in products])

    def call_back(self, function: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Have the judge call one of the suite's functions; serve its requests until it answers."""
        out = Body()
        outgoing = _Outgoing(self, out, None)
        callback = Callback(
            function,
            [outgoing.value(a) for a in args],
            [(name, outgoing.value(a)) for name, a in kwargs.items()],
        )
        number = self._number
        self._reply(number, callback, out)
        while True:
            message, body = self._connection.receive()
            if isinstance(message, Request):
                with torch.enable_grad():
                    self.serve(message, body)
                continue
            self._number = number
            self._apply(message.sync, body)
            if message.error:
                raise SuiteError(message.error, message.error_type, message.error_text)
            return _Incoming(self, body).value(message.value)

    # ---- tables ----

    def _next_id(self) -> int:
        self._last_id -= 1
        return self._last_id

    def _object(self, id: int) -> Any:
        return self._theirs[id] if id > 0 else self._handles[id]

    def _apply(self, sync: Sync, body: bytearray) -> None:
        self._mirrors.apply(sync.tensors, body)
        for state in sync.modules:
            self._modules[state.id].apply(state, lambda t: self.tensor(t, body))

    def _forget(self, request: Request) -> None:
        for id in request.released:
            self._mirrors.remove(id)
            result = self._results.pop(id, None)
            if result is not None:
                self._result_ids.pop(identity(result), None)
        for id in request.dropped:
            gone = self._handles.pop(id, None)
            self._handle_ids.pop(identity(gone), None)

    def _module_changes(self, out: Body) -> list[ModuleState]:
        states = (m.change(lambda t: self.leaf(t, out)) for m in self._modules.values())
        return [state for state in states if state is not None]

    def tensor(self, value: Known | New, body: bytearray) -> torch.Tensor:
        """The twin here of a tensor of the judge."""
        if isinstance(value, Known):
            return self._mirrors.get(value.id).tensor
        leaf = make(value, body)
        if not (value.history and value.requires_grad):
            self._mirrors.add(value.id, leaf)
            return leaf
        # Over there it has a history, so here it must not be a leaf either: code may change it in place.
        leaf.register_post_accumulate_grad_hook(_no_way_back)  # type: ignore[no-untyped-call]
        with torch.enable_grad():
            twin = leaf.clone(memory_format=torch.preserve_format)
        self._mirrors.add(value.id, twin).grad_of = leaf
        return twin

    def leaf(self, t: torch.Tensor, out: Body) -> Known | New:
        """How to name a tensor without history to the judge."""
        return reference(self._mirrors, t, out, self._next_id)

    def tensor_value(self, t: torch.Tensor, out: Body) -> Known | New | Result:
        """How to hand over any tensor."""
        known = self._mirrors.of(t)
        if known is not None:
            return Known(known.id)
        if t.grad_fn is None:
            return self.leaf(t, out)
        number = self._result_ids.get(identity(t))
        if number is None:
            number = self._next_id()
            self._results[number] = t
            self._result_ids[identity(t)] = number
        return Result(number, put(t, out), [self.leaf(leaf, out) for leaf in self._leaves(t)])

    def _leaves(self, t: torch.Tensor) -> list[torch.Tensor]:
        """The tensors that gradients of `t` end in, each under the object that the judge knows."""
        hidden = {id(m.grad_of): m.tensor for m in self._mirrors if m.grad_of is not m.tensor}
        leaves: dict[int, torch.Tensor] = {}
        seen: set[Any] = set()
        pending = [t.grad_fn]
        while pending:
            node = pending.pop()
            if node is None or node in seen:
                continue
            seen.add(node)
            variable = getattr(node, "variable", None)
            if isinstance(variable, torch.Tensor):
                leaves.setdefault(id(variable), hidden.get(id(variable), variable))
            pending.extend(next_node for next_node, _ in node.next_functions)
        return list(leaves.values())

    def handle(self, value: Any) -> Handle | Held:
        """How to hand over an object that stays here, or that came from the judge."""
        theirs = self._their_ids.get(id(value))
        if theirs is not None:
            return Held(theirs)
        number = self._handle_ids.get(id(value))
        if number is None:
            number = self._next_id()
            self._handles[number] = value
            self._handle_ids[id(value)] = number
        is_class = isinstance(value, type)
        classes = value.__mro__ if is_class else type(value).__mro__
        name = getattr(value, "__name__", "")
        return Handle(
            number,
            [qualified_name(c) for c in classes[:MAX_CLASSES]],
            _plain(name)[:MAX_NAME] if isinstance(name, str) else "",
            is_class,
            callable(value),
        )

    def enter(self, id: int, value: Any) -> Any:
        """Remember an object of the judge's under its id."""
        self._theirs[id] = value
        self._their_ids[identity(value)] = id
        return value

    def theirs(self, id: int) -> Any:
        """The object that stands here for one of the judge's, or None."""
        return self._theirs.get(id)

    def rebuild(self, value: ModuleValue, body: bytearray) -> torch.nn.Module:
        """A torch module of the suite, around twins of its tensors."""
        known: torch.nn.Module | None = self._theirs.get(value.id)
        if known is not None:
            return known
        module: torch.nn.Module
        if value.data:
            cls, attributes = pickle.loads(value.data)  # noqa: S301  the judge is trusted here
            module = cls.__new__(cls)
            module.__dict__.update(attributes)
        else:
            module = _SuiteModule(self, value.id, value.name)
        module.training = value.training
        self.enter(value.id, module)
        twin = Twin(value.id, module)
        twin.set_tensors(value.parameters, value.buffers, lambda t: self.tensor(t, body))
        for name, child in value.modules:
            if child is None or isinstance(child, Held):
                module._modules[name] = None if child is None else self._theirs[child.id]
            else:
                module._modules[name] = self.rebuild(child, body)
        self._modules[value.id] = twin
        return module

    # ---- exceptions ----

    def _raised(self, error: BaseException) -> Raised:
        number = error.number if isinstance(error, SuiteError) else 0
        traceback, frames, innermost = error.__traceback__, [], False
        while traceback is not None:
            innermost = traceback.tb_frame.f_code.co_filename == self._file
            if innermost:
                frames.append(TraceFrame(traceback.tb_lineno, _plain(traceback.tb_frame.f_code.co_name)[:MAX_NAME]))
            traceback = traceback.tb_next
        if isinstance(error, SyntaxError) and error.filename == self._file and error.lineno:
            frames.append(TraceFrame(error.lineno, ""))
        if len(frames) > MAX_FRAMES:
            frames = frames[: MAX_FRAMES // 2] + frames[-MAX_FRAMES // 2 :]
        types_ = [qualified_name(c) for c in type(error).__mro__[:MAX_CLASSES]]
        return Raised(types_, _text(error), frames, innermost, number)


# In methods where `id` is a parameter.
identity = id


def _text(error: BaseException) -> str:
    """The message of an exception, cut and made encodable; `str` of it may itself raise."""
    try:
        if isinstance(error, SyntaxError):
            text = error.msg or ""
        elif isinstance(error, KeyError) and len(error.args) == 1:
            text = repr(error.args[0])
        else:
            text = str(error)
    except BaseException as problem:  # noqa: BLE001
        text = f"(its message cannot be shown: str() raised {type(problem).__name__})"
    return _plain(text[:MAX_TEXT])[:MAX_TEXT]


def _plain(text: str) -> str:
    """Text without lone surrogates, which UTF-8 does not have."""
    return text.encode("utf-8", "backslashreplace").decode()


def qualified_name(cls: type) -> str:
    """module.qualname of a class, bounded."""
    try:
        return _plain(f"{cls.__module__}.{cls.__qualname__}")[:MAX_NAME]
    except Exception:  # noqa: BLE001  a metaclass may answer anything
        return "unknown"


def _no_way_back(leaf: torch.Tensor) -> None:
    raise RuntimeError(
        "backward() was called here on something computed from a tensor whose history is in the suite. "
        "Only the suite can run this backward pass."
    )


class _Incoming:
    """Turns what the judge sent into objects here, and tells which lists and dicts changed since."""

    def __init__(self, worker: Worker, body: bytearray) -> None:
        self._worker = worker
        self._body = body
        self._containers: dict[int, tuple[Any, Any]] = {}
        self.indices: dict[int, int] = {}

    def value(self, value: Any) -> Any:
        match value:
            case None | bool() | int() | float() | str():
                return value
            case Known() | New():
                return self._worker.tensor(value, self._body)
            case Held(id):
                return self._worker._object(id)
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
                known = self._worker.theirs(id)
                return known or self._worker.enter(id, _function(self._worker, id, name))
            case OpaqueValue(id, name):
                known = self._worker.theirs(id)
                return known or self._worker.enter(id, _Opaque(name))
            case ModuleValue():
                return self._worker.rebuild(value, self._body)
            case Pickled(data):
                return pickle.loads(data)  # noqa: S301  the judge is trusted here
        raise UnsupportedTensorError(f"unknown value {type(value).__name__}")

    def _note(self, index: int, container: Any, before: Any) -> Any:
        if index:
            self._containers[index] = (container, before)
            self.indices[id(container)] = index
        return container

    def changed(self, outgoing: _Outgoing) -> list[tuple[int, Any]]:
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


class _Outgoing:
    """Turns objects here into what crosses to the judge."""

    def __init__(self, worker: Worker, out: Body, incoming: _Incoming | None) -> None:
        self._worker = worker
        self._out = out
        self._indices = {} if incoming is None else incoming.indices

    def value(self, value: Any, depth: int = 0) -> Any:
        # Exact types only: a subclass of int or list may lie about itself, and stays here as an object.
        kind = type(value)
        if value is None or kind is bool or kind is float:
            return value
        if kind is int:
            return value if -(1 << 63) <= value < 1 << 63 else _big(value)
        if kind is str:
            return _plain(value)
        if isinstance(value, torch.Tensor):
            return self._worker.tensor_value(value, self._out)
        if kind in _CONTAINERS:
            index = self._indices.get(id(value))
            return Same(index) if index is not None else self.items(value, depth)
        if kind is bytes:
            return Bytes(value)
        if kind in (torch.dtype, torch.device, torch.layout, torch.memory_format):
            return TorchName(kind.__name__, str(value))
        return self._worker.handle(value)

    def items(self, value: Any, depth: int = 0) -> Any:
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


class _Opaque:
    """Stands for an object of the suite, which can be passed around and nothing else."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"<{self._name} of the caller>"


def _function(worker: Worker, id: int, name: str) -> Callable[..., Any]:
    def function(*args: Any, **kwargs: Any) -> Any:
        return worker.call_back(id, args, kwargs)

    function.__name__ = function.__qualname__ = name
    return function


class _SuiteModule(torch.nn.Module):
    """Stands for a module whose class the suite defines: its forward runs there."""

    def __init__(self, worker: Worker, id: int, name: str) -> None:
        super().__init__()
        self.__dict__["_call_back"] = lambda args, kwargs: worker.call_back(id, args, kwargs)
        self.__dict__["_suite_name"] = name

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.__dict__["_call_back"](args, kwargs)

    def __deepcopy__(self, memo: dict[int, Any]) -> _SuiteModule:
        twin = _SuiteModule.__new__(_SuiteModule)
        memo[id(self)] = twin
        for name, value in self.__dict__.items():
            plain = name in ("_call_back", "_suite_name")
            twin.__dict__[name] = value if plain else copy.deepcopy(value, memo)
        return twin

    def _get_name(self) -> str:
        return str(self.__dict__.get("_suite_name", "Module"))


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
    worker._handles[ROOT] = module
    worker._handle_ids[id(module)] = ROOT
    for step in (Get(ROOT, "layer"), Get(ROOT, "Layer"), Get(ROOT, "missing")):
        worker.serve(decode_judge(_rehearsed(step, Body())), bytearray())
    for number in (1, 2):
        body = Body()
        x = New(number, put(torch.ones(2, 4), body), True, False, False, None)
        request = decode_judge(_rehearsed(Call(worker._handle_ids[id(module.layer)], [x], []), body))
        worker.serve(request, bytearray(b"".join(body.parts)))
    if not backward:
        return
    body = Body()
    gradient = put(torch.ones(()), body)
    result = min(worker._results)
    worker.serve(decode_judge(_rehearsed(Vjp(result, gradient, [2]), body)), bytearray(b"".join(body.parts)))


def _rehearsed(step: Any, body: Body) -> bytes:
    request = Request(1, True, 0, Sync([], []), [], [], step)
    whole = b"".join(frame(request, body))
    header, _ = lengths(whole)
    return whole[HEAD.size : HEAD.size + header]


def flush_output() -> None:
    """Write out what the student printed, so that the judge finds it before the reply."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:  # noqa: BLE001, S112  a student's stream may do anything
            continue


def seed_everything(seed: int) -> None:
    """Seed random, numpy and torch: a fork inherits the zygote's generators."""
    random.seed(seed)
    np.random.seed(seed & 0xFFFFFFFF)
    # Not torch.manual_seed: it formats a stack trace for devices that are not in use, 0.2 ms each time.
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.manual_seed_all(seed)


def pretend_cuda(available: bool) -> None:
    """Make torch answer as if CUDA were there, or not."""
    count = 1 if available else 0
    torch.cuda.is_available = lambda: available
    torch.cuda.device_count = lambda: count
    torch.cuda.current_device = lambda: 0
