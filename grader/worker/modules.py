"""Twins of torch modules: the same module on both sides, around twins of its tensors.

Code replaces a module's tensors as well as changing them (`model.to("meta")` makes new Parameters), so each side
compares which tensor stands under which name, and tells the other when that changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch

from .protocol import Known, ModuleState, New

Name = Callable[[torch.Tensor], Known | New]
Find = Callable[[Known | New], torch.Tensor]
Named = Iterable[tuple[str, Known | New | None]]


class Twin:
    """A module with its id, and what the other side knows of it."""

    def __init__(self, id: int, module: torch.nn.Module) -> None:
        self.id = id
        self.module = module
        self._known = self._state()

    def _state(self) -> tuple[object, ...]:
        m = self.module
        tables = (m._parameters, m._buffers)
        return (m.training, *(tuple((name, id(t)) for name, t in table.items()) for table in tables))

    def set_tensors(self, parameters: Named, buffers: Named, find: Find) -> None:
        """Put the named tensors in place of those that are there."""
        for table, given in ((self.module._parameters, parameters), (self.module._buffers, buffers)):
            tensors = [(name, None if t is None else find(t)) for name, t in given]
            table.clear()
            table.update(tensors)  # type: ignore[arg-type]
        self._known = self._state()

    def name_tensors(self, name_of: Name) -> tuple[list[tuple[str, Known | New | None]], ...]:
        """The parameters and the buffers, as they are told to the other side."""
        m = self.module
        tables: tuple[dict[str, torch.Tensor | None], ...] = (m._parameters, m._buffers)  # type: ignore[assignment]
        return tuple([(name, None if t is None else name_of(t)) for name, t in table.items()] for table in tables)

    def apply(self, state: ModuleState, find: Find) -> None:
        """Do here what changed there."""
        self.module.training = state.training
        self.set_tensors(state.parameters, state.buffers, find)

    def change(self, name_of: Name) -> ModuleState | None:
        """What the other side does not know yet, if anything; it is taken as known from now on."""
        now = self._state()
        if now == self._known:
            return None
        self._known = now
        parameters, buffers = self.name_tensors(name_of)
        return ModuleState(self.id, bool(self.module.training), parameters, buffers)
