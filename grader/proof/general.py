"""Operators that know Python only. Each takes one node and yields the changes that it can make there."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator

from grader.proof.sites import HANDLES, Site, attributes_of, is_value, locals_of, site, visible
from grader.proof.source import Change, Edit, Function, Source

_SIGNS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.MatMult: "@",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
}
_OTHER_SIGN = {
    "+": "-", "-": "+", "*": "/", "/": "*", "//": "/", "%": "//", "**": "*", "@": "*", "&": "|", "|": "&", "^": "&",
    "<<": ">>", ">>": "<<",
}  # fmt: skip
_COMPARISONS: dict[type[ast.cmpop], tuple[str, tuple[str, ...]]] = {
    ast.Lt: ("<", ("<=", ">=")),
    ast.LtE: ("<=", ("<", ">")),
    ast.Gt: (">", (">=", "<=")),
    ast.GtE: (">=", (">", "<")),
    ast.Eq: ("==", ("!=", "is")),
    ast.NotEq: ("!=", ("==",)),
    ast.Is: ("is", ("is not", "==")),
    ast.IsNot: ("is not", ("is", "!=")),
    ast.In: ("in", ("not in",)),
    ast.NotIn: ("not in", ("in",)),
}
_MUTUAL = (ast.Add, ast.Mult, ast.BitAnd, ast.BitOr, ast.BitXor)


def arithmetic(source: Source, node: ast.AST) -> Iterator[Change]:
    """Another sign between two numbers: + for -, * for @."""
    if isinstance(node, ast.BinOp):
        sign = _OTHER_SIGN[_SIGNS[type(node.op)]]
        yield source.replace(node, f"{source.atom(node.left)} {sign} {source.atom(node.right)}")
    elif isinstance(node, ast.AugAssign):
        sign = _OTHER_SIGN[_SIGNS[type(node.op)]]
        yield (Edit(*source.span(node), f"{source.of(node.target)} {sign}= {source.of(node.value)}"),)


def operand(source: Source, node: ast.AST) -> Iterator[Change]:
    """One of two operands is forgotten."""
    if isinstance(node, ast.BinOp | ast.BoolOp):
        operands = [node.left, node.right] if isinstance(node, ast.BinOp) else node.values
        for left_out in range(len(operands)):
            kept = [one for number, one in enumerate(operands) if number != left_out]
            word = "and" if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And) else "or"
            if len(kept) == 1:
                yield source.put(node, kept[0])
            else:
                yield source.replace(node, f" {word} ".join(source.atom(one) for one in kept))
    elif isinstance(node, ast.UnaryOp) and not isinstance(node.operand, ast.Constant):
        yield source.put(node, node.operand)


def swapped_operands(source: Source, node: ast.AST) -> Iterator[Change]:
    """The operands of an operator whose order matters change places."""
    if isinstance(node, ast.BinOp) and not isinstance(node.op, _MUTUAL):
        yield source.replace(node, f"{source.atom(node.right)} {_SIGNS[type(node.op)]} {source.atom(node.left)}")


def wrong_sign(source: Source, node: ast.AST) -> Iterator[Change]:
    """A result has the wrong sign."""
    if isinstance(node, ast.expr) and is_value(source, node) and site(source, node) in (Site.RETURNED, Site.ASSIGNED):
        yield source.replace(node, f"-{source.atom(node)}")


def comparison(source: Source, node: ast.AST) -> Iterator[Change]:
    """Another comparison: <= for <, == for is, truth for `is None`."""
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        return
    left, right = node.left, node.comparators[0]
    for other in _COMPARISONS[type(node.ops[0])][1]:
        yield source.replace(node, f"{source.atom(left)} {other} {source.atom(right)}")
    if isinstance(right, ast.Constant) and right.value is None and isinstance(node.ops[0], ast.Is | ast.IsNot):
        word = "not " if isinstance(node.ops[0], ast.Is) else ""
        yield source.replace(node, f"{word}{source.atom(left)}")


def boolean(source: Source, node: ast.AST) -> Iterator[Change]:
    """`or` for `and`, and back."""
    if isinstance(node, ast.BoolOp):
        word = " or " if isinstance(node.op, ast.And) else " and "
        yield source.replace(node, word.join(source.atom(value) for value in node.values))


def condition(source: Source, node: ast.AST) -> Iterator[Change]:
    """A condition is turned round, or no longer asked."""
    tests: list[ast.expr] = []
    if isinstance(node, ast.If | ast.IfExp):
        tests = [node.test]
    elif isinstance(node, ast.comprehension):
        tests = node.ifs
    for test in tests:
        if isinstance(test, ast.Constant):
            continue
        if not isinstance(test, ast.Compare):  # which `comparison` turns round
            yield source.replace(test, f"not {source.atom(test)}")
        if isinstance(node, ast.IfExp):
            yield source.put(node, node.body)
            yield source.put(node, node.orelse)
        else:
            yield source.replace(test, "True")
            yield source.replace(test, "False")
    if isinstance(node, ast.While):  # never True: a loop without an end says nothing about a suite
        yield source.replace(node.test, "False")


def constant(source: Source, node: ast.AST) -> Iterator[Change]:
    """Another number, truth value, text or nothing."""
    if not isinstance(node, ast.Constant):
        return
    others: list[object] = []
    match node.value:
        case bool(truth):
            others = [not truth]
        case int(number):
            others = [number + 1, number - 1, 0, 1, -1, -number]
        case float(number):
            others = [0.0, 1.0, 2 * number, number / 2, -number]
        case str(text):
            others = [""] if text else ["a"]
        case None:
            others = [0]
    for other in dict.fromkeys(others):
        if other != node.value or type(other) is not type(node.value):
            yield source.replace(node, repr(other), whole=not repr(other).startswith("-"))


def name(source: Source, node: ast.AST) -> Iterator[Change]:
    """Another variable of the same function, or another attribute of the same object."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        function = source.function(node)
        # A decorator or a default is outside of the function that it belongs to.
        if function is None or node.id not in locals_of(function) or _is_around(source, node):
            return
        for other in visible(source, node):
            if other != node.id:
                yield source.replace(node, other, whole=True)
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
        own = attributes_of(source, node)
        for other in own if node.attr in own and isinstance(node.ctx, ast.Load) else ():
            if other != node.attr:
                yield source.replace(node, f"self.{other}", whole=True)


