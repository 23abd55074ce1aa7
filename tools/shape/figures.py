"""The figures of a source: what is large, what stands twice, what has no docstring."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
from tools.shape.methods import methods_of
from tools.shape.rows import described_by_rows
from tools.shape.source import Function, SourceModule, arrows_of, modules_of, package_of

LONGEST = 5  # functions and files that are listed
TWIN = 4  # statements in a row that are the same but for names, strings and numbers …
TWIN_NODES = 70  # … with so many nodes of the syntax tree


class Sized(msgspec.Struct, frozen=True):
    """A function or file, and how many lines it has."""

    name: str
    lines: int


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """The figures. ``arrows``: imports between top-level packages. ``twins``: pairs of places with the same code.

    ``in_rows``: how many public names the row of a table describes (``rows.py``) and no docstring; ``no_docstring``:
    those that nothing describes; so it is with methods (``methods.py``). ``missing_places``: what is cited and is not
    there (``places.py``). ``test_ratio``: lines of tests for each line of source.
    """

    packages: int
    arrows: int
    modules: int
    lines: int
    median_function: int
    long_functions: int  # of more than 40 lines
    longest_functions: Sequence[Sized]
    longest_files: Sequence[Sized]
    classes_twice: Sequence[str]
    twins: Sequence[str]
    missing_places: Sequence[str]
    no_docstring: Sequence[str]
    in_rows: int
    public_names: int
    methods_without_docstring: Sequence[str]
    methods: int
    test_ratio: float


def shape_of(source: Path, tests: Path, missing_places: Sequence[str] = ()) -> Shape:
    """The figures of the package in ``source`` with its tests, and with what ``places.py`` found."""
    modules = modules_of(source)
    functions = sorted(
        (Sized(f"{one.place}:{node.name}", length(node)) for one in modules for node in one.functions()),
        key=lambda sized: -sized.lines,
    )
    files = sorted((Sized(one.place, one.lines) for one in modules), key=lambda sized: -sized.lines)
    public = [(one, node) for one in modules for node in public_of(one)]
    lines = sum(one.lines for one in modules)
    undescribed = [(one, node) for one, node in public if ast.get_docstring(node) is None]
    rows = described_by_rows(modules)
    no_docstring = [f"{one.place}:{node.name}" for one, node in undescribed if (one.name, node.name) not in rows]
    methods = methods_of(modules)
    return Shape(
        packages=len({package_of(one.name) for one in modules} - {""}),
        arrows=len(arrows_of(modules)),
        modules=len(modules),
        lines=lines,
        median_function=functions[len(functions) // 2].lines if functions else 0,
        long_functions=sum(one.lines > 40 for one in functions),
        longest_functions=functions[:LONGEST],
        longest_files=files[:LONGEST],
        classes_twice=classes_twice(modules),
        twins=twins_of(modules),
        missing_places=missing_places,
        no_docstring=no_docstring,
        in_rows=len(undescribed) - len(no_docstring),
        public_names=len(public),
        methods_without_docstring=[place for place, node in methods if ast.get_docstring(node) is None],
        methods=len(methods),
        test_ratio=round(sum(path.read_text("utf-8").count("\n") for path in tests.rglob("*.py")) / max(lines, 1), 2),
    )


def length(node: Function) -> int:
    """The lines of a function, without its docstring."""
    first = node.body[0]
    text = first.end_lineno or first.lineno
    documented = ast.get_docstring(node) is not None
    return (node.end_lineno or node.lineno) - node.lineno + 1 - (text - first.lineno + 1 if documented else 0)


def public_of(module: SourceModule) -> list[Function | ast.ClassDef]:
    """The classes and functions of a module that others may use; methods that explain themselves are not among them."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [node for node in module.tree.body if isinstance(node, kinds) and not node.name.startswith("_")]


def classes_twice(modules: Iterable[SourceModule]) -> list[str]:
    """Names of classes that stand in several modules."""
    places: dict[str, list[str]] = defaultdict(list)
    for module in modules:
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef):
                places[node.name].append(module.place)
    return [f"{name}: {', '.join(found)}" for name, found in sorted(places.items()) if len(found) > 1]


def twins_of(modules: Iterable[SourceModule], least: int = TWIN, nodes: int = TWIN_NODES) -> list[str]:
    """Pairs of functions in which ``least`` statements in a row have the same shape."""
    seen: dict[tuple[str, ...], str] = {}
    found: dict[str, None] = {}
    for module in modules:
        for function in module.functions():
            here = f"{module.place}:{function.name}"
            for key in _runs(function, least):
                if sum(shape.count(" ") + 1 for shape in key) >= nodes and seen.setdefault(key, here) != here:
                    found[f"{seen[key]} = {here}"] = None
    return list(found)


def _runs(function: Function, least: int) -> Iterator[tuple[str, ...]]:
    """The shapes of each so many statements in a row, in all blocks of a function but those of functions inside it."""
    waiting: list[ast.AST] = [function]
    while waiting:
        node = waiting.pop()
        waiting += [child for child in ast.iter_child_nodes(node) if not isinstance(child, Function | ast.ClassDef)]
        for block in (getattr(node, "body", None), getattr(node, "orelse", None)):
            if isinstance(block, list):
                shapes = [_shape(statement) for statement in block if not _is_plain(statement)]
                yield from (tuple(shapes[at : at + least]) for at in range(len(shapes) - least + 1))


def _is_plain(statement: ast.stmt) -> bool:
    """A docstring, or a constructor that keeps what it is given: these look alike everywhere."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return True
    target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
    return isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self"


def _shape(statement: ast.stmt) -> str:
    """A statement without its names, strings and numbers."""
    return " ".join(type(node).__name__ for node in ast.walk(statement))
