"""What ran while student code ran: evidence of ready-made versions whose name the source does not show.

Two observers, both of which only listen. Torch reports each operation to its profiler, whichever way it was reached:
`getattr`, `torch.ops`, a method, a saved original, a compiled script. And the forbidden functions and classes that are
written in Python get a trap: their code notes that it was called and goes on as before; the function objects stay the
same ones. Where the profiler was blind (other threads, long calls) the names in the autograd graph are read.

Evidence goes to the judge as numbers, places in the list of names that came with the submission. It is evidence and
no proof: this is the student's process, and whoever looks for it can switch it off.
"""

from __future__ import annotations

import contextlib
import re
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import torch
from torch._C._profiler import ProfilerConfig, ProfilerState, _ExperimentalConfig

from .protocol import MAX_RAN

# CPU seconds after which operations are no longer listened to within one request. The profiler keeps some 500 bytes
# for each event, a busy loop of a slow student makes a million events in a few seconds, and no check needs so long.
BUDGET_S = 0.01
# A package that is forbidden as a whole has this many functions at most.
TRAPS_MAX = 1000

_AUTOGRAD = torch._C._autograd
# Where operations have their public names, and how the name of the kernel begins.
_KERNELS_OF = {
    "torch": "", "torch.Tensor": "", "torch.nn.functional": "", "torch.ops.aten": "",
    "torch.linalg": "linalg_", "torch.special": "special_", "torch.fft": "fft_",
}  # fmt: skip
# `torch.nn.functional.nll_loss` goes to any of aten::nll_loss, nll_loss_nd, nll_loss_forward.
_VARIANTS = ("{}", "_{}", "{}_nd", "{}_forward", "{}_loss")
# What runs when a class is used; of the classes in a forbidden package only the first. In a fresh process each trap
# costs some five page faults, 25 us together.
_METHODS = ("__init__", "__new__", "__call__", "forward", "step")
_NODE = re.compile(r"(\w+)Backward\d+")
_PROFILER, _THREAD, _EXEMPT = -1, -2, -3