def attribute(source: Source, node: ast.AST) -> Iterator[Change]:
    """The object itself is taken where one of its attributes is meant: the parameter for its gradient."""
    if (
        isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Load)
        and source.field(node) != "func"
        and is_value(source, node.value)
        and not (isinstance(node.value, ast.Name) and node.value.id in HANDLES)
    ):
        yield source.put(node, node.value)


def _is_around(source: Source, node: ast.AST) -> bool:
    for one in (node, *source.above(node)):
        if isinstance(source.parent(one), Function):
            return source.field(one) != "body"
    return False


def off_by_one(source: Source, node: ast.AST) -> Iterator[Change]:
    """One too many or too few: in a range, a length, an index or a slice."""
    match node:
        case (
            ast.Call(func=ast.Name(id="range" | "arange"), args=[*_, _])
            | ast.Call(func=ast.Attribute(attr="arange"), args=[*_, _])
        ):
            stop = node.args[0] if len(node.args) == 1 else node.args[1]
            if len(node.args) == 1:
                yield (Edit(source.span(stop)[0], source.span(stop)[0], "1, "),)
            yield source.replace(stop, f"{source.atom(stop)} - 1")
            yield source.replace(stop, f"{source.atom(stop)} + 1")
        case ast.Call(func=ast.Name(id="len")):
            yield source.replace(node, f"{source.of(node)} - 1")
            yield source.replace(node, f"{source.of(node)} + 1")
        case ast.Subscript(slice=index, ctx=ast.Load()):
            elements = index.elts if isinstance(index, ast.Tuple) else [index]
            for one in elements:
                if isinstance(one, ast.Name) and one.id not in HANDLES:
                    yield source.replace(one, f"{one.id} - 1")
                elif isinstance(one, ast.Slice):
                    for bound in filter(None, (one.lower, one.upper, one.step)):
                        yield (Edit(*source.span(bound), ""),)


