"""The mutants of a source file: each breaks one expression or one statement of it.

    comparison    a < b     a <= b       operator   a + b    a - b        condition   if a        if not a
    and, or       a and b   a or b       number     3        4; 60.0 120.0            not a       a
    text, bytes   "reset"   "reset_"     SQL        max(…)   min(…)       call        max(…)      min(…)
    statement     f(x)      pass         return     return x return None  loop        break       continue

Not mutated: docstrings, annotations, sentences (texts with a space), f-strings, log calls, decorators, class keywords.
"""

import ast
import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
    ast.Pow: ast.Mult,
}
CALLS = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list", "reversed": "list"}
SQL_STATEMENT = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE)\b")
SQL_WORDS = {"max(": "min(", "min(": "max(", " < ": " > ", " > ": " < ", " DESC": "", " AND ": " OR "}
LOGGERS = ("log", "_log", "LOG", "logger")


@dataclass(frozen=True)
class Mutant:
    """One break.

    ``number``: its place in the file. ``where``: the function, or ``module``. ``was`` and ``becomes``: source text.
    ``text``: the source's line. ``lines``: those of the statement, first and last; None where it runs at the import.
    """

    file: str
    number: int
    line: int
    lines: tuple[int, int] | None
    where: str
    was: str
    becomes: str
    path: tuple[tuple[str, int], ...]  # fields and indices from the module to the node that is replaced
    node: ast.AST
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.where}: {self.was}  →  {self.becomes}"


def mutants_of(file: str, source: str) -> list[Mutant]:
    """All mutants of a file, in the order of its lines. Raises SyntaxError where it is no Python."""
    found: list[Mutant] = []
    texts = source.splitlines()
    for place in _walk(Place(ast.parse(source), (), (), None)):
        for becomes in _breaks(place.node):
            where = ".".join(place.where) or "module"
            was, now = _text(place.node), _text(becomes)
            line = getattr(place.node, "lineno", 1)
            text = texts[line - 1].strip()
            found.append(Mutant(file, len(found), line, place.lines, where, was, now, place.path, becomes, text))
    return found


def mutated(source: str, mutant: Mutant) -> ast.Module:
    """The syntax tree of a file with one mutant in it."""
    tree = ast.parse(source)
    parent: ast.AST = tree
    for field, index in mutant.path[:-1]:
        value = getattr(parent, field)
        parent = value[index] if index >= 0 else value
    field, index = mutant.path[-1]
    old = getattr(parent, field)
    new = ast.copy_location(copy.deepcopy(mutant.node), old[index] if index >= 0 else old)
    if index >= 0:
        old[index] = new
    else:
        setattr(parent, field, new)
    return ast.fix_missing_locations(tree)


@dataclass(frozen=True)
class Place:
    """A node of the syntax tree, how it is reached, the names around it, the lines of its statement."""

    node: ast.AST
    path: tuple[tuple[str, int], ...]
    where: tuple[str, ...]
    lines: tuple[int, int] | None  # None outside functions: it runs when the module is imported


def _walk(place: Place) -> Iterator[Place]:
    """Every node that may be mutated."""
    node, where, lines = place.node, place.where, place.lines
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        where = (*where, node.name)
    elif isinstance(node, ast.stmt) and lines is not None:
        lines = (node.lineno, _last_line(node))
    if place.path:
        yield Place(node, place.path, where, lines)
    for field, value in ast.iter_fields(node):
        if field in _left_alone(node):
            continue
        inner = lines
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and field == "body":
            inner = (node.lineno, node.lineno)
        children = enumerate(value) if isinstance(value, list) else [(-1, value)]
        for index, child in children:
            if isinstance(child, ast.AST) and not _is_left_alone(node, child):
                yield from _walk(Place(child, (*place.path, (field, index)), where, inner))


