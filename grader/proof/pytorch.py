"""Operators that know PyTorch: what learners get wrong with tensors, autograd and modules."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grader.proof.sites import HANDLES, Site, is_value, locals_of, site
from grader.proof.source import Change, Edit, Function, Source

# A function or method of torch, and what is taken for it by mistake. Only names that say enough by themselves.
_ALTERNATIVES = {
    "sum": ("mean",),
    "mean": ("sum",),
    "max": ("min",),
    "min": ("max",),
    "amax": ("amin",),
    "amin": ("amax",),
    "argmax": ("argmin",),
    "argmin": ("argmax",),
    "maximum": ("minimum",),
    "minimum": ("maximum",),
    "std": ("var",),
    "var": ("std",),
    "any": ("all",),
    "all": ("any",),
    "prod": ("sum",),
    "cumsum": ("cumprod",),
    "logsumexp": ("sum", "softmax"),
    "softmax": ("log_softmax", "sigmoid"),
    "log_softmax": ("softmax",),
    "exp": ("log",),
    "log": ("log2",),
    "sqrt": ("square",),
    "square": ("sqrt",),
    "matmul": ("mul",),
    "mm": ("mul",),
    "zeros": ("ones", "randn"),
    "ones": ("zeros",),
    "randn": ("zeros", "rand"),
    "rand": ("randn",),
    "empty": ("zeros",),
    "full": ("empty",),
    "zeros_like": ("ones_like", "randn_like"),
    "ones_like": ("zeros_like",),
    "new_zeros": ("new_ones",),
    "new_ones": ("new_zeros",),
    "no_grad": ("enable_grad",),
    "is_available": ("is_initialized",),
}
_NOT_IN_MATH = {"sqrt": ("exp",), "exp": ("sqrt",), "log": ("log2",)}
_REDUCTIONS = {
    "sum", "mean", "max", "min", "amax", "amin", "argmax", "argmin", "std", "var", "any", "all", "prod", "logsumexp",
    "norm",
}  # fmt: skip
_ALONG = _REDUCTIONS | {"softmax", "log_softmax", "cumsum", "sort", "argsort", "cat", "stack", "gather", "unsqueeze"}
_IN_PLACE = {
    "abs", "add", "addmm", "clamp", "clamp_max", "clamp_min", "copy", "div", "exp", "fill", "index_add", "log",
    "masked_fill", "mul", "neg", "normal", "pow", "relu", "scatter", "scatter_add", "sigmoid", "sqrt", "square", "sub",
    "t", "tanh", "transpose", "uniform", "unsqueeze", "squeeze", "zero",
}  # fmt: skip
_IN_PLACE_SIGNS: dict[type[ast.operator], str] = {
    ast.Add: "add_",
    ast.Sub: "sub_",
    ast.Mult: "mul_",
    ast.Div: "div_",
    ast.Pow: "pow_",
}
_CONTAINERS = {"ModuleList": "list", "ParameterList": "list", "ModuleDict": "dict", "ParameterDict": "dict"}
_DIMENSIONS = (0, 1, -1)


def _called(node: ast.Call) -> str:
    """The last part of the name of what is called."""
    match node.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def _is_super_init(node: ast.AST) -> bool:
    match node:
        case ast.Expr(
            value=ast.Call(func=ast.Attribute(attr="__init__", value=ast.Call(func=ast.Name(id="super")))),
        ):
            return True
    return False


def transpose(source: Source, node: ast.AST) -> Iterator[Change]:
    """A transpose is dropped or added, or the same shape is made by other means."""
    match node:
        case ast.Attribute(attr="T" | "mT" | "H" | "mH", value=inner):
            yield source.put(node, inner)
            if isinstance(inner, ast.Name | ast.Attribute):
                text = source.of(inner)
                yield source.replace(node, f"{text}.reshape({text}.shape[::-1])", whole=True)
        case ast.Call(func=ast.Attribute(attr="t" | "transpose" | "permute" | "swapaxes", value=inner)):
            yield source.put(node, inner)
    if isinstance(node, ast.expr) and is_value(source, node):
        parent = source.parent(node)
        operand = isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.MatMult)
        factor = isinstance(parent, ast.Call) and _called(parent) in ("matmul", "mm", "bmm", "addmm", "mul")
        transposed = isinstance(node, ast.Attribute) and node.attr in ("T", "mT")
        if not transposed and (operand or factor or site(source, node) is Site.RETURNED):
            yield source.replace(node, f"{source.atom(node)}.T", whole=True)


def reduction(source: Source, node: ast.AST) -> Iterator[Change]:
    """A function of torch is taken for its neighbour: sum for mean, ones for zeros."""
    if not isinstance(node, ast.Call):
        return
    name = _called(node)
    in_math = isinstance(node.func, ast.Attribute) and source.of(node.func.value) == "math"
    others = (_NOT_IN_MATH if in_math else _ALTERNATIVES).get(name, ())
    # Python's own max, sum or all, and a name of the solution's own, mean something else.
    if isinstance(node.func, ast.Attribute):
        end = source.span(node.func)[1]
        for other in others:
            yield (Edit(end - len(name), end, other),)


def dimension(source: Source, node: ast.AST) -> Iterator[Change]:
    """A reduction along another dimension, along none, or with keepdim where there was none."""
    if not isinstance(node, ast.Call) or _called(node) not in _ALONG:
        return
    given = {keyword.arg: keyword for keyword in node.keywords}
    dim = next((given[name].value for name in ("dim", "axis") if name in given), None)
    if dim is None and isinstance(node.func, ast.Attribute):
        # Behind the tensor where it is torch.sum(X, 1), first where it is X.sum(1).
        module = isinstance(node.func.value, ast.Name) and node.func.value.id in ("torch", "F", "functional")
        dim = node.args[int(module)] if len(node.args) > int(module) else None
    if dim is None:
        return
    for other in _DIMENSIONS:
        if source.of(dim) != str(other) and isinstance(dim, ast.Constant | ast.UnaryOp):
            yield source.replace(dim, str(other), whole=True)
    if "keepdim" not in given and _called(node) in _REDUCTIONS:
        end = source.span(node)[1] - 1
        yield (Edit(end, end, ", keepdim=True"),)


def graph(source: Source, node: ast.AST) -> Iterator[Change]:
    """A tensor is cut off from autograd's graph."""
    if not isinstance(node, ast.expr) or not is_value(source, node):
        return
    where = site(source, node)
    if where is None or where is Site.RECEIVER:
        return
    yield source.replace(node, f"{source.atom(node)}.detach()", whole=True)
    if where in (Site.OPERAND, Site.ARGUMENT) and isinstance(node, ast.Name | ast.Attribute):
        yield source.replace(node, f"{source.atom(node)}.data", whole=True)


