"""The structure of the package, read from its source: who may import whom, what is pure, and a few rules of style."""

import ast
import gc
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest
from tools.shape.figures import public_of
from tools.shape.methods import methods_of
from tools.shape.rows import described_by_rows
from tools.shape.source import SourceModule

Node = TypeVar("Node", bound=ast.AST)

SRC = Path(__file__).parent.parent / "src" / "unclouded"

# Package -> the others that it may import. Every module may import unclouded.VERSION.
PACKAGES = {
    "core": "",
    "families": "core",
    "formats": "core",
    "profiles": "core",
    "recording": "core",
    "links": "core recording",
    "hub": "core",
    "store": "core",
    "rules": "core",
    "feeds": "core",
    "tariffs": "core",
    "sim": "core",
    "web": "core store",
    "publish": "core links",
    "conformance": "core families",
    "table_files": "core",
    "uplink": "core store",
    "fleet": "core publish store table_files uplink links web",
    "app": "core families formats profiles recording links hub publish store sim web conformance rules feeds tariffs"
    " table_files uplink",
    "fleet_demo": "core app fleet links sim store uplink web",
    "cli": "core app fleet fleet_demo web",
}

# The same inside of a package: sub-package or module -> what it may import of its siblings. Every sub-package is
# listed; modules that are not (they join the parts together) may import all.
INSIDE = {
    "core": {
        "errors": "",
        "text": "errors",
        "system": "errors",
        "security": "",
        "model": "feeds text",
        "calendar": "errors model",
        "sessions": "errors model system",
        "profile": "errors model sessions text",
        "views": "family frame_part model text times",
    },
    "families": {"emporia": "", "hlw8032": "", "meross": "", "tuya": ""},
    "families.meross": {
        "wire": "",
        "firmware": "",
        "settings": "",
        "controller": "wire firmware settings",
        "plug": "wire firmware",
        "setup": "wire",
        "console": "plug wire",
    },
    "families.meross.console": {"wire": "", "configuration": "wire", "controller": "wire", "plug": "wire"},
    "families.meross.plug": {"state": "", "rules": "state"},
    "families.tuya.wifi": {
        "mcu": "codes commands messages product_info service_messages update_kinds",
        "module": "codes commands messages product_info service_messages update_kinds",
    },
    "families.tuya": {
        "line": "",
        "values": "",
        "local_time": "",
        "echo_filter": "",
        "weather": "",
        "messages": "line",
        "reading": "line messages",
        "pending_commands": "line",
        "update": "line messages",
        "wifi": "line messages reading update pending_commands echo_filter local_time weather",
        "settings": "wifi",  # battery devices have the settings of the ordinary line, and their own
        "low_power": "line messages reading update pending_commands local_time settings",
        "gateway": "line messages update pending_commands local_time weather",
        "zigbee_module": "line messages reading",
        "analysis": "line wifi low_power gateway",
        "probe": "line wifi",
    },
    "conformance": {
        "check": "",
        "line": "check",
        "rows": "check line",
        "run": "check line",
        "tuya": "check line rows",
        "tuya_wifi": "check line rows tuya",
        "tuya_low_power": "check line rows tuya",
        "emporia": "check line rows",
        "meross_console": "check line rows",
        "hlw8032": "check line rows",
        "tuya_gateway": "check line rows tuya",
        "meross": "check line rows",
    },
    "conformance.meross": {"wire": "", "plug": "wire", "hub": "wire"},
    "formats": {
        "chunk": "",
        "reading": "chunk",
        "lan_packets": "chunk",
        "text": "",
        "source": "text",
        "documents": "chunk reading source text",
        "lines": "chunk reading source text",
        "doubles": "",
        "line_collector": "chunk reading source text",
        "programs": "chunk reading source text doubles line_collector lines",
        "messages": "chunk reading source text line_collector",
        "values": "reading source text line_collector documents",
        "analysers": "chunk reading source text",
        "levels": "reading source analysers",
        "packets": "chunk reading source text lan_packets",
    },
    "links": {
        "url": "",
        "dial": "",
        "ports": "",
        "tcp": "dial url",
        "http": "dial ports tcp url",
        "serial": "dial tcp url",
        "mqtt": "dial http url",
        "broker": "dial tcp mqtt",
        "nats": "dial tcp",
    },
    "profiles": {"vocabulary": "", "catalogue": ""},
    "publish": {
        "momentary": "",
        "mqtt": "momentary",
        "homeassistant": "momentary mqtt",
        "delivery": "",
        "metrics": "",
        "influx": "delivery",
        "webhook": "delivery",
        "homekit": "",
        "notifications": "",
    },
    "store": {
        "encoding": "",
        "file": "encoding feeds repair retention rollup samples sealing transaction writer",
        "reading": "editing encoding feeds file hour_samples retention rollup rows samples silence",
        "editing": "encoding outbox repair rollup rows transaction",
        "retention": "encoding hour_samples repair rows samples sealing transaction",
    },
    "uplink": {
        "contents": "",
        "messages": "",
        "sent_events": "",
        "let_out": "contents messages sent_events",
        "pace": "",
        "outputs": "messages",
        "composing": "messages",
        "session": "composing messages outputs pace",
        "window_reader": "contents let_out",
    },
    "fleet": {
        "restoring": "base",
        "keys": "",
        "nats_server": "keys",
        "local_servers": "nats_server keys",
        "base": "",
        "ingest": "base keys",
        "calls": "base",
        "folder": "keys nats_server configuration",
        "enrolment": "keys base folder configuration",
        "doctor": "keys nats_server base folder enrolment configuration",
        "api": "base calls enrolment",
    },
    "fleet.base": {
        "views": "",
        "windows": "connections errors views",
        "reading": "commands connections errors merging views windows",
        "schema": "connections errors views windows",
    },
    "hub": {"energy": "", "services": "", "readings": "energy", "channels": "energy identity readings"},
    "app.configuration": {
        "places": "",
        "names": "",
        "tables": "places",
        "checks": "config names places tables",
        "edits": "checks config_file names places tables",
    },
    "rules": {
        "calendar": "",
        "conditions": "calendar",
        "rule": "calendar conditions",
        "text": "calendar conditions rule",
        "devices": "rule text",
        "engine": "calendar conditions rule text devices",
        "replay": "calendar engine rule",
    },
    "cli": {
        "output": "",
        "options": "",
        "signals": "",
        "configuration": "",
        "own_hub": "output",
        "console_setup": "output own_hub",
        "onboarding_dialog": "output",
        "terminal": "output",
        "repairing": "output options configuration",
        "fleet": "output options signals configuration",
        "verbs": "output options signals configuration console_setup onboarding_dialog own_hub terminal repairing"
        " fleet",
    },
}

