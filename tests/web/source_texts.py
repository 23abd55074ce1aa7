"""The texts that modules write, from their source: with {} for what is put into them.

f"it was {'' if inside else 'not '}between {start} and {end}"
    ──►  "it was between {} and {}", "it was not between {} and {}"
"""

import ast
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

PLACEHOLDER = re.compile(r"\{[^{}]*\}")
HOLE = "{}"
MOST = 16  # ways in which one text can be put together
LOGGERS = ("log", "logger")

Names = Mapping[str, Sequence[str]]


def texts_of(file: Path) -> Iterator[str]:
    """All texts of a module but docstrings and lines of logs."""
    tree = ast.parse(file.read_text("utf-8"))
    names = _names(tree)
    yield from _texts(tree, names, _docstrings(tree))


def _texts(node: ast.AST, names: Names, docstrings: frozenset[int]) -> Iterator[str]:
    if id(node) in docstrings or _is_log(node):
        return
    found = _variants(node, names) if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp) else ()
    if found:
        yield from found
        return
    for inner in ast.iter_child_nodes(node):
        yield from _texts(inner, names, docstrings)


def _names(tree: ast.Module) -> Names:
    """Names that stand for texts, in the order of the lines: one may be made of those before it."""
    names: dict[str, tuple[str, ...]] = {}
    assigned = [node for node in ast.walk(tree) if isinstance(node, ast.Assign)]
    for node in sorted(assigned, key=lambda one: one.lineno):
        target, found = node.targets[0], _choices(node.value, names)
        if isinstance(target, ast.Name) and found:
            names[target.id] = (*names.get(target.id, ()), *found)[:MOST]
    return names


def _choices(value: ast.expr, names: Names) -> Sequence[str]:
    """The same of what may be one text or another."""
    if isinstance(value, ast.IfExp):
        both = [_choices(one, names) for one in (value.body, value.orelse)]
        return tuple(itertools.chain(*both)) if all(both) else ()
    return _variants(value, names)


def _variants(node: ast.AST, names: Names) -> Sequence[str]:
    """The ways in which a text may read; none where it is no text."""
    match node:
        case ast.Constant(value=str(text)):
            return (PLACEHOLDER.sub(HOLE, text),)
        case ast.Name(id=name):
            return names.get(name, ())
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            first, second = _variants(left, names), _variants(right, names)
            return _joined([first or (HOLE,), second or (HOLE,)]) if first or second else ()
        case ast.JoinedStr(values=values):
            return _joined([_variants(one, names) for one in values])
        case ast.FormattedValue(value=value):
            return _choices(value, names) or (HOLE,)
    return ()


def _joined(parts: Sequence[Sequence[str]]) -> Sequence[str]:
    return tuple("".join(one) for one in itertools.islice(itertools.product(*parts), MOST))


def _docstrings(tree: ast.Module) -> frozenset[int]:
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, owners)]
    return frozenset(id(body[0].value) for body in bodies if body and isinstance(body[0], ast.Expr))


def _is_log(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in LOGGERS
    )
