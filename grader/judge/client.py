"""One worker as the judge's objects: requests out, values in.

The tables here say which tensors, modules, functions and objects both sides know. They live as long as the worker;
a fresh worker gets a fresh client.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import torch

from grader.judge.calls import arguments
from grader.judge.channel import Channel
from grader.judge.errors import UnsupportedError, student_error
from grader.judge.graph import Remote, Token
from grader.judge.incoming import Incoming
from grader.judge.outgoing import Outgoing
from grader.judge.proxy import CallableProxy, Proxy, defines, held, is_proxy, label
from grader.judge.transcript import Recorder
from grader.model import Limits
from grader.worker.mirrors import Mirrors, make, reference
from grader.worker.modules import Twin
from grader.worker.protocol import (
    NO_CHANGE,
    ROOT,
    Answer,
    Body,
    Call,
    Callback,
    Get,
    Handle,
    Known,
    Load,
    New,
    Operate,
    Products,
    ProtocolError,
    Raised,
    Reply,
    Request,
    Result,
    Returned,
    Set,
    Sync,
    TensorData,
    TensorState,
    Vjp,
)
from grader.worker.tensors import UnsupportedTensorError, put, take

MAX_CALLBACK_DEPTH = 50


class Client:
    """The judge's side of one conversation."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        # What the suite asked of the submission last, and what came back, for messages.
        self.last_call = ""
        self.last_value: Any = None
        self._mirrors = Mirrors()
        self._results: weakref.WeakValueDictionary[int, Token] = weakref.WeakValueDictionary()
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
        # Whether student code changed a list or dict of the suite since the check began.
        self._rearranged = False
        # What was answered since the check began.
        self.recorder = Recorder()
        # Which of the forbidden names were at work since `take_ran`, by the worker's word.
        self._forbidden: tuple[str, ...] = ()
        self._ran: set[str] = set()
        self._seed: int | None = None
        self._defined: dict[tuple[int, str], Any] = {}
        self._last_id = 0
        self._number = 0
        self._depth = 0
        root = Handle(ROOT, ["builtins.module"], "", False, False)
        self.root = Proxy(self, root, "")
        self._proxies[ROOT] = self.root

    # ---- what proxies and the session ask for ----

    def load(
        self,
        source: str,
        file: str,
        name: str,
        *,
        cuda: bool | None,
        limits: Limits,
        cpu_s: float,
        forbidden: tuple[str, ...] = (),
        threads: int = 1,
    ) -> None:
        """Have the worker take its limits, import the submission, and look out for the names `forbidden`."""
        self._forbidden = forbidden
        load = Load(source, file, name, cuda, limits.memory_mib, cpu_s, limits.file_mib, list(forbidden), threads)
        self._request(lambda _: load, "")

    def take_ran(self) -> set[str]:
        """The forbidden names that the worker saw at work since this was last asked."""
        ran, self._ran = self._ran, set()
        return ran

    def begin(self, seed: int) -> None:
        """A check begins; the worker is told with the next request."""
        self.last_call, self.last_value = "", None
        self.recorder.clear()
        self.overwrote = self._rearranged = False
        self._seed = seed

    def get(self, proxy: Proxy, name: str) -> Any:
        """getattr(proxy, name).

        Functions and classes of the module, and those of its classes, are asked for once: `submission.MatMul.apply` is
        in every other line of a suite.
        """
        place = (held(proxy).id, name)
        if place in self._defined:
            return self._defined[place]
        path = f"{label(proxy)}.{name}" if label(proxy) else name
        value = self._request(lambda _: Get(held(proxy).id, name), path)
        if type(value) is CallableProxy and defines(proxy):
            self._defined[place] = value
            self.recorder.drop_last()
        return value

    def set(self, proxy: Proxy, name: str, value: Any) -> None:
        """setattr(proxy, name, value)."""
        self._defined.clear()
        self._request(lambda out: Set(held(proxy).id, name, out.value(value)), "")

    def call(self, proxy: Proxy, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """proxy(*args, **kwargs)."""
        said = f"{label(proxy)}({', '.join(arguments(args, kwargs))})"[:200]
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

        def verb(out: Outgoing) -> Vjp:
            ids = []
            for leaf in leaves:
                mirror = self._mirrors.of(leaf)
                if mirror is None:
                    raise UnsupportedError("a gradient is asked for a tensor that the worker no longer knows")
                ids.append(mirror.id)
            return Vjp(result, put(gradient, out.body), ids)

        answer = self._request(verb, "")
        products: list[torch.Tensor | None]
        written: torch.Tensor | None
        products, written = answer if isinstance(answer, tuple) else ([], None)
        if len(products) != len(leaves):
            raise self.channel.lose_protocol("gradients are missing")
        if written is not None:
            self._write_gradient(gradient, written)
        for product, leaf in zip(products, leaves, strict=True):
            if product is not None and (product.shape != leaf.shape or product.dtype != leaf.dtype):
                raise self.channel.lose_protocol("a gradient does not fit its tensor")
        return products

    def _write_gradient(self, gradient: torch.Tensor, written: torch.Tensor) -> None:
        """Student code has written to the incoming gradient, which belongs to the suite."""
        self.overwrote = True
        if written.shape != gradient.shape or written.dtype != gradient.dtype:
            raise self.channel.lose_protocol("an incoming gradient became another tensor")
        if not self.shielded:
            with self._checked():
                gradient.data.copy_(written)

    # ---- messages ----

    def _request(self, verb: Callable[[Outgoing], Any], said: str) -> Any:
        body = Body()
        try:
            # What changed goes first: the arguments may refer to a tensor that the worker learns of by it.
            sync = self._sync(body)
            outgoing = Outgoing(self, body)
            do = verb(outgoing)
        except UnsupportedTensorError as error:
            raise UnsupportedError(str(error)) from None
        except UnsupportedError:
            if self._rearranged:  # what cannot cross need not be the author's then
                raise ValueError("a list or dict of the suite holds what cannot be handed over") from None
            raise
        # An id may have been used again since it was noted: what is alive is not forgotten.
        released = [id for id in self._released if id not in self._results]
        released += self._mirrors.take_unowned()
        dropped = [id for id in self._dropped if id not in self._proxies]
        self._released, self._dropped = [], []
        self._number += 1
        number = self._number
        request = Request(number, torch.is_grad_enabled(), self._seed, sync, released, dropped, do)
        self._seed = None
        try:
            self.channel.send(request, body)
        except ValueError as error:  # larger than a frame may be
            if isinstance(do, Load) or self._rearranged or self.overwrote:
                raise  # the student's file, or what the student's code made so large
            raise UnsupportedError(str(error)) from None
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
        self.recorder.add(reply, body)
        with self._checked():
            for place in reply.ran:
                # Ours by its number: no text of the worker's gets into a report this way.
                if not 0 <= place < len(self._forbidden):
                    raise ProtocolError("a name that nobody asked for")
                self._ran.add(self._forbidden[place])
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

    def _finish(self, result: Any, sync: Sync, body: bytearray, outgoing: Outgoing, said: str) -> Any:
        value: Any = None
        with self._checked():
            incoming = Incoming(self, body, outgoing.containers, said)
            if isinstance(result, Returned):
                value = incoming.value(result.value)
            elif isinstance(result, Products):
                written = None if result.incoming is None else take(result.incoming, body)
                value = ([None if p is None else take(p, body) for p in result.gradients], written)
            self._apply_modules(sync, incoming)
            if isinstance(result, Returned):
                self._rearranged = self._rearranged or bool(result.containers)
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
            incoming = Incoming(self, body, {}, "")
            args = [incoming.value(a) for a in callback.args]
            kwargs = {name: incoming.value(a) for name, a in callback.kwargs}
        self._depth += 1
        out = Body()
        try:
            value = function(*args, **kwargs)
            sync = self._sync(out)
            answer = Answer(number, sync, Outgoing(self, out).value(value))
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

    def _apply_modules(self, sync: Sync, incoming: Incoming) -> None:
        for state in sync.modules:
            self.overwrote = True
            if self.shielded:
                # The suite's module stays as it was; the tensors are noted, since later messages may name them.
                for _, tensor in (*state.parameters, *state.buffers):
                    if tensor is not None:
                        incoming.tensor(tensor)
                continue
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
        token = Token(self, value.id)
        with torch.enable_grad():
            tensor: torch.Tensor = Remote.apply(token, data.detach, *leaves)  # type: ignore[no-untyped-call]
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