# Packages and modules without clocks, chance, logs, files and sockets.
PURE = [
    "core",
    "families",
    "formats",
    "conformance",
    "rules",
    "tariffs",
    "feeds",
    "uplink",
    "hub/readings",
    "hub/energy",
    "hub/services",
    *(f"hub/{name}.py" for name in ("held_commands", "identity")),
    *(f"sim/{name}.py" for name in ("direction_values", "loads", "measure", "measured_part")),
    *(f"sim/{name}.py" for name in ("seeded_random", "subjects", "trips", "world")),
    "fleet/keys",
    "fleet/nats_server/versions.py",
    "sim/product",
    *(f"store/encoding/{name}.py" for name in ("blob", "codec", "part")),
    *(f"store/{name}.py" for name in ("rows", "silence")),
    *(f"store/reading/{name}.py" for name in ("condense", "steps")),
    *(f"store/editing/{name}.py" for name in ("edit", "edited_samples")),
    *(f"store/retention/{name}.py" for name in ("anchors", "rules")),
    *(f"recording/{name}.py" for name in ("bridge", "line_monitor")),
    *(f"recording/disturbing/{name}.py" for name in ("byte_faults", "direction", "faults")),
    "links/nats/wire.py",
    "publish/homeassistant",
    "publish/momentary.py",
    *(f"publish/mqtt/{name}.py" for name in ("announcements", "companion", "image", "outbox", "payloads", "session")),
    "publish/mqtt/updates.py",
    "publish/mqtt/topics.py",
    "app/decoding",
    "app/explaining",
    *(f"app/firmware/{name}.py" for name in ("content_hints", "magic_scan", "streams", "summary", "unpacking")),
    "cli/output/value_text.py",
    *(f"cli/output/terminal/{name}.py" for name in ("device_rows", "minute_summary", "text_width")),
    *(
        f"cli/output/bytes/{name}.py"
        for name in ("change_text", "conversation_text", "explain_text", "frame_drawing", "unknown_text")
    ),
]
PURE_LIBRARIES = """astral base64 binascii bisect bz2 collections contextlib cryptography datetime decimal difflib enum
fnmatch fractions functools hashlib heapq hmac ipaddress itertools json lzma math msgspec numpy operator re statistics
struct tomllib types typing unicodedata zlib zoneinfo"""
IMPURE_CALLS = {"open", "input", "eval", "exec"}
IMPURE_METHODS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
NOT_PURE = {
    "core/sessions/driver.py",
    "core/system/durable.py",
    "core/system/extras.py",
    "core/system/log_limit.py",
    "core/system/sockets.py",
    "core/system/retry_delays.py",
    "core/system/supervise.py",
    "core/security/tls.py",
}  # the one event loop, what it and listeners need, and what is installed