def python_number(source: Source, node: ast.AST) -> Iterator[Change]:
    """A Python number where a tensor is due."""
    if isinstance(node, ast.expr) and is_value(source, node) and site(source, node) is Site.RETURNED:
        yield source.replace(node, f"{source.atom(node)}.item()", whole=True)


def precision(source: Source, node: ast.AST) -> Iterator[Change]:
    """A detour through float32, or a result of float64."""
    if not isinstance(node, ast.expr) or not is_value(source, node):
        return
    where = site(source, node)
    if where in (Site.RETURNED, Site.ASSIGNED):
        yield source.replace(node, f"{source.atom(node)}.float()", whole=True)
    if where is Site.OPERAND:
        cast = "to(torch.float32)" if _imports_torch(source) else "float()"
        yield source.replace(node, f"{source.atom(node)}.{cast}", whole=True)
    if where is Site.RETURNED:
        yield source.replace(node, f"{source.atom(node)}.double()", whole=True)


def shape(source: Source, node: ast.AST) -> Iterator[Change]:
    """A dimension too many or too few in a result."""
    if isinstance(node, ast.expr) and is_value(source, node) and site(source, node) is Site.RETURNED:
        yield source.replace(node, f"{source.atom(node)}.unsqueeze(0)", whole=True)
        yield source.replace(node, f"{source.atom(node)}.squeeze()", whole=True)


def in_place(source: Source, node: ast.AST) -> Iterator[Change]:
    """In place instead of out of place, and back."""
    match node:
        case ast.Call(func=ast.Attribute(attr=name, value=inner) as function):
            end = source.span(function)[1]
            if name in _IN_PLACE and is_value(source, inner):
                yield (Edit(end, end, "_"),)
            elif name.endswith("_") and name[:-1] in _IN_PLACE:
                yield (Edit(end - 1, end, ""),)
        case ast.BinOp(op=op, left=left, right=right) if type(op) in _IN_PLACE_SIGNS and is_value(source, left):
            text = f"{source.atom(left)}.{_IN_PLACE_SIGNS[type(op)]}({source.of(right)})"
            yield source.replace(node, text, whole=True)
        case ast.AugAssign(op=op, target=target, value=value) if type(op) in _IN_PLACE_SIGNS:
            method = _IN_PLACE_SIGNS[type(op)].removesuffix("_")
            yield (Edit(*source.span(node), f"{source.of(target)}.{method}({source.of(value)})"),)


