"""The source as it is measured: modules with their trees, and who imports whom."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PACKAGE = "unclouded"
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class SourceModule:
    """One file. ``name``: ``unclouded.core.model``; ``place``: relative to the package's folder."""

    name: str
    place: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def lines(self) -> int:
        return self.text.count("\n")

    def functions(self) -> Iterator[Function]:
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))

    def classes(self) -> Iterator[ast.ClassDef]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef))

    def imported(self) -> Iterator[str]:
        """The modules of this package that it imports, also those inside of functions and for types only."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE:
                yield str(node.module)
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def modules_of(folder: Path) -> list[SourceModule]:
    """Every module below the folder of the package, sorted."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        place = path.relative_to(folder).as_posix()
        parts = path.relative_to(folder).with_suffix("").parts
        name = ".".join((PACKAGE, *(parts[:-1] if parts[-1] == "__init__" else parts)))
        found.append(SourceModule(name, place, path.read_text("utf-8")))
    return found


def package_of(name: str) -> str:
    """The top-level package that a module is in: ``unclouded.core.model`` -> ``core``; "" = the root."""
    return [*name.split("."), ""][1]


def arrows_of(modules: list[SourceModule]) -> dict[tuple[str, str], int]:
    """How many modules of one top-level package import one of another."""
    names = {one.name for one in modules}
    arrows: dict[tuple[str, str], int] = {}
    for module in modules:
        here = package_of(module.name)
        others = {package_of(name) for name in module.imported() if name in names} - {here, ""}
        for there in others:
            arrows[here, there] = arrows.get((here, there), 0) + 1
    return {pair: count for pair, count in arrows.items() if pair[0] not in ("", "__main__")}