def _last_line(node: ast.stmt) -> int:
    """Of a statement with a body the last line of its head."""
    body = getattr(node, "body", None) or getattr(node, "cases", None)
    if not body:
        return node.end_lineno or node.lineno
    first = body[0].pattern.lineno if isinstance(body[0], ast.match_case) else body[0].lineno
    return max(first - 1, node.lineno)


def _text(node: ast.AST) -> str:
    """A node as source text in one line; of a condition only what decides."""
    match node:
        case ast.If(test=test) | ast.IfExp(test=test):
            return f"if {_text(test)}"
    return " ".join(ast.unparse(node).split())[:160]


def _left_alone(node: ast.AST) -> tuple[str, ...]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return ("decorator_list", "returns")
        case ast.ClassDef():
            return ("decorator_list", "keywords", "bases")
        case ast.arg() | ast.AnnAssign():
            return ("annotation",)
        case ast.JoinedStr() | ast.FormattedValue():
            return ("values", "format_spec")
        case ast.Subscript(value=ast.Name(id="Mapping" | "dict" | "list" | "tuple" | "Callable" | "Literal")):
            return ("slice",)
    return ()


def _is_left_alone(parent: ast.AST, child: ast.AST) -> bool:
    match child:
        case ast.Expr(value=ast.Constant() | ast.Yield() | ast.YieldFrom()):
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name)))) if name in LOGGERS:
            return True
        case ast.Assign(targets=[ast.Name(id=name)]) if name == "__all__" or name in LOGGERS:
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
    return isinstance(parent, ast.Import | ast.ImportFrom)


def _breaks(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.expr():
            yield from _other_expressions(node)
        case ast.AugAssign(target=target, op=operator, value=value) if type(operator) in OPERATORS:
            yield ast.AugAssign(target, OPERATORS[type(operator)](), value)
        case ast.If(test=test, body=body, orelse=orelse) if _is_plain(test):
            yield ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
        case ast.Expr(value=ast.Call() | ast.Await()):
            yield ast.Pass()
        case ast.Return(value=value) if value is not None and not isinstance(value, ast.Constant):
            yield ast.Return(ast.Constant(None))
        case ast.Break():
            yield ast.Continue()
        case ast.Continue():
            yield ast.Break()


def _other_expressions(node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.Compare(left=left, ops=[op, *more], comparators=comparators):
            yield ast.Compare(left, [COMPARISONS[type(op)](), *more], comparators)
            if more:
                yield ast.Compare(left, [op, *(COMPARISONS[type(one)]() for one in more)], comparators)
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in OPERATORS:
            if not (isinstance(left, ast.JoinedStr) or isinstance(right, ast.JoinedStr)):
                yield ast.BinOp(left, OPERATORS[type(operator)](), right)
        case ast.BoolOp(op=junction, values=values):
            yield ast.BoolOp(ast.Or() if isinstance(junction, ast.And) else ast.And(), values)
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if name in CALLS:
            yield ast.Call(ast.Name(CALLS[name], ast.Load()), args, keywords)
        case ast.Constant(value=value):
            yield from _other_constants(value)
        case ast.IfExp(test=test, body=body, orelse=orelse) if _is_plain(test):
            yield ast.IfExp(ast.UnaryOp(ast.Not(), test), body, orelse)


def _is_plain(test: ast.expr) -> bool:
    """A condition that has no mutant of its own: a name, a call."""
    return isinstance(test, ast.Name | ast.Attribute | ast.Call | ast.Subscript | ast.NamedExpr)


def _other_constants(value: object) -> Iterator[ast.Constant]:
    match value:
        case bool():
            yield ast.Constant(not value)
        case int():
            yield ast.Constant(value + 1)
        case float():
            yield ast.Constant(value * 2 or 1.0)
        case bytes():
            yield ast.Constant(value + b"_")
        case str() if SQL_STATEMENT.search(value):
            for old, new in SQL_WORDS.items():
                if old in value:
                    yield ast.Constant(value.replace(old, new))
        case str() if " " not in value:
            yield ast.Constant(value + "_")
