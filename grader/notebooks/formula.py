r"""Formulas as the stubs write them, in plain text, set as TeX.

    Z[i, k] = sum over j of X[i, j] * Y[j, k]    Z_{i,k} = \sum_{j} X_{i,j} \, Y_{j,k}
    sqrt(2 / in_dim)                             \sqrt{\frac{2}{\mathrm{in\_dim}}}

Only what is understood from end to end is set; anything else stays as the author wrote it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"\s*(?:(?P<derivative>dL/d(?P<of>[A-Za-z]\w*))|(?P<name>[A-Za-z]\w*)|(?P<number>\d+(?:\.\d+)?(?:e-?\d+)?)"
    r"|(?P<sign><-|<=|>=|[-+*/^=<>()\[\],]))"
)
_FUNCTIONS = {"log": r"\log", "exp": r"\exp", "max": r"\max", "min": r"\min", "tanh": r"\tanh"}
_BIG = {"sum": r"\sum", "max": r"\max", "min": r"\min", "mean": r"\operatorname{mean}"}
_RELATIONS = {"=": "=", "<-": r"\leftarrow", "<": "<", ">": ">", "<=": r"\le", ">=": r"\ge"}
_GREEK = ("alpha", "beta", "gamma", "delta", "epsilon", "eta", "theta", "lambda", "mu", "sigma", "tau", "phi")
DEPTH_MAX = 20


class _NoFormulaError(Exception):
    pass


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def tex(text: str) -> str | None:
    """`text` as TeX, or None if it is no formula: a lone name or number is none either."""
    try:
        tokens = _tokens(text)
        if len(tokens) < 2 and not (tokens and tokens[0].kind == "derivative"):
            return None
        parser = _Parser(tokens)
        made = parser.statement()
    except _NoFormulaError:
        return None
    return made if parser.is_done() else None


def is_equation(text: str) -> bool:
    """Whether it is a formula that says what something is."""
    return re.search(r"[^=<>]=[^=]|<-", text) is not None and tex(text) is not None


def derivative(name: str) -> str:
    """The TeX of dL/d(name), to stand in a line of text."""
    return rf"\partial L / \partial {_name(name)}"


def shape(text: str) -> str | None:
    """A shape such as "(m, n)" or "(..., in_dim)" as TeX, or None if it is none."""
    if not re.fullmatch(r"\((?:(?:\.\.\.|\w+)(?:, (?:\.\.\.|\w+))*,?)?\)", text):
        return None
    parts = [r"\ldots" if part == "..." else _name(part) for part in re.findall(r"\.\.\.|\w+", text)]
    return f"({', '.join(parts)}{',' if text.endswith(',)') else ''})"


def _tokens(text: str) -> list[_Token]:
    found, at, end = [], 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise _NoFormulaError
        kind = match.lastgroup or ""
        if match["derivative"]:
            found.append(_Token("derivative", match["of"]))
        else:
            found.append(_Token(kind, match[kind]))
        at = match.end()
    return found


def _name(name: str) -> str:
    if name.isdigit() or len(name) == 1:
        return name
    if name in _GREEK:
        return f"\\{name}"
    if re.fullmatch(r"[A-Za-z]_?\d+", name):
        return f"{name[0]}_{{{name[1:].lstrip('_')}}}"
    return rf"\mathrm{{{name.replace('_', chr(92) + '_')}}}"


class _Parser:
    """Recursive descent; each method returns the TeX of what it read."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def is_done(self) -> bool:
        return self._at == len(self._tokens)

    def statement(self) -> str:
        made = self._sum()
        while self._peek() in _RELATIONS:
            sign = _RELATIONS[self._next().text]
            made = f"{made} {sign} {self._sum()}"
        return made

    def _peek(self) -> str:
        token = self._tokens[self._at] if self._at < len(self._tokens) else None
        return token.text if token is not None and token.kind in ("sign", "name") else ""

    def _next(self) -> _Token:
        if self.is_done():
            raise _NoFormulaError
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, text: str) -> None:
        if self._next().text != text:
            raise _NoFormulaError

    def _sum(self) -> str:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise _NoFormulaError
        made = self._product()
        while self._peek() in ("+", "-"):
            sign = self._next().text
            made = f"{made} {sign} {self._product()}"
        self._depth -= 1
        return made

    def _product(self) -> str:
        made = self._power()
        while self._peek() in ("*", "/"):
            sign, right = self._next().text, self._power()
            made = rf"{made} \, {right}" if sign == "*" else rf"\frac{{{made}}}{{{right}}}"
        return made

    def _power(self) -> str:
        base = self._factor()
        if self._peek() == "^":
            self._next()
            return f"{{{base}}}^{{{self._factor()}}}"
        return base

    def _factor(self) -> str:
        token = self._next()
        if token.kind == "derivative":
            return rf"\frac{{\partial L}}{{\partial {_name(token.text)}}}"
        if token.kind == "number":
            return token.text
        if token.text == "-":
            return f"-{self._power()}"
        if token.text == "(":
            inner = self._sum()
            self._expect(")")
            return rf"\left({inner}\right)"
        if token.kind != "name":
            raise _NoFormulaError
        return self._of_name(token.text)

    def _of_name(self, name: str) -> str:
        following = self._peek()
        if following == "over" and name in _BIG:
            return self._big(name)
        if following == "(":
            self._next()
            inner = self._list(")")
            if name == "sqrt":
                return rf"\sqrt{{{inner}}}"
            if name not in _FUNCTIONS:
                raise _NoFormulaError
            return rf"{_FUNCTIONS[name]}\left({inner}\right)"
        if following == "[":
            self._next()
            return f"{_name(name)}_{{{self._list(']').replace(', ', ',')}}}"
        return _name(name)

    def _big(self, name: str) -> str:
        """`sum over j of ...`, which reaches to the end of the bracket that it stands in."""
        self._expect("over")
        index = self._next()
        if index.kind != "name":
            raise _NoFormulaError
        self._expect("of")
        start = self._at
        inner = self._sum()
        if self._has_terms(start):
            inner = rf"\left({inner}\right)"
        return f"{_BIG[name]}_{{{_name(index.text)}}} {inner}"

    def _has_terms(self, start: int) -> bool:
        """Whether a + or - stands outside brackets between there and here."""
        depth = 0
        for number, token in enumerate(self._tokens[start : self._at]):
            if token.kind == "sign":
                depth += (token.text in "([") - (token.text in ")]")
                if token.text in ("+", "-") and not depth and number:
                    return True
        return False

    def _list(self, end: str) -> str:
        parts = [self._sum()]
        while self._peek() == ",":
            self._next()
            parts.append(self._sum())
        self._expect(end)
        return ", ".join(parts)
