"""Public methods that nothing describes.

A method needs no docstring of its own where it does what another one describes: one of a base class, of a Protocol all
of whose members the class has, also by its constructor, or of asyncio's protocols; of a Protocol that is a part of a
class, which its docstring names, one of that class. Nor does a property that is one expression, which its name and type
describe.
"""

import ast
import asyncio
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from tools.shape.source import Function, SourceModule

OF_ASYNCIO = {
    name for kind in (asyncio.Protocol, asyncio.BufferedProtocol, asyncio.DatagramProtocol) for name in dir(kind)
}
PROTOCOL_MEMBERS = 2  # a Protocol of fewer says too little about the classes that have them


@dataclass(frozen=True)
class PublicClass:
    """A class of the top level. Names of classes are unique in the source, so bases are known by name."""

    place: str
    node: ast.ClassDef

    @cached_property
    def bases(self) -> set[str]:
        named = (base.value if isinstance(base, ast.Subscript) else base for base in self.node.bases)
        return {ast.unparse(base) for base in named}

    @property
    def is_protocol(self) -> bool:
        return "Protocol" in self.bases

    @cached_property
    def members(self) -> set[str]:
        """The names of its methods and fields, also of those that its constructor gives ``self``."""
        fields = {one.id for node in self.node.body for one in _targets(node) if isinstance(one, ast.Name)}
        constructors = [node for node in self.node.body if isinstance(node, Function) and node.name == "__init__"]
        given = [one for constructor in constructors for node in ast.walk(constructor) for one in _targets(node)]
        return {*self.methods, *fields, *(one.attr for one in given if isinstance(one, ast.Attribute))}

    @cached_property
    def methods(self) -> dict[str, Function]:
        return {one.name: one for one in self.node.body if isinstance(one, Function) and not one.name.startswith("_")}


def methods_of(modules: Iterable[SourceModule]) -> list[tuple[str, Function]]:
    """The public methods of public classes that need a description of their own, each with its place."""
    classes = [
        PublicClass(one.place, node)
        for one in modules
        for node in one.tree.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    known = {one.node.name: one for one in classes}
    protocols = {
        one.node.name: members
        for one in classes
        if one.is_protocol and len(members := _all_members(one, known)) >= PROTOCOL_MEMBERS
    }
    found: list[tuple[str, Function]] = []
    for one in classes:
        described = _described_elsewhere(one, known, protocols)
        found += [
            (f"{one.place}:{one.node.name}.{name}", method)
            for name, method in one.methods.items()
            if name not in described and not _is_plain_property(method)
        ]
    return found


def _described_elsewhere(one: PublicClass, known: dict[str, PublicClass], protocols: dict[str, set[str]]) -> set[str]:
    found = {name for base in _ancestors(one, known) for name in base.methods}
    if one.is_protocol:
        words = re.findall(r"\w+", ast.get_docstring(one.node) or "")
        wholes = [known[word] for word in words if word in known]
        return found | {name for whole in wholes for name, node in whole.methods.items() if ast.get_docstring(node)}
    if one.bases - known.keys():  # of a library
        found |= OF_ASYNCIO
    members = _all_members(one, known)
    kept = [known[name] for name, needed in protocols.items() if members >= needed]
    return found | {name for other in kept for name in other.methods}


def _all_members(one: PublicClass, known: dict[str, PublicClass]) -> set[str]:
    return one.members.union(*(base.members for base in _ancestors(one, known)))


def _targets(node: ast.AST) -> list[ast.expr]:
    """What an assignment gives a value, or only a type."""
    if isinstance(node, ast.AnnAssign):
        return [node.target]
    return node.targets if isinstance(node, ast.Assign) else []


def _ancestors(one: PublicClass, known: dict[str, PublicClass]) -> Iterator[PublicClass]:
    for name in one.bases & known.keys():
        yield known[name]
        yield from _ancestors(known[name], known)


def _is_plain_property(method: Function) -> bool:
    """A property that is one expression, and what overloads and setters only repeat."""
    names = {getattr(one, "attr", getattr(one, "id", "")) for one in method.decorator_list}
    if names & {"setter", "deleter", "overload"}:
        return True
    return bool(names & {"property", "cached_property"}) and len(method.body) == 1 and not _is_stub(method)


def _is_stub(method: Function) -> bool:
    [only] = method.body
    return isinstance(only, ast.Expr) and isinstance(only.value, ast.Constant)
