"""What dotted name an expression stands for: imports, aliases and scopes of a file, without running it.

`Reader.read()` goes through a parsed file once, in the order in which Python would, and calls `used` for each
expression that reads a name of a library: `used(node, "torch.nn.functional.linear")` for `G.linear(x)` after
`import torch.nn.functional as G`. What the file defines itself stands for nothing. Annotations, `isinstance`
and what is under `if __name__ == "__main__":` use nothing and are passed over.

It is evidence, not a wall: code that computes a name at run time gets past it. It must survive hostile
source, so nothing here recurses over expressions without a bound.
"""

from __future__ import annotations

import ast
import builtins
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum, auto
from typing import NamedTuple, TypeAlias

# Deeper expressions are unknown. The longest honest chains of attributes and calls are about 15.
DEPTH_MAX = 60
PATH_MAX_CHARS = 200
# A name can stand for several things (an `if` with two imports); more than these are dropped.
ATOMS_MAX = 16


class Kind(Enum):
    """What an atom is."""

    PATH = auto()  # a dotted name of a library
    TEXT = auto()  # a string constant
    TENSOR = auto()  # the result of arithmetic or of a torch function
    METHOD = auto()  # an attribute of an object of unknown type
    GETTER = auto()  # operator.attrgetter("...")
    NAMESPACE = auto()  # globals(), locals(), vars()
    OWN_CLASS = auto()
    OWN_FUNCTION = auto()
    OWN_OBJECT = auto()


class Atom(NamedTuple):
    """One thing that an expression may stand for."""

    kind: Kind
    text: str = ""


Value: TypeAlias = frozenset[Atom]
UNKNOWN: Value = frozenset()
_TENSOR: Value = frozenset({Atom(Kind.TENSOR)})
_OWN = frozenset({Kind.OWN_CLASS, Kind.OWN_FUNCTION, Kind.OWN_OBJECT})
_BUILTINS = frozenset(dir(builtins))
_IMPORTERS = frozenset({"importlib.import_module", "importlib.__import__", "builtins.__import__"})
_NAMESPACES = frozenset({"builtins.globals", "builtins.locals", "builtins.vars"})
_ATTRIBUTE_READERS = frozenset({"__getattribute__", "__getattr__"})
_DICT_READERS = (".__dict__.get", ".__dict__.__getitem__", ".__dict__.pop", ".__dict__.setdefault")
# Only a tensor has these: what they return is a tensor, whatever it was called on.
# fmt: off
_TENSOR_METHODS = frozenset({
    "abs", "bmm", "clone", "contiguous", "detach", "exp", "log", "logsumexp", "matmul", "max", "mean", "min",
    "mm", "mul", "norm", "permute", "pow", "requires_grad_", "reshape", "sqrt", "squeeze", "sub", "sum", "t",
    "transpose", "unsqueeze", "view",
})
_OPERATORS = frozenset({
    "__add__", "__radd__", "__sub__", "__rsub__", "__mul__", "__rmul__", "__matmul__", "__rmatmul__",
    "__truediv__", "__pow__",
})
# fmt: on
_TENSOR_ATTRIBUTES = frozenset({"T", "mT", "H", "mH", "data", "grad", "real", "imag"})
_NOT_TENSORS = frozenset({"torch.compile", "torch.jit.script", "torch.jit.trace"})


def canonical(path: str) -> str:
    """The public dotted name of a part of torch that was reached by a side door; others are unchanged."""
    parts = path.split(".")
    if parts[0] != "torch":
        return path
    if "torch" in parts[1:]:  # torch.nn.functional.torch.relu: a module's own import
        parts = parts[len(parts) - 1 - parts[::-1].index("torch") :]
    match parts[1:]:
        case ["nn", "modules", name, *rest] if _is_class_name(name):
            parts = ["torch", "nn", name, *rest]
        case ["nn", "modules", _, "F", *rest]:
            parts = ["torch", "nn", "functional", *rest]
        case ["nn", "modules", _, name, *rest] if _is_class_name(name):
            parts = ["torch", "nn", name, *rest]
        case ["_C", "_nn", *rest]:
            parts = ["torch", "nn", "functional", *rest]
        case ["_C", "_VariableFunctions", *rest] | ["_VF", *rest] | ["functional", *rest]:
            parts = ["torch", *rest]
        case ["_C", "TensorBase", *rest] | ["_C", "_TensorBase", *rest] | ["_tensor", "Tensor", *rest]:
            parts = ["torch", "Tensor", *rest]
    return ".".join(parts)