# The only modules that import by name at run time: each has a table of what it imports.
IMPORT_BY_NAME = {
    "__init__.py",
    "app/publishing/registry.py",
    "cli/__init__.py",
    "cli/fleet/__init__.py",
    "families/__init__.py",
    "links/__init__.py",
}

# Metaphors that a reader must guess; the standard term stands in docs/architecture.md.
METAPHORS = """attendant bouncer breath dice ear heeds hearing house keyring knock mouth nobody patience porter
reception scribe shelf squeeze tongue told wish witness"""


# --- reading the source -------------------------------------------------------------------------------


@cache
def sources(place: str = "") -> list[Path]:
    path = SRC / place
    assert path.exists(), path
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


@cache
def title(path: Path) -> str:
    return path.relative_to(SRC).as_posix()


@pytest.fixture(scope="module", autouse=True)
def syntax_trees() -> Iterator[None]:
    """All are made while no garbage is looked for, which takes longer than to make them; then they are dropped."""
    gc.disable()
    for path in sources():
        nodes(path)
    gc.enable()
    yield
    for kept in (parsed, nodes, imports, own_imports):
        kept.cache_clear()


@cache
def parsed(path: Path) -> SourceModule:
    return SourceModule(module_of(path), title(path), path.read_text("utf-8"))


def tree(path: Path) -> ast.Module:
    return parsed(path).tree


@cache
def nodes(path: Path) -> Mapping[type[ast.AST], list[ast.AST]]:
    """All nodes of a file by their type."""
    found: dict[type[ast.AST], list[ast.AST]] = defaultdict(list)
    for node in ast.walk(tree(path)):
        found[type(node)].append(node)
    return found


def nodes_of(kind: type[Node], paths: Iterable[Path]) -> Iterator[tuple[Path, Node]]:
    """The nodes of one type in these files."""
    for path in paths:
        for node in nodes(path).get(kind, ()):
            assert isinstance(node, kind)
            yield path, node


@cache
def module_of(path: Path) -> str:
    parts = path.relative_to(SRC).with_suffix("").parts
    return ".".join(("unclouded", *(parts[:-1] if parts[-1] == "__init__" else parts)))


MODULES = {module_of(path): path for path in sources()}


def for_type_checkers(path: Path) -> set[ast.AST]:
    """The nodes that stand under ``if TYPE_CHECKING``."""
    return {
        below
        for _, node in nodes_of(ast.If, [path])
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for statement in node.body
        for below in ast.walk(statement)
    }


@cache
def imports(path: Path) -> frozenset[str]:
    """The modules that a file imports, also inside of functions."""
    left_out = for_type_checkers(path)
    found = set()
    for _, node in nodes_of(ast.Import, [path]):
        if node not in left_out:
            found |= {alias.name for alias in node.names}
    for _, source in nodes_of(ast.ImportFrom, [path]):
        if source not in left_out:
            assert source.level == 0, f"{path}: relative imports hide the direction"
            names = {f"{source.module}.{alias.name}" for alias in source.names}
            found |= {name if name in MODULES else str(source.module) for name in names}
    return frozenset(found)


@cache
def own_imports(path: Path) -> frozenset[str]:
    return imports(path) & MODULES.keys()


def part(module: str, package: str) -> str:
    """The sub-package or module of ``package`` that a module belongs to; "" = the package itself, or none of it."""
    return module.removeprefix(f"{package}.").partition(".")[0] if module.startswith(f"{package}.") else ""