class Observer:
    """Looks out for the APIs `names` (dotted, public) while it is entered, as a context manager."""

    def __init__(self, names: Sequence[str]) -> None:
        self.found: set[int] = set()
        self._watching = False
        self._listening = False
        self._blind = False
        self._main = threading.get_ident()
        self._kernels: dict[str, int] = {}
        self._classes: dict[type, int] = {}
        self._exempt: set[types.FunctionType] = set()
        self._has_suite_modules = False
        self._trapped: dict[types.FunctionType, types.FunctionType] = {}
        for index, name in enumerate(names):
            self._look_out_for(index, name)
        # The node of `relu` is ReluBackward0.
        self._nodes = {
            "".join(part.capitalize() for part in kernel.split("_")): index for kernel, index in self._kernels.items()
        }
        if self._kernels:
            self._listen_without_harm()

    # ---- when to look ----

    def __enter__(self) -> None:
        """Student code begins."""
        self._watching = True
        self._listen()

    def __exit__(self, *exception: object) -> None:
        """Student code ends."""
        self._watching = False
        self._listen_no_more()

    @contextlib.contextmanager
    def looking_away(self) -> Iterator[None]:
        """What runs here is not the student's, although student code has called it."""
        was = self._watching
        self.__exit__()
        try:
            yield
        finally:
            if was:
                self.__enter__()

    def take(self) -> list[int]:
        """What was found since it was last asked for."""
        found = sorted(self.found)[:MAX_RAN]
        self.found.clear()
        return found

    def look_at_classes(self, module: str) -> None:
        """The submission, `module`, is imported: look for classes of its own that are built on a forbidden one."""
        for cls, index in self._classes.items():
            below: list[type] = type.__subclasses__(cls)
            if any(sub.__module__ == module for sub in below):
                self.found.add(index)

    def exempt(self, module: torch.nn.Module) -> None:
        """The suite itself hands out `module`, so student code may call it, a copy of it, and others of its class.

        Its graph cannot be told from the student's.
        """
        self._has_suite_modules = True
        for cls in type(module).__mro__:
            if cls is torch.nn.Module:
                return
            for function in _functions_of_class(cls):
                self._exempt.add(function)
                self._trap(_EXEMPT, function)

    def see_node(self, node: Any) -> None:
        """`node` is in the graph of a result; its name counts where the profiler heard nothing."""
        if self._blind and not self._has_suite_modules and (match := _NODE.fullmatch(type(node).__name__)):
            index = self._nodes.get(match[1])
            if index is not None:
                self.found.add(index)

    # ---- operations ----

    def _listen(self) -> None:
        if not self._kernels or self._listening:
            return
        try:
            _AUTOGRAD._enable_profiler_legacy(_CONFIG)
        except RuntimeError:  # the student's own profiler runs
            self._blind = True
            return
        self._listening = True
        signal.setitimer(signal.ITIMER_VIRTUAL, BUDGET_S)

    def _listen_no_more(self) -> None:
        if not self._listening:
            return
        self._listening = False
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        try:
            threads = _AUTOGRAD._disable_profiler_legacy()
        except RuntimeError:
            self._blind = True
            return
        for events in threads:
            self._read(events)

    def _read(self, events: Sequence[Any]) -> None:
        """Note the forbidden ones among the operations that were called, not those that these are made of.

        Backward formulas of torch are left out for the same reason; those of the student's own functions are not.
        """
        inside = 0
        for event in events:
            kind = event.kind()
            if kind == "pop":
                inside -= inside > 0
            elif kind == "push":
                if inside:
                    inside += 1
                    continue
                name = event.name()
                if name.startswith("aten::"):
                    inside = 1
                    index = self._kernels.get(name[6:].removesuffix("_"))
                    if index is not None:
                        self.found.add(index)
                elif name.startswith("autograd::engine::evaluate_function") and not name.endswith("Backward"):
                    inside = 1

    def _out_of_time(self, *_: object) -> None:
        if self._listening:
            self._blind = True
            self._listen_no_more()

    def _listen_without_harm(self) -> None:
        """See to it that listening ends in a busy loop, and when the student wants the profiler."""
        try:
            signal.signal(signal.SIGVTALRM, self._out_of_time)
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            can_end = hasattr(_AUTOGRAD, "_disable_profiler_legacy")
        except (OSError, ValueError):
            can_end = False
        if not can_end:
            self._kernels.clear()
            self._blind = True
            return
        profile = torch.autograd.profiler.profile
        places = (
            (profile, "__enter__", _PROFILER),
            (profile, "_prepare_trace", _PROFILER),
            (threading.Thread, "start", _THREAD),
        )
        for cls, name, index in places:
            if isinstance(function := vars(cls).get(name), types.FunctionType):
                self._trap(index, function)

    # ---- functions and classes ----

    def _look_out_for(self, index: int, name: str) -> None:
        thing = _resolve(name)
        parent, _, last = name.rpartition(".")
        # A method of Tensor that is written in Python (`backward`) is no operation; a trap is enough for it.
        is_operation = not isinstance(thing, type | types.ModuleType) and not (
            parent == "torch.Tensor" and isinstance(thing, types.FunctionType)
        )
        if is_operation and parent in _KERNELS_OF:
            for variant in _VARIANTS:
                kernel = _KERNELS_OF[parent] + variant.format(last.removesuffix("_"))
                self._kernels.setdefault(kernel, index)
        for part in _parts(thing):
            if isinstance(part, type):
                self._classes.setdefault(part, index)
                functions = _functions_of_class(part)
                for function in islice(functions, 1) if isinstance(thing, types.ModuleType) else functions:
                    self._trap(index, function)
            else:
                self._trap(index, part)

    def _trap(self, index: int, function: types.FunctionType) -> None:
        """Have `function` tell us that it is called; it stays the same object and does the same."""
        if function in self._trapped or len(self._trapped) >= TRAPS_MAX:
            return
        copy = types.FunctionType(
            function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
        )
        copy.__kwdefaults__ = function.__kwdefaults__

        def enter(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            return self._enter(index, function, copy, args, kwargs)

        code = function.__code__
        try:
            function.__code__ = _TRAP.replace(
                co_consts=tuple(enter if const == _MARK else const for const in _TRAP.co_consts),
                co_freevars=code.co_freevars,
                co_name=code.co_name,
                co_qualname=code.co_qualname,
                # Where inspect.getsource, and so torch.jit.script, look for the source.
                co_filename=code.co_filename,
                co_firstlineno=code.co_firstlineno,
            )
        except (ValueError, TypeError):
            return
        self._trapped[function] = copy

    def _enter(
        self,
        index: int,
        function: types.FunctionType,
        copy: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        if not self._watching:
            return copy(*args, **kwargs)
        if threading.get_ident() != self._main:
            if index >= 0 and function not in self._exempt:
                self.found.add(index)
            return copy(*args, **kwargs)
        if index in (_PROFILER, _THREAD):
            self._blind = True
            if index == _PROFILER:  # there is only one
                self._listen_no_more()
            return copy(*args, **kwargs)
        if function not in self._exempt:
            if _called_by_torch():
                return copy(*args, **kwargs)
            self.found.add(index)
        # What it is made of is no further evidence.
        with self.looking_away():
            return copy(*args, **kwargs)


def rehearse() -> None:
    """Look out for something that is there, so that the first real time is not slower than the others."""
    observer = Observer(())
    function = types.FunctionType(_nothing.__code__, {})
    observer._trap(0, function)
    function()
    if not hasattr(_AUTOGRAD, "_enable_profiler_legacy") or _AUTOGRAD._profiler_enabled():
        return
    _AUTOGRAD._enable_profiler_legacy(_CONFIG)
    torch.relu(torch.zeros(2))
    for events in _AUTOGRAD._disable_profiler_legacy():
        observer._read(events)


def _nothing() -> None:
    pass


def _trap_code(*args: Any, **kwargs: Any) -> Any:
    enter: Any = "enter"
    return enter(args, kwargs)


_MARK = "enter"
_TRAP = _trap_code.__code__
_CONFIG = ProfilerConfig(ProfilerState.CPU, False, False, False, False, False, _ExperimentalConfig())


def _called_by_torch() -> bool:
    """Whether a trap was sprung by torch itself: `gradcheck` calls `torch.autograd.grad`."""
    frame = sys._getframe(4)  # past ourselves, _enter, enter and the trap
    while frame.f_globals.get("__name__") == "torch.nn.modules.module" and frame.f_back is not None:
        frame = frame.f_back  # how a module's forward is called
    return _is_torch(frame.f_globals.get("__name__"))


def _is_torch(module: object) -> bool:
    return isinstance(module, str) and (module == "torch" or module.startswith("torch."))


def _resolve(name: str) -> Any:
    """The object of that dotted name, as far as it is there without importing or computing anything."""
    first, *rest = name.split(".")
    found: Any = sys.modules.get(first)
    path = first
    for part in rest:
        path = f"{path}.{part}"
        found = getattr(found, "__dict__", {}).get(part, sys.modules.get(path))
    return found


def _parts(thing: Any) -> Iterator[types.FunctionType | type]:
    """The functions and classes that a forbidden thing consists of."""
    pending, seen = [thing], set()
    while pending:
        part = pending.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, types.FunctionType | type):
            yield part
        elif isinstance(part, types.ModuleType):
            pending += _contents(part)


def _contents(module: types.ModuleType) -> list[Any]:
    """What a module is there for: the names that it lists and what it defines, not what it imports."""
    listed = set(vars(module).get("__all__", ()))
    below = f"{module.__name__}."
    found: list[Any] = []
    for name, value in list(vars(module).items()):
        if isinstance(value, types.ModuleType):
            if value.__name__.startswith(below):
                found.append(value)
        elif isinstance(value, types.FunctionType | type) and (
            name in listed or (name[:1] != "_" and f"{value.__module__}.".startswith(below))
        ):
            found.append(value)
    return found


def _functions_of_class(cls: type) -> Iterator[types.FunctionType]:
    for name in _METHODS:
        function = vars(cls).get(name)
        function = getattr(function, "__func__", function)
        if isinstance(function, types.FunctionType):
            yield function
