"""What stands in a worker for the suite's own functions, modules and objects."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch

CallBack = Callable[[int, tuple[Any, ...], dict[str, Any]], Any]


class Opaque:
    """Stands for an object of the suite, which can be passed around and nothing else."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"<{self._name} of the caller>"


def suite_function(call_back: CallBack, id: int, name: str) -> Callable[..., Any]:
    """A function here whose calls go to the suite."""

    def function(*args: Any, **kwargs: Any) -> Any:
        return call_back(id, args, kwargs)

    function.__name__ = function.__qualname__ = name
    return function


class SuiteModule(torch.nn.Module):
    """Stands for a module whose class the suite defines: its forward runs there."""

    def __init__(self, call_back: CallBack, id: int, name: str) -> None:
        super().__init__()
        self.__dict__["_call_back"] = lambda args, kwargs: call_back(id, args, kwargs)
        self.__dict__["_suite_name"] = name

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.__dict__["_call_back"](args, kwargs)

    def __deepcopy__(self, memo: dict[int, Any]) -> SuiteModule:
        twin = SuiteModule.__new__(SuiteModule)
        memo[id(self)] = twin
        for name, value in self.__dict__.items():
            plain = name in ("_call_back", "_suite_name")
            twin.__dict__[name] = value if plain else copy.deepcopy(value, memo)
        return twin

    def _get_name(self) -> str:
        return str(self.__dict__.get("_suite_name", "Module"))
