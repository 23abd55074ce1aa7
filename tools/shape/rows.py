"""Functions that the row of a table describes: a check, a route of an API, the reader of a command's payload.

A row is a call, or a tuple inside of a tuple or list, that names a function beside a text of several words, outside of
functions and classes: ``row("mcu.product.answered", "The MCU answers 01", CLAUSE, script)``. A call in it that wraps
the function and has no text of its own (``judged(script)``) belongs to the row. The text describes the function, and a
docstring would repeat it; so it is with the class of a route's query or body, whose fields are described one by one.
Other classes, and functions that only functions use, are never described so.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeGuard

from tools.shape.source import Function, SourceModule

ROUTE_CLASSES = ("Query", "Body")  # how the names of the classes end that a route reads
Name = tuple[str, str]  # of a module, and in it


def described_by_rows(modules: Iterable[SourceModule]) -> set[Name]:
    """The functions and classes that a row describes, each by the module that defines it and its name."""
    known = list(modules)
    names = {one.name for one in known}
    defined = {(one.name, node.name) for one in known for node in one.tree.body if _can_be_in_a_row(node)}
    return {name for one in known for name in _named_in_rows(one, names)} & defined


def _can_be_in_a_row(node: ast.stmt) -> TypeGuard[Function | ast.ClassDef]:
    return isinstance(node, Function) or (isinstance(node, ast.ClassDef) and node.name.endswith(ROUTE_CLASSES))


def _named_in_rows(module: SourceModule, modules: set[str]) -> Iterator[Name]:
    imported = _imported_names(module)
    for parts in _rows(module.tree):
        if any(map(_is_text, parts)):
            for part in parts:
                yield from _meant(part, module.name, imported, modules)


def _rows(tree: ast.Module) -> Iterator[list[ast.expr]]:
    """The parts of each call, and of each tuple in a tuple or list, outside of functions and classes."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call):
            yield _arguments(node)
        elif isinstance(node, ast.Tuple | ast.List):
            yield from (one.elts for one in node.elts if isinstance(one, ast.Tuple))
        waiting += [one for one in ast.iter_child_nodes(node) if not isinstance(one, Function | ast.ClassDef)]


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(word.value for word in call.keywords)]


def _is_text(node: ast.expr) -> bool:
    """A text of several words, also one with values in it."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.Constant) and " " in str(part.value).strip() for part in node.values)
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip()


def _meant(node: ast.expr, here: str, imported: Mapping[str, Name], modules: set[str]) -> Iterator[Name]:
    """The name that an argument is, where it is one, or that it wraps."""
    match node:
        case ast.Name(id=name):
            yield imported.get(name, (here, name))
        case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in imported:
            module = ".".join(imported[name])
            if module in modules:
                yield module, attribute
        case ast.Call() if not any(map(_is_text, _arguments(node))):
            for argument in _arguments(node):
                yield from _meant(argument, here, imported, modules)


def _imported_names(module: SourceModule) -> dict[str, Name]:
    """What each name that the module imports is called where it is defined."""
    return {
        alias.asname or alias.name: (str(node.module), alias.name)
        for node in module.tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
