"""The rules of the house, read from the source: who may import whom, and who must stay pure."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).parent.parent / "src" / "unclouded"

# What a room may import of our own; a room is a folder, or a file beside them. All may import model and errors.
MAY: dict[str, set[str]] = {
    "model": set(),
    "errors": set(),
    "times": set(),
    "sockets": set(),
    "session": set(),
    "session_parts": {"session"},
    "link": {"session"},
    "family": {"session"},
    "profile": {"session"},
    "capture": {"family", "times"},
    "supervise": set(),
    "driver": {"session", "link", "supervise"},
    "families": {"family", "session", "profile", "session_parts"},
    "profiles": {"profile"},
    "links": {"link", "session", "capture", "family", "sockets", "supervise", "times"},
    "hub": {"driver", "family", "supervise", "session", "link", "profile"},
    "sim": {"driver", "supervise", "session", "link", "profile", "family"},
    "sinks": {"times"},
    "web": {"sinks", "sockets", "times"},
    "config": set(),
    "weather": {"config", "links", "session"},
    "updates": set(),
    "builder": {"config", "families", "family", "hub", "link", "links", "profile", "profiles", "session"},
    "porter": {"config", "families", "links", "session"},
    "probe": {"driver", "families", "hub", "probe_guess", "probe_seen", "profile", "session"},
    "probe_guess": {"hub", "probe_seen", "profile", "session"},
    "probe_seen": {"families", "hub", "profile"},
    "reception": {"config", "links", "sockets", "web"},
    "app": {
        "builder",
        "config",
        "hub",
        "links",
        "porter",
        "reception",
        "sinks",
        "supervise",
        "updates",
        "weather",
        "web",
    },
    "plugs": {"families", "link", "links", "sim"},
    "demo": {
        *("app", "builder", "config", "families", "family", "link", "links"),
        *("plugs", "profiles", "session", "sim", "sinks", "supervise"),
    },
}

# Modules that must not know time, chance, files or wires.
PURE = [
    "families",
    "sim/world.py",
    "sim/loads.py",
    "sim/dice.py",
    "sim/measure.py",
    "sim/subjects.py",
    "sim/trips.py",
    "hub/energy.py",
    "hub/energy_rule.py",
    "hub/forecast.py",
    "hub/frames.py",
    "hub/interpret.py",
    "hub/naming.py",
    "hub/identity.py",
    "hub/physics.py",
    "hub/services.py",
    "hub/wishes.py",
    "hub/zone.py",
    "session.py",
    "session_parts.py",
    "model.py",
    "probe.py",
]
IMPURE = {"asyncio", "time", "random", "logging", "os", "socket", "pathlib", "io", "threading", "subprocess", "secrets"}


def sources(place: str = "") -> list[Path]:
    path = SRC / place
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the direction"
            yield node.module or ""
            if node.module == "unclouded":
                yield from (f"unclouded.{alias.name}" for alias in node.names)


def room(path: Path) -> str:
    return path.relative_to(SRC).parts[0].removesuffix(".py")


@pytest.mark.parametrize("place", PURE)
def test_the_pure_rooms_know_no_time_no_chance_no_wires(place: str) -> None:
    found = {
        (path.name, name)
        for path in sources(place)
        for name in imports(path)
        if name.split(".")[0] in IMPURE and not path.samefile(SRC / "families" / "__init__.py")
    }
    assert not found


def test_imports_go_one_way_only() -> None:
    wrong = [
        f"{path.relative_to(SRC)} imports {name}"
        for path in sources()
        for name in imports(path)
        if name.startswith("unclouded.") and not allowed(room(path), name.split(".")[1])
    ]
    assert not wrong


def allowed(here: str, there: str) -> bool:
    if here == there or there in ("model", "errors") or here in ("cli", "__init__"):
        return True
    return there in MAY.get(here, set()) or there == "VERSION"


def test_no_family_sees_another() -> None:
    for path in sources("families"):
        parts = path.relative_to(SRC / "families").parts
        own = parts[0].removesuffix(".py")
        others = {
            name.split(".")[2] for name in imports(path) if name.startswith("unclouded.families.") and own != "__init__"
        }
        assert others <= {own}, f"{path} imports {others}"


def test_only_supervise_catches_everything() -> None:
    wrong = []
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ExceptHandler) and path.name != "supervise.py":
                names = [node.type] if not isinstance(node.type, ast.Tuple) else node.type.elts
                caught = {one.id for one in names if isinstance(one, ast.Name)}
                passes_on = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
                if not passes_on and (node.type is None or caught & {"Exception", "BaseException"}):
                    wrong.append(f"{path.relative_to(SRC)}:{node.lineno}")
    assert not wrong


def test_nobody_prints_but_the_command_line() -> None:
    wrong = [
        f"{path.relative_to(SRC)}:{node.lineno}"
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
        if room(path) != "cli"
    ]
    assert not wrong


def test_every_module_says_what_it_is() -> None:
    silent = [
        str(path.relative_to(SRC))
        for path in sources()
        if path.read_text("utf-8").strip() and not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert not silent


def test_tasks_have_names() -> None:
    nameless = [
        f"{path.relative_to(SRC)}:{node.lineno}"
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "create_task"
        and not any(word.arg == "name" for word in node.keywords)
    ]
    assert not nameless


def test_the_tail_is_short() -> None:
    """Functions of more than 60 lines and modules of more than 420 are rooms to be rearranged."""
    long = [
        f"{path.relative_to(SRC)}:{node.lineno} {node.name}"
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno > 60
    ]
    crowded = [str(path.relative_to(SRC)) for path in sources() if path.read_text("utf-8").count("\n") > 420]
    assert not long and not crowded


def test_a_hub_loads_heavy_libraries_only_when_they_are_needed() -> None:
    heavy = {"numpy", "cryptography", "aiohttp", "rich"}  # 9 MB is what cryptography alone takes of a small machine
    code = (
        "import sys, unclouded.app.hub_process, unclouded.cli.run, unclouded.families.tuya, unclouded.families.emporia"
    )
    code += "; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert heavy & set(done.stdout.split()) == set()
