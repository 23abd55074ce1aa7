"""A process for each mutant, forked from one that is ready for it.

A mutant inside a function costs a few hundredths of a second and its tests: the process it is forked from has imported
everything and collected the tests, and the function gets other code. What runs at the import costs the import of the
mutated files, of what imports them and of the tests: the process it is forked from has imported the rest.
"""

import contextlib
import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.metadata
import importlib.util
import json
import os
import resource
import select
import signal
import sys
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any, TypeAlias

PROJECT = Path(__file__).parents[2]
SOURCE = PROJECT / "src" / "unclouded"
MEMORY = 4 << 30  # bytes of address space that a mutant may ask for


def module_of(file: str) -> str:
    """The name of the module of a file below src/unclouded."""
    return "unclouded." + file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


class Blocked(importlib.abc.MetaPathFinder):
    """Lets no mutated file be imported, so that what imports it is not kept either."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = frozenset(names)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname in self._names:
            raise ImportError(f"{fullname} is imported later")
        return None


class MutantLoader(importlib.machinery.SourceFileLoader):
    """Runs the code of a mutant instead of the file's."""

    def __init__(self, fullname: str, path: str, code: CodeType) -> None:
        super().__init__(fullname, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:
        return self._code


class MutantFinder(importlib.abc.MetaPathFinder):
    """Finds one module as its mutant."""

    def __init__(self, file: str, code: CodeType) -> None:
        self._name, self._path, self._code = module_of(file), str(SOURCE / file), code

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        loader = MutantLoader(fullname, self._path, self._code)
        return importlib.util.spec_from_file_location(fullname, self._path, loader=loader)


Functions: TypeAlias = Mapping[tuple[str, str, int], Sequence[FunctionType]]  # by path, qualified name, first line


def imported_functions(files: Sequence[str]) -> Functions:
    """The functions of some files as the modules, classes and decorators hold them."""
    paths = {str(SOURCE / file) for file in files}
    found: dict[tuple[str, str, int], list[FunctionType]] = defaultdict(list)
    gc.unfreeze()  # tests/conftest.py freezes what is imported, and the list is without that
    for one in gc.get_objects():
        if type(one) is FunctionType and one.__code__.co_filename in paths:
            found[one.__code__.co_filename, one.__code__.co_qualname, one.__code__.co_firstlineno].append(one)
    return found


def changes(file: str, code: CodeType, functions: Functions) -> list[tuple[FunctionType, CodeType]]:
    """The functions that ``code`` of a module changes; none where a function cannot change without a new import."""
    found = [
        (function, inner)
        for inner in _codes_in(code)
        for function in functions.get((str(SOURCE / file), inner.co_qualname, inner.co_firstlineno), ())
        if function.__code__ != inner
    ]
    return found if all(one.__code__.co_freevars == new.co_freevars for one, new in found) else []


def _codes_in(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes_in(constant)


def import_all_but(files: Sequence[str], modules: Sequence[str]) -> None:
    """Import each of ``modules`` that does without ``files``.

    Of a package that does not, nothing is kept: the order of imports inside it must be that of a first import.
    """
    for plugin in importlib.metadata.entry_points(group="pytest11"):
        if plugin.name != "schemathesis":  # pyproject.toml leaves it out
            plugin.load()
    blocked = Blocked([module_of(file) for file in files])
    sys.meta_path.insert(0, blocked)
    failed = []
    for name in modules:
        try:
            importlib.import_module(name)
        except ImportError:  # each mutant imports it by itself
            failed.append(name)
    sys.meta_path.remove(blocked)
    for name in [one for one in sys.modules if any(one == two or one.startswith(f"{two}.") for two in failed)]:
        del sys.modules[name]


def in_a_fork(work: Callable[[], object], cpu_s: float = 0.0, wall_s: float = 0.0) -> tuple[Any, str]:
    """What ``work`` returns in a process of its own, as JSON; or None, and why it ended: ``timeout`` or ``died``.

    With ``cpu_s`` it is a run of tests: silent, in a process group of its own, ended after so many CPU seconds, or
    after ``wall_s`` where it waits.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _run(work, writing, cpu_s)
    os.close(writing)
    chunks, until = [], time.monotonic() + wall_s
    why = "died"
    with os.fdopen(reading, "rb") as answers:
        while True:
            ready, _, _ = select.select([answers], [], [], max(until - time.monotonic(), 0.0) if cpu_s else None)
            if not ready:
                os.killpg(child, signal.SIGKILL)
                why = "timeout"
                break
            if not (chunk := os.read(answers.fileno(), 1 << 16)):
                break
            chunks.append(chunk)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGVTALRM):
        why = "timeout"
    if cpu_s:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # what the tests started and left
    return (json.loads(b"".join(chunks)), "") if chunks else (None, why)


def _run(work: Callable[[], object], writing: int, cpu_s: float) -> None:
    if cpu_s:
        os.setpgid(0, 0)
        silent = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(silent, number)
        resource.setrlimit(resource.RLIMIT_CPU, (int(cpu_s) + 1, int(cpu_s) + 2))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    code = 1
    try:
        answer = json.dumps(work()).encode()
        while answer:
            answer = answer[os.write(writing, answer) :]
        code = 0
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(code)


Line: TypeAlias = Callable[[FrameType, str, Any], Any]  # as sys.settrace wants it


class LineTrace:
    """Which lines of some files run; ``lines`` is emptied by whoever reads it."""

    def __init__(self, files: Sequence[str]) -> None:
        self._names = {str(SOURCE / file): file for file in files}
        self.lines: set[tuple[str, int]] = set()

    def begin(self, frame: FrameType, event: str, argument: object) -> Line | None:
        """A function is called: of one in these files each line is noted."""
        file = self._names.get(frame.f_code.co_filename)
        if file is None:
            return None
        lines = self.lines

        def line(frame: FrameType, event: str, argument: object) -> Line:
            lines.add((file, frame.f_lineno))
            return line

        return line
