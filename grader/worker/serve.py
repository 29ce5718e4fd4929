"""The worker: imports one submission and answers the judge's requests about it.

Everything here runs in the student's process and is theirs to overwrite. It therefore decides nothing: it hands
over values, and a lie is worth no more than returning the same value would be.
"""

from __future__ import annotations

import contextlib
import copy
import io
import linecache
import operator
import random
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from . import limits
from .connection import Connection
from .errors import SuiteError, raised
from .observe import Observer
from .protocol import (
    Answer,
    Body,
    Call,
    Callback,
    Get,
    Load,
    Operate,
    Products,
    Raised,
    Reply,
    Request,
    Returned,
    Set,
    Sync,
    Vjp,
)
from .tables import Tables
from .tensors import contents, put, take
from .values import Incoming, Outgoing

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


class Worker:
    """One submission and the tables of what the judge knows of it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.tables = Tables(self.call_back)
        # Entered where student code runs.
        self._watch: contextlib.AbstractContextManager[object] = contextlib.nullcontext()
        self._observer: Observer | None = None
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
            self.tables.apply(request.sync, body)
            self.tables.forget(request)
            if request.seed is not None:
                seed_everything(request.seed)
            with torch.set_grad_enabled(request.grad_enabled):
                result = self._do(request, body, out)
        except BaseException as error:  # noqa: BLE001  whatever student code raises is an answer
            out = Body()
            result = raised(error, self._file)
        self._number = request.number
        self._reply(request.number, result, out)

    def _reply(self, number: int, result: Returned | Products | Raised | Callback, out: Body) -> None:
        flush_output()
        try:
            sync = self.tables.changes(out)
            ran = self._observer.take() if self._observer is not None else []
            self._connection.send(Reply(number, sync, result, ran), out)
        except (ValueError, TypeError) as error:
            # Too large, or a tensor that cannot cross: say so instead. Nothing of the reply was sent yet.
            self._connection.send(Reply(number, Sync([], []), raised(error, self._file)), Body())

    # ---- requests ----

    def _do(self, request: Request, body: bytearray, out: Body) -> Returned | Products | Raised:
        incoming = Incoming(self.tables, body)
        value: Any = None
        match request.do:
            case Call(object, args, kwargs):
                function = self.tables.object(object)
                arguments = [incoming.value(a) for a in args]
                named = {name: incoming.value(a) for name, a in kwargs}
                with self._watch:
                    value = function(*arguments, **named)
            case Get(object, name):
                held = self.tables.object(object)
                with self._watch:
                    value = getattr(held, name)
            case Set(object, name, given):
                held, new = self.tables.object(object), incoming.value(given)
                with self._watch:
                    setattr(held, name, new)
            case Operate(name, args):
                arguments = [incoming.value(a) for a in args]
                with self._watch:
                    value = OPERATIONS[name](*arguments)
            case Vjp(result, gradient, leaves):
                incoming_gradient = take(gradient, body)
                before = contents(incoming_gradient)
                with self._watch:
                    products = self.tables.products(result, incoming_gradient, leaves)
                written = None if contents(incoming_gradient) == before else put(incoming_gradient, out)
                return Products([None if p is None else put(p, out) for p in products], written)
            case Load():
                self._load(request.do)
        outgoing = Outgoing(self.tables, out, incoming)
        returned = outgoing.value(value)
        return Returned(returned, incoming.changed(outgoing))

    def _load(self, load: Load) -> None:
        limits.limit_resources(memory_mib=load.memory_mib, cpu_s=load.cpu_s, file_mib=load.file_mib)
        if load.cuda is not None:
            pretend_cuda(load.cuda)
        if load.threads != 1:
            torch.set_num_threads(load.threads)
        self._file = load.file
        # The source is where tracebacks, inspect.getsource and torch.jit.script look for it.
        # As Python counts lines; str.splitlines() would break at a form feed as well.
        lines = io.StringIO(load.source, newline=None).readlines()
        linecache.cache[load.file] = (len(load.source), None, lines, load.file)
        name = load.name if load.name not in sys.modules else f"submission_{load.name}"
        module = types.ModuleType(name)
        module.__file__ = load.file
        sys.modules[name] = module
        self.tables.set_root(module)
        code = compile(load.source, load.file, "exec", dont_inherit=True)
        if load.forbidden:
            self._watch = self._observer = self.tables.observer = Observer(load.forbidden)
        with self._watch:
            exec(code, module.__dict__)  # noqa: S102
        if self._observer is not None:
            self._observer.look_at_classes(name)

    def call_back(self, function: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Have the judge call one of the suite's functions; serve its requests until it answers."""
        if self._observer is None:
            return self._call_back(function, args, kwargs)
        with self._observer.looking_away():
            return self._call_back(function, args, kwargs)

    def _call_back(self, function: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        out = Body()
        outgoing = Outgoing(self.tables, out, None)
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
            self.tables.apply(message.sync, body)
            if message.error:
                raise SuiteError(message.error, message.error_type, message.error_text)
            return Incoming(self.tables, body).value(message.value)


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