def no_grad(source: Source, node: ast.AST) -> Iterator[Change]:
    """`with torch.no_grad()` is forgotten, or a function is made blind to autograd."""
    if isinstance(node, ast.With):
        first, last = node.body[0], node.body[-1]
        if first.lineno == node.lineno or not source.has_own_lines(last):
            return
        outer, inner = source.indent(node.lineno), source.indent(first.lineno)
        start, end = source.line_start(node.lineno), source.line_start((last.end_lineno or last.lineno) + 1)
        body = source.text[source.line_start(_first_line(first)) : end]
        lines = [outer + line.removeprefix(inner) if line.strip() else line for line in body.splitlines(keepends=True)]
        yield (Edit(start, end, "".join(lines)),)
    elif (
        isinstance(node, Function)
        and _imports_torch(source)
        and any(isinstance(one, ast.Return) and one.value is not None for one in ast.walk(node))
    ):
        start = source.line_start(_first_line(node))
        yield (Edit(start, start, f"{source.indent(node.lineno)}@torch.no_grad()\n"),)


def _first_line(node: ast.stmt) -> int:
    decorators = node.decorator_list if isinstance(node, Function | ast.ClassDef) else []
    return min([node.lineno, *(one.lineno for one in decorators)])


def _imports_torch(source: Source) -> bool:
    return any(
        isinstance(one, ast.Import) and any(alias.name == "torch" and not alias.asname for alias in one.names)
        for one in source.tree.body
    )


def module(source: Source, node: ast.AST) -> Iterator[Change]:
    """What nn.Module needs to know it by: super().__init__(), Parameter, ModuleList, register_buffer."""
    if isinstance(node, ast.stmt) and _is_super_init(node):
        yield source.remove(node)
    if not isinstance(node, ast.Call):
        return
    name = _called(node)
    if name in _CONTAINERS:
        yield (Edit(*source.span(node.func), _CONTAINERS[name]),)
    if name == "Parameter" and len(node.args) == 1:
        yield source.put(node, node.args[0])
        end = source.span(node)[1] - 1
        if not node.keywords:
            yield (Edit(end, end, ", requires_grad=False"),)
    if name in ("register_buffer", "register_parameter", "add_module", "register_module") and len(node.args) > 1:
        key = node.args[0]
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value.isidentifier():
            yield source.replace(node, f"self.{key.value} = {source.of(node.args[1])}", whole=True)


def own_dtype(source: Source, node: ast.AST) -> Iterator[Change]:
    """A new tensor has torch's default dtype and device, not those of the tensor that it belongs to."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not _imports_torch(source):
        return
    name = node.func.attr
    if name in ("new_zeros", "new_ones", "new_full", "new_empty", "new_tensor"):
        yield (Edit(*source.span(node.func), f"torch.{name.removeprefix('new_')}"),)
    if name in ("zeros_like", "ones_like", "randn_like", "empty_like") and len(node.args) == 1:
        like = source.atom(node.args[0])
        yield source.replace(node, f"torch.{name.removesuffix('_like')}({like}.shape)", whole=True)


def needs_input_grad(source: Source, node: ast.AST) -> Iterator[Change]:
    """`ctx.needs_input_grad[i]` is not asked."""
    match node:
        case ast.Subscript(value=ast.Attribute(attr="needs_input_grad")):
            yield source.replace(node, "True", whole=True)
            yield source.replace(node, "False", whole=True)


def saved(source: Source, node: ast.AST) -> Iterator[Change]:
    """What forward saves for backward is kept on the class, where every use writes into the same place."""
    match node:
        case ast.Expr(
            value=ast.Call(func=ast.Attribute(value=ast.Name(id=ctx), attr="save_for_backward"), args=args),
        ) if ctx in HANDLES and args:
            kept = ", ".join(source.of(one) for one in args)
            load = next(
                (
                    one
                    for one in ast.walk(source.tree)
                    if isinstance(one, ast.Attribute) and one.attr in ("saved_tensors", "saved_variables")
                ),
                None,
            )
            function = source.function(node)
            around = source.parent(function) if function else None
            if load is not None and isinstance(around, ast.ClassDef):
                place = f"{around.name}.saved"
                comma = "," if len(args) == 1 else ""
                yield (Edit(*source.span(node), f"{place} = {kept}{comma}"), Edit(*source.span(load), place))


def moved(source: Source, node: ast.AST) -> Iterator[Change]:
    """The result of `.to(...)`, `.cuda()` and the like is dropped where it should be kept."""
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and len(node.targets) == 1:
        function = source.function(node)
        target = node.targets[0]
        if (
            function is not None
            and isinstance(target, ast.Name)
            and target.id in locals_of(function)
            and isinstance(node.value.func, ast.Attribute)
            and source.of(node.value.func.value) == target.id
        ):
            yield (Edit(*source.span(node), source.of(node.value)),)


OPERATORS = (
    ("transpose", transpose),
    ("reduction", reduction),
    ("dimension", dimension),
    ("graph", graph),
    ("python number", python_number),
    ("precision", precision),
    ("shape", shape),
    ("in place", in_place),
    ("no_grad", no_grad),
    ("module", module),
    ("own dtype", own_dtype),
    ("needs_input_grad", needs_input_grad),
    ("saved", saved),
    ("moved", moved),
)
