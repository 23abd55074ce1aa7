"""Public methods that nothing describes.

A method needs no docstring of its own where it does what another one describes: one of a base class, or of a Protocol
all of whose methods the class has. Nor does a property that is one expression, which its name and type describe.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tools.shape.source import Function, SourceModule

PROTOCOL_METHODS = 2  # a Protocol of fewer says too little about the classes that have its methods


@dataclass(frozen=True)
class PublicClass:
    """A class of the top level. Names of classes are unique in the source, so bases are known by name."""

    place: str
    node: ast.ClassDef

    @property
    def bases(self) -> set[str]:
        named = (base.value if isinstance(base, ast.Subscript) else base for base in self.node.bases)
        return {base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in named}

    @property
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
    protocols = [
        one.methods.keys() for one in classes if "Protocol" in one.bases and len(one.methods) >= PROTOCOL_METHODS
    ]
    return [
        (f"{one.place}:{one.node.name}.{name}", method)
        for one in classes
        for name, method in one.methods.items()
        if name not in _described_elsewhere(one, known, protocols) and not _is_plain_property(method)
    ]


def _described_elsewhere(
    one: PublicClass, known: dict[str, PublicClass], protocols: Iterable[Iterable[str]]
) -> set[str]:
    inherited = {name for base in _ancestors(one, known) for name in base.methods}
    if "Protocol" in one.bases:
        return inherited
    own = one.methods.keys()
    return inherited | {name for methods in protocols if own >= set(methods) for name in methods}


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