NUMPY_OF_WINDOWS = "unclouded.uplink.contents.arrays"  # for servers; a hub does without numpy


# --- who may import whom ------------------------------------------------------------------------------


def test_there_are_these_packages_and_no_other_modules() -> None:
    assert {path.name for path in SRC.iterdir() if path.is_dir() and path.name != "__pycache__"} == set(PACKAGES)
    assert {path.name for path in SRC.glob("*.py")} <= {"__init__.py", "__main__.py"}


def test_packages_import_only_what_the_table_permits() -> None:
    assert forbidden("unclouded", PACKAGES) == []


def test_no_hub_imports_the_arrays_of_windows() -> None:
    users = {title(path).partition("/")[0] for path in sources() if NUMPY_OF_WINDOWS in own_imports(path)}
    assert users <= {"fleet"}


@pytest.mark.parametrize("package", INSIDE)
def test_parts_of_a_package_import_only_what_the_table_permits(package: str) -> None:
    assert forbidden(f"unclouded.{package}", INSIDE[package]) == []


@pytest.mark.parametrize("package", INSIDE)
def test_the_tables_list_every_part_of_a_package(package: str) -> None:
    parts = {path.parent.name for path in (SRC / package.replace(".", "/")).glob("*/__init__.py")}
    assert parts - INSIDE[package].keys() == set()


@pytest.mark.parametrize("package", ["", *INSIDE])
def test_the_tables_name_no_import_that_is_not_needed(package: str) -> None:
    table = INSIDE[package] if package else PACKAGES
    whole = f"unclouded.{package}".rstrip(".")
    used: dict[str, set[str]] = defaultdict(set)
    for path in sources():
        here = part(module_of(path), whole)
        used[here] |= {part(name, whole) for name in own_imports(path)}
    assert [
        f"{here} -> {there}" for here, others in table.items() for there in others.split() if there not in used[here]
    ] == []


def forbidden(package: str, table: Mapping[str, str]) -> list[str]:
    found = []
    for path in sources():
        here = part(module_of(path), package)
        for name in sorted(own_imports(path)):
            there = part(name, package)
            if here in table and there not in ("", here, *table[here].split()):
                found.append(f"{title(path)} imports {name}")
    return found


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Imports inside of functions count; those for type checkers do not."""
    graph = {module: own_imports(path) - {module} for module, path in MODULES.items()}
    assert cycles(graph) == []


def cycles(graph: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Groups of modules that reach each other: modules without importers or imports are removed until none is left."""
    left = {module: set(others) & graph.keys() for module, others in graph.items()}
    while True:
        imported = {name for others in left.values() for name in others}
        free = {module for module, others in left.items() if not others or module not in imported}
        if not free:
            break
        left = {module: others - free for module, others in left.items() if module not in free}
    return [[module, *sorted(others)] for module, others in sorted(left.items())]


def test_a_cycle_is_found() -> None:
    graph = {"a": ["b"], "b": ["c"], "c": ["b", "d"], "d": []}
    assert cycles(graph) == [["b", "c"], ["c", "b"]]


@pytest.mark.parametrize("place", PURE)
def test_pure_modules_know_no_time_no_chance_and_no_files(place: str) -> None:
    found = {
        (title(path), name)
        for path in sources(place)
        if title(path) not in NOT_PURE
        for name in {name.partition(".")[0] for name in imports(path)} - {"unclouded", *PURE_LIBRARIES.split()}
        if not (name == "importlib" and title(path) in IMPORT_BY_NAME)
    }
    assert found == set()


@pytest.mark.parametrize("place", PURE)
def test_pure_modules_open_no_file_and_read_no_clock(place: str) -> None:
    found = {
        f"{title(path)}:{node.lineno}"
        for path, node in nodes_of(ast.Call, sources(place))
        if title(path) not in NOT_PURE and is_impure(node.func)
    }
    assert found == set()


def is_impure(function: ast.expr) -> bool:
    """Whether a call of it opens a file, reads a clock, or runs a text."""
    match function:
        case ast.Name(id=name):
            return name in IMPURE_CALLS
        case ast.Attribute(value=ast.Name(id=holder), attr=name):
            return f"{holder}.{name}" in IMPURE_METHODS
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id="datetime"), attr=holder), attr=name):
            return f"{holder}.{name}" in IMPURE_METHODS
    return False