def statement(source: Source, node: ast.AST) -> Iterator[Change]:
    """A statement is forgotten."""
    match node:
        case ast.Expr(value=ast.Constant() | ast.JoinedStr()):
            return
        case ast.Assign(targets=targets):
            # Without its only assignment a variable is missing, which no suite could overlook.
            function = source.function(node)
            parameters = {one.arg for one in ast.walk(function.args) if isinstance(one, ast.arg)} if function else set()
            stored = [one for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)]
            if any(isinstance(one.ctx, ast.Store) and one.id not in parameters for one in stored) and not (
                function is not None and _is_bound_before(function, node, {one.id for one in stored})
            ):
                return
            yield source.remove(node)
        case ast.Expr() | ast.AugAssign() | ast.Raise() | ast.Assert() | ast.Delete() | ast.Break() | ast.Continue():
            yield source.remove(node)
        case ast.For() | ast.While() | ast.With() | ast.Try():
            yield source.remove(node)


def _is_bound_before(function: Function, node: ast.stmt, names: set[str]) -> bool:
    bound = {
        one.id
        for one in ast.walk(function)
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store) and one.lineno < node.lineno
    }
    return names <= bound


def returned(source: Source, node: ast.AST) -> Iterator[Change]:
    """A return is forgotten, or returns less, or its values in another order."""
    if not isinstance(node, ast.Return) or node.value is None:
        return
    yield (Edit(*source.span(node), source.of(node.value)),)
    body = getattr(source.parent(node), source.field(node))
    if not (isinstance(source.parent(node), Function) and body[-1] is node):
        yield (Edit(*source.span(node.value), "None"),)
    if isinstance(node.value, ast.Tuple):
        for element in node.value.elts:
            yield source.replace(element, "None")


def order(source: Source, node: ast.AST) -> Iterator[Change]:
    """Two neighbours change places: arguments, elements, targets of an assignment."""
    elements: list[ast.expr] = []
    if isinstance(node, ast.Call):
        elements = node.args
    elif isinstance(node, ast.Tuple | ast.List) and not isinstance(source.parent(node), ast.Subscript):
        # The classes in isinstance have no order; what is returned or unpacked has one.
        elements = node.elts if isinstance(source.parent(node), ast.Return | ast.Assign | ast.For) else []
    for one, other in itertools.pairwise(elements):
        if not isinstance(one, ast.Starred) and not isinstance(other, ast.Starred):
            yield (Edit(*source.span(one), source.of(other)), Edit(*source.span(other), source.of(one)))


def argument(source: Source, node: ast.AST) -> Iterator[Change]:
    """An argument is left out, or the call around its first one."""
    if not isinstance(node, ast.Call):
        return
    arguments: list[ast.expr | ast.keyword] = sorted(
        [*node.args, *node.keywords], key=lambda one: (one.lineno, one.col_offset)
    )
    for number, one in enumerate(arguments):
        if isinstance(one, ast.expr) and len(node.args) == 1 and not isinstance(node.func, ast.Attribute):
            continue  # mostly an error; X.sum(1) is not
        start, end = source.span(one)
        if number + 1 < len(arguments):
            end = source.span(arguments[number + 1])[0]
        elif number:
            start = source.span(arguments[number - 1])[1]
        yield (Edit(start, end, ""),)
    for one in node.args:
        if isinstance(one, ast.Starred):
            yield source.put(one, one.value)


def call(source: Source, node: ast.AST) -> Iterator[Change]:
    """A call is left out: `x.mean()` becomes x, and `list(x)` becomes x."""
    if not isinstance(node, ast.Call) or isinstance(source.parent(node), ast.Expr):
        return
    if isinstance(node.func, ast.Attribute):
        root = node.func.value
        local = source.function(node)
        module = isinstance(root, ast.Name) and (local is None or root.id not in locals_of(local))
        if not module:
            yield source.put(node, root)
            return
    if len(node.args) == 1 and not isinstance(node.args[0], ast.Starred) and isinstance(node.args[0], ast.expr):
        if isinstance(node.func, ast.Name) and node.func.id in ("isinstance", "super"):
            return
        if not isinstance(node.args[0], ast.GeneratorExp):
            yield source.put(node, node.args[0])
    elif len(node.args) > 1 and site(source, node) in (Site.RETURNED, Site.ASSIGNED, Site.OPERAND):
        for one in node.args:
            if not isinstance(one, ast.Starred):
                yield source.put(node, one)


