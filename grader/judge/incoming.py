"""What a worker sent, as the judge's objects. Any error in here is the worker's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from grader.worker.protocol import (
    MAX_PAIRS,
    Big,
    Bytes,
    Handle,
    Held,
    Known,
    MappingValue,
    New,
    ProtocolError,
    Result,
    Same,
    SequenceValue,
    TorchName,
)

if TYPE_CHECKING:
    from grader.judge.client import Client


class Incoming:
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