def parse(source: str) -> ast.Module | None:
    """The syntax tree, or None where Python can't make one (the worker tells the student why)."""
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes: not ours to complain about
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


class Scope:
    """The names of a module, class, function or comprehension."""

    __slots__ = ("elsewhere", "is_class", "is_comprehension", "lines", "names", "parent")

    def __init__(self, parent: Scope | None, *, is_class: bool = False, is_comprehension: bool = False) -> None:
        self.parent = parent
        self.is_class = is_class
        self.is_comprehension = is_comprehension
        self.names: dict[str, Value] = {}
        self.lines: dict[str, int] = {}
        self.elsewhere: dict[str, Scope] = {}  # declared global or nonlocal

    def lookup(self, name: str) -> Value | None:
        """What the name stands for here, None if it isn't bound."""
        scope: Scope | None = self
        while scope is not None:
            if (scope is self or not scope.is_class) and name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return None

    def bind(self, name: str, value: Value, line: int, *, maybe: bool) -> None:
        """Let the name stand for `value`; where the statement may not run, for that as well."""
        scope = self.elsewhere.get(name, self)
        if (maybe or scope is not self) and name in scope.names:
            value |= scope.names[name]
        scope.names[name] = _bounded(value)
        scope.lines[name] = line

    def module(self) -> Scope:
        """The outermost scope."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope


class Reader:
    """Reads one file. `used(node, path)` is called for each use of a library's name; twice for some.

    `methods` are the method names that matter: a call of one on an object of unknown type is a use of
    "torch.Tensor.<name>". `starred` lists, for a module, the names that `from module import *` brings in.
    """

    def __init__(
        self,
        tree: ast.Module,
        used: Callable[[ast.expr, str], None],
        *,
        methods: frozenset[str] = frozenset(),
        starred: Callable[[str], Sequence[str]] = lambda _module: (),
    ) -> None:
        self._tree = tree
        self._used = used
        self._methods = methods
        self._starred = starred
        self._attributes: dict[str, Value] = {}  # of any object of the file, by name only
        self._later: deque[tuple[ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, Scope, list[Value]]]
        self._later = deque()
        self._values: dict[int, Value] = {}
        self._cut_off: dict[int, Value] = {}
        self._too_deep = False
        self._stars: list[str] = []
        self._own_attributes: set[str] = set()
        self._guard_holds = True
        self._survey()

    def read(self) -> Scope:
        """Go through the file; returns the module's scope as it is in the end."""
        scope = self._read_once()
        if self._attributes:
            # `self.F = torch.nn.functional` may stand below the method that uses it.
            scope = self._read_once()
        return scope

    def _read_once(self) -> Scope:
        module = Scope(None)
        self._block(self._tree.body, module, maybe=False)
        # Bodies of functions run after the module: they see its names as they are in the end.
        while self._later:
            function, scope, defaults = self._later.popleft()
            self._function(function, scope, defaults)
        return module

    def _survey(self) -> None:
        """Collect what must be known beforehand: attributes the file defines, and if it renames itself."""
        for node in ast.walk(self._tree):
            match node:
                case ast.ClassDef():
                    for inner in node.body:
                        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                            self._own_attributes.add(inner.name)
                        elif isinstance(inner, ast.Assign):
                            names = (one.id for one in inner.targets if isinstance(one, ast.Name))
                            self._own_attributes.update(names)
                case ast.Attribute(ctx=ast.Store()):
                    self._own_attributes.add(node.attr)
                case ast.Name(id="__name__", ctx=ast.Store()) | ast.Constant(value="__name__"):
                    self._guard_holds = False

    # Statements. They nest at most 100 deep (Python's own limit), so this part may recurse.

    def _block(self, body: Sequence[ast.stmt], scope: Scope, *, maybe: bool) -> None:
        for statement in body:
            self._values.clear()  # names change between statements
            self._statement(statement, scope, maybe)

    def _statement(self, node: ast.stmt, scope: Scope, maybe: bool) -> None:
        match node:
            case ast.Import():
                for alias in node.names:
                    path = alias.name if alias.asname else alias.name.partition(".")[0]
                    scope.bind(alias.asname or path, _path(path), node.lineno, maybe=maybe)
            case ast.ImportFrom():
                self._import_from(node, scope, maybe)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                for decorator in node.decorator_list:
                    self._scan(decorator, scope, maybe)
                self._postpone(node, scope, maybe)
                scope.bind(node.name, frozenset({Atom(Kind.OWN_FUNCTION)}), node.lineno, maybe=maybe)
            case ast.ClassDef():
                for expression in (*node.decorator_list, *node.bases, *(key.value for key in node.keywords)):
                    self._scan(expression, scope, maybe)
                inside = Scope(scope, is_class=True)
                self._block(node.body, inside, maybe=False)
                for name, value in inside.names.items():
                    self._remember_attribute(name, value)
                scope.bind(node.name, frozenset({Atom(Kind.OWN_CLASS)}), node.lineno, maybe=maybe)
            case ast.Assign():
                self._scan(node.value, scope, maybe)
                for target in node.targets:
                    self._assign(target, node.value, scope, maybe)
            case ast.AnnAssign():
                if node.value is not None:
                    self._scan(node.value, scope, maybe)
                    self._assign(node.target, node.value, scope, maybe)
            case ast.AugAssign():
                self._scan(node.value, scope, maybe)
                if isinstance(node.target, ast.Name):
                    old = scope.lookup(node.target.id) or UNKNOWN
                    value = self._sum(old, self._value(node.value, scope))
                    scope.bind(node.target.id, value, node.lineno, maybe=maybe)
                else:
                    self._scan(node.target, scope, maybe)
            case ast.If():
                self._if(node, scope, maybe)
            case ast.For() | ast.AsyncFor():
                self._scan(node.iter, scope, maybe)
                self._bind_elements(node.target, node.iter, scope)
                self._block(node.body, scope, maybe=True)
                self._block(node.orelse, scope, maybe=True)
            case ast.While():
                self._scan(node.test, scope, maybe)
                self._block(node.body, scope, maybe=True)
                self._block(node.orelse, scope, maybe=True)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    self._scan(item.context_expr, scope, maybe)
                    if item.optional_vars is not None:
                        self._assign(item.optional_vars, None, scope, maybe)
                self._block(node.body, scope, maybe=maybe)
            case ast.Try() | ast.TryStar():
                self._block(node.body, scope, maybe=maybe)
                for handler in node.handlers:
                    if handler.name:
                        scope.bind(handler.name, UNKNOWN, handler.lineno, maybe=True)
                    self._block(handler.body, scope, maybe=True)
                self._block(node.orelse, scope, maybe=True)
                self._block(node.finalbody, scope, maybe=maybe)
            case ast.Match():
                self._scan(node.subject, scope, maybe)
                for case in node.cases:
                    for name in _captured(case.pattern):
                        scope.bind(name, UNKNOWN, node.lineno, maybe=True)
                    if case.guard is not None:
                        self._scan(case.guard, scope, True)
                    self._block(case.body, scope, maybe=True)
            case ast.Global():
                for name in node.names:
                    scope.elsewhere[name] = scope.module()
            case ast.Nonlocal():
                for name in node.names:
                    outer = scope.parent
                    while outer is not None and (outer.is_class or name not in outer.names):
                        outer = outer.parent
                    if outer is not None:
                        scope.elsewhere[name] = outer
            case ast.Return() | ast.Expr() | ast.Raise() | ast.Assert() | ast.Delete():
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.expr):
                        self._scan(child, scope, maybe)

    def _import_from(self, node: ast.ImportFrom, scope: Scope, maybe: bool) -> None:
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            if alias.name != "*":
                value = _path(f"{module}.{alias.name}")
                scope.bind(alias.asname or alias.name, value, node.lineno, maybe=maybe)
                continue
            if module not in self._stars and len(self._stars) < ATOMS_MAX:
                self._stars.append(module)
            for name in self._starred(canonical(module)):
                scope.bind(name, _path(f"{module}.{name}"), node.lineno, maybe=maybe)

    def _if(self, node: ast.If, scope: Scope, maybe: bool) -> None:
        while True:  # a loop, because a long chain of elif nests as deep as it is long
            self._values.clear()
            self._scan(node.test, scope, maybe)
            if not self._never_runs(node.test, scope):
                self._block(node.body, scope, maybe=True)
            if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
                node = node.orelse[0]
                continue
            self._block(node.orelse, scope, maybe=True)
            return

    def _never_runs(self, test: ast.expr, scope: Scope) -> bool:
        """True for `__name__ == "__main__"` and `TYPE_CHECKING`: nothing there runs while grading."""
        match test:
            case ast.Compare(ast.Name("__name__"), [ast.Eq()], [ast.Constant("__main__")]) | ast.Compare(
                ast.Constant("__main__"), [ast.Eq()], [ast.Name("__name__")]
            ):
                return self._guard_holds
        return Atom(Kind.PATH, "typing.TYPE_CHECKING") in self._value(test, scope)

    def _postpone(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope, maybe: bool) -> None:
        given = [*node.args.defaults, *(one for one in node.args.kw_defaults if one is not None)]
        for default in given:
            if not isinstance(node, ast.Lambda):  # the scan that found a lambda goes through its defaults
                self._scan(default, scope, maybe)
        self._later.append((node, scope, [self._value(default, scope) for default in given]))

    def _function(
        self,
        node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
        outer: Scope,
        defaults: list[Value],
    ) -> None:
        scope = Scope(outer)
        positional = [*node.args.posonlyargs, *node.args.args]
        keywords = [one for one, given in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if given]
        for one in (*positional, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg):
            if one is not None:
                scope.names[one.arg] = self._annotated(one, outer)
        count = len(node.args.defaults)
        for one, value in zip([*positional[len(positional) - count :], *keywords], defaults, strict=True):
            scope.names[one.arg] |= value
        if isinstance(node, ast.Lambda):
            self._values.clear()
            self._scan(node.body, scope, False)
            return
        if outer.is_class and positional:
            decorators = {one.id for one in node.decorator_list if isinstance(one, ast.Name)}
            if "staticmethod" not in decorators:
                kind = Kind.OWN_CLASS if "classmethod" in decorators else Kind.OWN_OBJECT
                scope.names[positional[0].arg] = frozenset({Atom(kind)})
        self._block(node.body, scope, maybe=False)

    def _annotated(self, argument: ast.arg, scope: Scope) -> Value:
        if argument.annotation is None:
            return UNKNOWN
        return _TENSOR if Atom(Kind.PATH, "torch.Tensor") in self._value(argument.annotation, scope) else UNKNOWN

    def _assign(self, target: ast.expr, source: ast.expr | None, scope: Scope, maybe: bool) -> None:
        """Bind the target to the value of `source`, element by element where both sides are written out."""
        todo: list[tuple[ast.expr, ast.expr | None]] = [(target, source)]
        while todo:
            target, source = todo.pop()
            match target:
                case ast.Name():
                    value = UNKNOWN if source is None else self._value(source, scope)
                    scope.bind(target.id, value, target.lineno, maybe=maybe)
                case ast.Tuple() | ast.List():
                    parts: list[ast.expr | None] = [None] * len(target.elts)
                    if (
                        isinstance(source, ast.Tuple | ast.List)
                        and len(source.elts) == len(parts)
                        and not any(isinstance(one, ast.Starred) for one in (*source.elts, *target.elts))
                    ):
                        parts = list(source.elts)
                    todo += zip(target.elts, parts, strict=True)
                case ast.Starred():
                    todo.append((target.value, None))
                case ast.Attribute():
                    if source is not None:
                        self._remember_attribute(target.attr, self._value(source, scope))
                    self._scan(target.value, scope, maybe)
                case ast.Subscript():
                    self._scan(target, scope, maybe)

    def _bind_elements(self, target: ast.expr, source: ast.expr, scope: Scope) -> None:
        if isinstance(target, ast.Name) and isinstance(source, ast.Tuple | ast.List | ast.Set):
            value = UNKNOWN.union(*(self._value(one, scope) for one in source.elts))
            scope.bind(target.id, value, target.lineno, maybe=True)
        else:
            self._assign(target, None, scope, True)

    def _remember_attribute(self, name: str, value: Value) -> None:
        paths = frozenset(atom for atom in value if atom.kind is Kind.PATH)
        if paths:
            self._attributes[name] = _bounded(self._attributes.get(name, UNKNOWN) | paths)

    # Expressions. They nest as deep as a student likes: a loop with a stack of its own.

    def _scan(self, root: ast.expr, scope: Scope, maybe: bool) -> None:
        """Report what the expression uses, and bind what it binds."""
        inside = self._unfold(root, scope, maybe)
        # Innermost first: each value then rests on those computed before, however deep the whole is.
        for node, where in reversed(inside):
            self._value(node, where)
        covered: set[int] = set()
        for node, where in inside:
            if isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
                named = self._report(node, where, covered=id(node) in covered)
                if named and isinstance(node, ast.Attribute):
                    covered.add(id(node.value))  # of a.b.c only the longest name is a use

    def _unfold(self, root: ast.expr, scope: Scope, maybe: bool) -> list[tuple[ast.expr, Scope]]:
        """The expression and all in it that is evaluated with it, outermost first, with its scope."""
        found: list[tuple[ast.expr, Scope]] = []
        todo: list[tuple[ast.expr, Scope]] = [(root, scope)]
        while todo:
            node, scope = todo.pop()
            found.append((node, scope))
            inner: Iterable[tuple[ast.expr, Scope]]
            match node:
                case ast.Lambda():
                    self._postpone(node, scope, maybe)
                    defaults = (*node.args.defaults, *node.args.kw_defaults)
                    inner = ((one, scope) for one in defaults if one is not None)
                case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                    inner = self._comprehension(node, scope)
                case ast.Call() if self._only_reads_types(node, scope):
                    inner = ((one, scope) for one in node.args[:1])
                case ast.NamedExpr():
                    holder = scope
                    while holder.is_comprehension and holder.parent is not None:
                        holder = holder.parent
                    holder.bind(node.target.id, self._value(node.value, scope), node.lineno, maybe=True)
                    self._values.clear()
                    inner = ((node.value, scope),)
                case _:
                    inner = ((one, scope) for one in _expressions(node))
            todo += reversed(list(inner))
        return found

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, outer: Scope
    ) -> Iterator[tuple[ast.expr, Scope]]:
        scope = Scope(outer, is_comprehension=True)
        for generator in node.generators:
            self._bind_elements(generator.target, generator.iter, scope)
            yield generator.iter, scope
            for test in generator.ifs:
                yield test, scope
        if isinstance(node, ast.DictComp):
            yield node.key, scope
            yield node.value, scope
        else:
            yield node.elt, scope

    def _report(
        self, node: ast.Name | ast.Attribute | ast.Call | ast.Subscript, scope: Scope, *, covered: bool
    ) -> bool:
        """Tell `used` what the expression stands for, unless a longer name covers it. True if a name."""
        if not isinstance(node, ast.Call) and not isinstance(node.ctx, ast.Load):
            return False
        paths = [atom.text for atom in self._value(node, scope) if atom.kind is Kind.PATH]
        if not covered:
            for path in paths:
                self._used(node, path)
        if isinstance(node, ast.Call):
            for atom in self._value(node.func, scope):
                if atom.kind is Kind.METHOD:
                    self._used(node, f"torch.Tensor.{atom.text}")
                elif atom == Atom(Kind.PATH, "builtins.setattr") and len(node.args) == 3:
                    for name in self._texts(node.args[1], scope):
                        self._remember_attribute(name, self._value(node.args[2], scope))
        return bool(paths)

    def _only_reads_types(self, node: ast.Call, scope: Scope) -> bool:
        if not isinstance(node.func, ast.Name):
            return False
        paths = {atom.text for atom in self._value(node.func, scope) if atom.kind is Kind.PATH}
        return bool(paths) and paths <= {"builtins.isinstance", "builtins.issubclass"} and not node.keywords

    def _value(self, node: ast.expr, scope: Scope, depth: int = 0) -> Value:
        """What the expression may stand for."""
        if depth == 0:
            self._cut_off.clear()
        known = self._values.get(id(node))
        if known is not None:
            return known
        if depth > DEPTH_MAX or id(node) in self._cut_off:
            self._too_deep = True
            return self._cut_off.get(id(node), UNKNOWN)
        before, self._too_deep = self._too_deep, False
        value = _bounded(self._evaluate(node, scope, depth + 1))
        # What rests on something too deep is kept for this evaluation only.
        (self._cut_off if self._too_deep else self._values)[id(node)] = value
        self._too_deep = self._too_deep or before
        return value

    def _evaluate(self, node: ast.expr, scope: Scope, depth: int) -> Value:
        match node:
            case ast.Constant(value=str() as text):
                return frozenset({Atom(Kind.TEXT, text)}) if len(text) <= PATH_MAX_CHARS else UNKNOWN
            case ast.JoinedStr():
                return self._joined(node, scope, depth)
            case ast.Name():
                value = scope.lookup(node.id)
                if value is not None:
                    return value
                if node.id in _BUILTINS:
                    return _path(f"builtins.{node.id}")
                return UNKNOWN.union(*(_path(f"{module}.{node.id}") for module in self._stars))
            case ast.Attribute():
                return self._attribute(self._value(node.value, scope, depth), node.attr)
            case ast.Call():
                return self._call(node, scope, depth)
            case ast.Subscript():
                return self._item(node, scope, depth)
            case ast.NamedExpr():
                return self._value(node.value, scope, depth)
            case ast.IfExp():
                return self._value(node.body, scope, depth) | self._value(node.orelse, scope, depth)
            case ast.BoolOp():
                return UNKNOWN.union(*(self._value(one, scope, depth) for one in node.values))
            case ast.BinOp():
                return self._sum(self._value(node.left, scope, depth), self._value(node.right, scope, depth))
            case ast.UnaryOp(op=ast.USub()):
                return self._value(node.operand, scope, depth)
            case ast.Lambda():
                return frozenset({Atom(Kind.OWN_FUNCTION)})
        return UNKNOWN

    def _attribute(self, value: Value, name: str) -> Value:
        method = frozenset({Atom(Kind.METHOD, name)}) if name in self._methods else UNKNOWN
        stored = self._attributes.get(name, UNKNOWN)
        if not value:
            # An object of unknown type may be one of the file's own classes, with a method of that name.
            return stored if name in self._own_attributes else stored | method
        result: set[Atom] = set()
        for kind, text in value:
            if kind is Kind.PATH:
                result |= _path(f"{text}.{name}")
            elif kind is Kind.TENSOR:
                result |= _TENSOR if name in _TENSOR_ATTRIBUTES else method
            elif kind in _OWN:
                result |= stored
            elif kind is Kind.METHOD and name == "__call__":
                result.add(Atom(kind, text))
        return frozenset(result)

    def _call(self, node: ast.Call, scope: Scope, depth: int) -> Value:
        result: set[Atom] = set()
        function = self._value(node.func, scope, depth)
        first = self._value(node.args[0], scope, depth) if node.args else UNKNOWN
        for kind, text in function:
            if kind is Kind.PATH:
                result |= self._library_call(text, node, first, scope, depth)
            elif kind is Kind.OWN_CLASS:
                result.add(Atom(Kind.OWN_OBJECT))
            elif kind is Kind.GETTER:
                found = first
                for part in text.split("."):
                    found = self._attribute(found, part)
                result |= found
        if isinstance(node.func, ast.Attribute):
            base = self._value(node.func.value, scope, depth)
            if node.func.attr in _ATTRIBUTE_READERS and node.args:
                for name in self._texts(node.args[-1], scope, depth):
                    result |= self._attribute(base, name)
            if node.func.attr in _TENSOR_METHODS and all(atom.kind is Kind.TENSOR for atom in base):
                result |= _TENSOR
        return frozenset(result)

    def _library_call(self, path: str, node: ast.Call, first: Value, scope: Scope, depth: int) -> Value:
        texts = [atom.text for atom in first if atom.kind is Kind.TEXT]
        if path == "builtins.getattr" and len(node.args) >= 2:
            names = self._texts(node.args[1], scope, depth)
            default = self._value(node.args[2], scope, depth) if len(node.args) > 2 else UNKNOWN
            return default.union(*(self._attribute(first, name) for name in names))
        if path in _IMPORTERS:
            top_only = path.endswith("__import__") and len(node.args) < 4 and not node.keywords
            return UNKNOWN.union(*(_path(one.partition(".")[0] if top_only else one) for one in texts))
        if path in _NAMESPACES and not node.args:
            return frozenset({Atom(Kind.NAMESPACE)})
        if path == "builtins.vars":
            return self._attribute(first, "__dict__")
        if path == "builtins.super":
            return frozenset({Atom(Kind.OWN_OBJECT)})
        if path == "operator.attrgetter":
            return frozenset(Atom(Kind.GETTER, one) for one in texts)
        if path == "operator.methodcaller":
            return frozenset(Atom(Kind.METHOD, one) for one in texts if one in self._methods)
        if path.endswith(_DICT_READERS):
            module = path[: path.rindex(".__dict__")]
            return UNKNOWN.union(*(_path(f"{module}.{one}") for one in texts))
        if path in ("torch.Tensor", "torch.nn.Parameter", "torch.nn.parameter.Parameter"):
            return _TENSOR
        if path.startswith("torch.") and path not in _NOT_TENSORS:
            return UNKNOWN if _is_class_name(path.rpartition(".")[2]) else _TENSOR
        return UNKNOWN

    def _item(self, node: ast.Subscript, scope: Scope, depth: int) -> Value:
        result: set[Atom] = set()
        base = self._value(node.value, scope, depth)
        for kind, text in base:
            if kind is Kind.TENSOR:
                result |= _TENSOR
            if kind not in (Kind.PATH, Kind.NAMESPACE):
                continue
            for name in self._texts(node.slice, scope, depth):
                if kind is Kind.NAMESPACE:
                    result |= scope.lookup(name) or UNKNOWN
                elif text == "sys.modules":
                    result |= _path(name)
                elif text.endswith(".__dict__"):
                    result |= _path(f"{text.removesuffix('.__dict__')}.{name}")
        return frozenset(result)

    def _joined(self, node: ast.JoinedStr, scope: Scope, depth: int) -> Value:
        texts = [""]
        for part in node.values:
            inner = part.value if isinstance(part, ast.FormattedValue) else part
            texts = [old + new for old in texts for new in self._texts(inner, scope, depth)][:ATOMS_MAX]
        return frozenset(Atom(Kind.TEXT, text) for text in texts if len(text) <= PATH_MAX_CHARS)

    def _sum(self, left: Value, right: Value) -> Value:
        """Of two texts, their sum; otherwise a tensor, unless the file defines operators of its own."""
        texts = {
            Atom(Kind.TEXT, one.text + other.text)
            for one in left
            for other in right
            if one.kind is Kind.TEXT and other.kind is Kind.TEXT
        }
        if texts:
            return frozenset(atom for atom in texts if len(atom.text) <= PATH_MAX_CHARS)
        return UNKNOWN if self._own_attributes & _OPERATORS else _TENSOR

    def _texts(self, node: ast.expr, scope: Scope, depth: int = 0) -> list[str]:
        return [atom.text for atom in self._value(node, scope, depth) if atom.kind is Kind.TEXT]


def _path(path: str) -> Value:
    return frozenset({Atom(Kind.PATH, canonical(path))}) if len(path) <= PATH_MAX_CHARS else UNKNOWN


def _bounded(value: Value) -> Value:
    if len(value) <= ATOMS_MAX:
        return value
    return frozenset(sorted(value, key=lambda atom: (atom.kind.value, atom.text))[:ATOMS_MAX])


def _is_class_name(name: str) -> bool:
    return name[:1].isupper()


def _captured(pattern: ast.pattern) -> Iterator[str]:
    for node in ast.walk(pattern):
        if isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name
        elif isinstance(node, ast.MatchMapping) and node.rest:
            yield node.rest


def _expressions(node: ast.expr) -> Iterator[ast.expr]:
    """The expressions directly inside, also those in keyword arguments, slices and format fields."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield child
        elif isinstance(child, ast.keyword):
            yield child.value