def element(source: Source, node: ast.AST) -> Iterator[Change]:
    """An element of a literal is left out."""
    if isinstance(node, ast.Tuple) and isinstance(source.parent(node), ast.Call) and len(node.elts) > 1:
        for left_out in range(len(node.elts)):
            kept = [source.of(one) for number, one in enumerate(node.elts) if number != left_out]
            yield source.replace(node, f"({', '.join(kept)}{',' if len(kept) == 1 else ''})", whole=True)
    elif isinstance(node, ast.List) and isinstance(node.ctx, ast.Load):
        for left_out in range(len(node.elts)):
            kept = [source.of(one) for number, one in enumerate(node.elts) if number != left_out]
            yield source.replace(node, f"[{', '.join(kept)}]", whole=True)


def decorator(source: Source, node: ast.AST) -> Iterator[Change]:
    """A decorator is forgotten."""
    if isinstance(node, Function | ast.ClassDef):
        for one in node.decorator_list:
            end = one.end_lineno or one.lineno
            yield (Edit(source.line_start(one.lineno), source.line_start(end + 1), ""),)


def loop(source: Source, node: ast.AST) -> Iterator[Change]:
    """A loop leaves out the first or the last item, takes only one, or goes backwards."""
    if isinstance(node, ast.For | ast.comprehension):
        items = source.of(node.iter)
        for wrapped in (f"list({items})[1:]", f"list({items})[:-1]", f"reversed(list({items}))"):
            yield source.replace(node.iter, wrapped, whole=True)
    if isinstance(node, ast.For) and not isinstance(node.body[-1], ast.Return | ast.Break | ast.Raise):
        last = node.body[-1]
        if source.has_own_lines(last) and last.lineno != node.lineno:
            end = source.line_start((last.end_lineno or last.lineno) + 1)
            lead = "" if source.text[:end].endswith("\n") else "\n"
            yield (Edit(end, end, f"{lead}{source.indent(node.body[0].lineno)}break\n"),)


def early_return(source: Source, node: ast.AST) -> Iterator[Change]:
    """A return slips into the loop above it."""
    if not isinstance(node, ast.Return):
        return
    body = getattr(source.parent(node), source.field(node), None)
    if not isinstance(body, list) or body[0] is node:
        return
    before = body[body.index(node) - 1]
    if isinstance(before, ast.For) and not before.orelse and source.has_own_lines(node):
        inner = source.indent(before.body[0].lineno)
        yield (Edit(source.line_start(node.lineno), source.span(node)[0], inner),)


def augmented(source: Source, node: ast.AST) -> Iterator[Change]:
    """`x -= y` becomes `x = x - y`, and `x = x + y` becomes `x += y`."""
    if isinstance(node, ast.AugAssign):
        target, sign = source.of(node.target), _SIGNS[type(node.op)]
        yield (Edit(*source.span(node), f"{target} = {target} {sign} {source.atom(node.value)}"),)
    elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.value, ast.BinOp):
        target, sign = source.of(node.targets[0]), _SIGNS[type(node.value.op)]
        if ast.dump(node.value.left).replace("Load()", "") == ast.dump(node.targets[0]).replace("Store()", ""):
            yield (Edit(*source.span(node), f"{target} {sign}= {source.of(node.value.right)}"),)


def shared_state(source: Source, node: ast.AST) -> Iterator[Change]:
    """What belongs to one object is kept on its class, where all objects share it."""
    if (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
        and isinstance(node.ctx, ast.Store)
        and isinstance(source.parent(node), ast.Assign)
    ):
        yield source.replace(node, f"type(self).{node.attr}", whole=True)


OPERATORS = (
    ("arithmetic", arithmetic),
    ("operand", operand),
    ("swapped operands", swapped_operands),
    ("wrong sign", wrong_sign),
    ("comparison", comparison),
    ("boolean", boolean),
    ("condition", condition),
    ("constant", constant),
    ("name", name),
    ("attribute", attribute),
    ("off by one", off_by_one),
    ("statement", statement),
    ("return", returned),
    ("order", order),
    ("argument", argument),
    ("call", call),
    ("element", element),
    ("decorator", decorator),
    ("loop", loop),
    ("early return", early_return),
    ("augmented", augmented),
    ("shared state", shared_state),
)
