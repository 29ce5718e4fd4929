"""What a worker and its judge both know: tensors, results, objects and modules, by their ids."""

from __future__ import annotations

import pickle
import types
from collections.abc import Callable
from typing import Any

import torch

from .errors import plain, qualified_name
from .mirrors import Mirrors, make, reference
from .modules import Twin
from .observe import Observer
from .protocol import (
    MAX_CLASSES,
    MAX_NAME,
    ROOT,
    Body,
    Handle,
    Held,
    Known,
    ModuleValue,
    New,
    Request,
    Result,
    Sync,
)
from .standins import CallBack, SuiteModule
from .tensors import put

# In methods where `id` is a parameter.
identity = id

# Copied before an observer can wait in it for student code: it is ours that calls this one.
_grad: Callable[..., tuple[torch.Tensor | None, ...]] = types.FunctionType(
    torch.autograd.grad.__code__,
    torch.autograd.grad.__globals__,
    argdefs=torch.autograd.grad.__defaults__,
    closure=torch.autograd.grad.__closure__,
)


class Tables:
    """The worker's side of them. `call_back` calls a function of the suite by its id."""

    def __init__(self, call_back: CallBack) -> None:
        self.call_back = call_back
        self.observer: Observer | None = None
        self._mirrors = Mirrors()
        self._results: dict[int, torch.Tensor] = {}
        self._result_ids: dict[int, int] = {}
        self._handles: dict[int, Any] = {}
        self._handle_ids: dict[int, int] = {}
        self._theirs: dict[int, Any] = {}
        self._their_ids: dict[int, int] = {}
        self._modules: dict[int, Twin] = {}
        self._last_id = 0

    def _next_id(self) -> int:
        self._last_id -= 1
        return self._last_id

    def object(self, id: int) -> Any:
        """The object with an id, here or there."""
        return self._theirs[id] if id > 0 else self._handles[id]

    def apply(self, sync: Sync, body: bytearray) -> None:
        """Do here what the judge says has changed there."""
        self._mirrors.apply(sync.tensors, body)
        for state in sync.modules:
            self._modules[state.id].apply(state, lambda t: self.tensor(t, body))

    def forget(self, request: Request) -> None:
        """Let go of what the judge has let go of."""
        for id in request.released:
            self._mirrors.remove(id)
            result = self._results.pop(id, None)
            if result is not None:
                self._result_ids.pop(identity(result), None)
        for id in request.dropped:
            gone = self._handles.pop(id, None)
            self._handle_ids.pop(identity(gone), None)

    def changes(self, out: Body) -> Sync:
        """What the judge does not know yet; it is taken as known from now on."""
        tensors = self._mirrors.changes(out)
        modules = (m.change(lambda t: self.leaf(t, out)) for m in self._modules.values())
        return Sync(tensors, [state for state in modules if state is not None])

    def set_root(self, module: types.ModuleType) -> None:
        """The submission is `module`."""
        self._handles[ROOT] = module
        self._handle_ids[id(module)] = ROOT

    def products(self, result: int, gradient: torch.Tensor, leaves: list[int]) -> tuple[torch.Tensor | None, ...]:
        """The vector-Jacobian products of a result with respect to the tensors with the ids `leaves`."""
        wanted = [self._mirrors.get(leaf).grad_of for leaf in leaves]
        output = self._results[result]
        return _grad([output], wanted, [gradient], retain_graph=True, allow_unused=True)

    def last_result(self) -> int:
        """The id of the newest result."""
        return min(self._results)

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
            if self.observer is not None:
                self.observer.see_node(node)
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
            plain(name)[:MAX_NAME] if isinstance(name, str) else "",
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
            if self.observer is not None:
                self.observer.exempt(module)
        else:
            module = SuiteModule(self.call_back, value.id, value.name)
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


def _no_way_back(leaf: torch.Tensor) -> None:
    raise RuntimeError(
        "backward() was called here on something computed from a tensor whose history is in the suite. "
        "Only the suite can run this backward pass."
    )