def test_modules_are_imported_by_name_only_where_a_table_lists_them() -> None:
    found = {title(path) for path in sources() if "importlib" in imports(path)}
    calls = {title(path) for path, node in nodes_of(ast.Name, sources()) if node.id == "__import__"}
    assert found | calls == IMPORT_BY_NAME


def test_a_hub_loads_heavy_libraries_only_when_they_are_needed() -> None:
    heavy = {"numpy", "cryptography", "aiohttp", "rich", "tomlkit"}  # cryptography alone takes 9 MB of a small machine
    needed = ("app.hub_process", "cli.verbs.run", "families.tuya", "families.emporia")
    code = f"import sys, {', '.join(f'unclouded.{name}' for name in needed)}"
    code += "; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert heavy & set(done.stdout.split()) == set()


# --- names --------------------------------------------------------------------------------------------


def test_no_class_name_stands_in_two_modules() -> None:
    places: dict[str, set[str]] = defaultdict(set)
    for path, node in nodes_of(ast.ClassDef, sources()):
        places[node.name].add(title(path))
    assert {name: sorted(files) for name, files in places.items() if len(files) > 1} == {}


def test_no_identifier_is_a_metaphor() -> None:
    metaphors = set(METAPHORS.split())
    found = {
        f"{title(path)} {name}" for path in sources() for name in identifiers(path) if metaphors & set(words(name))
    }
    assert sorted(found) == []


IDENTIFIERS: Mapping[type[ast.AST], str] = {  # what holds the name that a node defines or uses
    **dict.fromkeys((ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef), "name"),
    ast.Name: "id",
    ast.Attribute: "attr",
    **dict.fromkeys((ast.arg, ast.keyword), "arg"),
}


def identifiers(path: Path) -> set[str]:
    """The names that a file defines or uses."""
    found = {getattr(node, field) for kind, field in IDENTIFIERS.items() for node in nodes(path).get(kind, ())}
    return found - {None}  # the name of keywords after **


@cache
def words(identifier: str) -> list[str]:
    """``_SomeName_s`` -> some, name, s."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", identifier)]


def test_identifiers_are_split_into_words() -> None:
    assert words("_tellHouse_PATIENCE_s2") == ["tell", "house", "patience", "s"]


# --- style --------------------------------------------------------------------------------------------


def test_only_supervise_catches_everything() -> None:
    wrong = []
    for path, node in nodes_of(ast.ExceptHandler, sources()):
        if path.name != "supervise.py":
            names = [node.type] if not isinstance(node.type, ast.Tuple) else node.type.elts
            caught = {one.id for one in names if isinstance(one, ast.Name)}
            passes_on = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
            if not passes_on and (node.type is None or caught & {"Exception", "BaseException"}):
                wrong.append(f"{title(path)}:{node.lineno}")
    assert wrong == []


def test_only_the_command_line_prints() -> None:
    wrong = [
        f"{title(path)}:{node.lineno}"
        for path, node in nodes_of(ast.Call, sources())
        if isinstance(node.func, ast.Name) and node.func.id == "print"
        if part(module_of(path), "unclouded") != "cli"
    ]
    assert wrong == []


def test_only_the_command_line_knows_click() -> None:
    wrong = [
        title(path) for path in sources() if "click" in imports(path) and part(module_of(path), "unclouded") != "cli"
    ]
    assert wrong == []


def test_every_module_has_a_docstring() -> None:
    wrong = [title(path) for path in sources() if tree(path).body and not ast.get_docstring(tree(path))]
    assert wrong == []


def test_everything_public_is_described() -> None:
    """By a docstring, the row of a table, or what a method implements."""
    modules = [parsed(path) for path in sources()]
    rows = described_by_rows(modules)
    public = {(one.name, node.name): ast.get_docstring(node, clean=False) for one in modules for node in public_of(one)}
    assert [name for name, text in public.items() if text is None and name not in rows] == []
    methods = methods_of(modules)
    assert [place for place, node in methods if ast.get_docstring(node, clean=False) is None] == []


def test_tasks_have_names() -> None:
    wrong = [
        f"{title(path)}:{node.lineno}"
        for path, node in nodes_of(ast.Call, sources())
        if isinstance(node.func, ast.Attribute)
        and node.func.attr == "create_task"
        and not any(keyword.arg == "name" for keyword in node.keywords)
    ]
    assert wrong == []
