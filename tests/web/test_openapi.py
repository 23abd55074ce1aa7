"""Routes and document are generated from one table; all texts are in another."""

import ast
import re
from pathlib import Path
from string import Formatter

import msgspec
import pytest
from starlette.routing import Route

from api_story import FakeHub, about
from unclouded.web.api.api import ROWS, Api, as_text, document
from unclouded.web.words import say, table

ROOT = Path(__file__).parent.parent.parent
WEB = sorted(path for place in ("web", "fleet/api") for path in (ROOT / "src" / "unclouded" / place).rglob("*.py"))
SAY = {"say": 0, "Trouble": 1, "refusal": 1, "problem": 2}  # which argument is the id
PARTS = {"say", "Trouble", "refusal"}  # their keywords fill the sentence


def test_the_document_in_docs_is_up_to_date() -> None:
    assert (ROOT / "docs" / "openapi.json").read_text("utf-8") == as_text(), "run: python3 dev.py docs"


def test_routes_document_and_docs_agree() -> None:
    routes = {
        (route.path.replace(":path}", "}"), method.lower())
        for route in Api(FakeHub(), about).app().routes
        if isinstance(route, Route) and route.methods and route.path.startswith("/api/")  # /metrics is not JSON
        for method in route.methods - {"HEAD"}
    }
    paths = msgspec.convert(document()["paths"], dict[str, dict[str, object]])
    assert routes == {(path, method) for path, methods in paths.items() for method in methods}
    documented = set(
        re.findall(
            r"^\| (GET|POST|PUT|PATCH|DELETE) \| `([^`?]+)", (ROOT / "docs" / "api.md").read_text("utf-8"), re.MULTILINE
        )
    )
    assert documented == {(row.method, row.path) for row in ROWS}


def test_operation_ids_are_unique() -> None:
    names = [row.name for row in ROWS]
    assert all(names) and len(set(names)) == len(names)


def test_the_document_contains_every_type_of_the_page() -> None:
    shapes = msgspec.convert(document()["components"], dict[str, dict[str, object]])["schemas"]
    assert {"Live", "Snapshot", "Changes", "Change", "WireLine", "Series", "Mark", "Problem", "HubView"} <= set(shapes)
    references = set(re.findall(r"#/components/schemas/(\w+)", as_text()))
    assert references <= set(shapes)


def calls() -> list[tuple[str, str, ast.Call]]:
    """All calls of ``say`` in web/*.py: file, id, call."""
    found = []
    for path in WEB:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            if name in SAY and isinstance(node, ast.Call) and len(node.args) > SAY[name]:
                id = node.args[SAY[name]]
                if isinstance(id, ast.Constant):
                    found.append((f"{path.name}:{node.lineno}", str(id.value), node))
    return found


def test_every_text_in_use_is_in_the_table_with_its_placeholders() -> None:
    for where, id, call in calls():
        assert id in table(), f"{where} uses {id}"
        parts = {part for _, part, _, _ in Formatter().parse(table()[id]) if part}
        assert isinstance(call.func, ast.Name)
        if call.func.id in PARTS and not any(word.arg is None for word in call.keywords):
            assert parts <= {word.arg for word in call.keywords}, f"{where} leaves parts of {id} out"


FORMS = ("api.said.", "api.because.", "api.action.")


def test_the_table_has_no_unused_texts_of_the_api() -> None:
    """Used literally, or composed from its group: f"api.state.{state}"."""
    encoded = "".join(path.read_text("utf-8") for path in WEB)
    ids = [id for id in table() if id.startswith("api.") and not id.startswith(FORMS)]  # test_said*.py have those
    assert not [id for id in ids if f'"{id}"' not in encoded and f'"{id.rpartition(".")[0]}.{{' not in encoded]


def test_braces_in_a_value_are_not_interpreted() -> None:
    assert "{host}" in say("api.no_route", path="/{host}")


@pytest.mark.parametrize("path", [path for path in WEB if path.name != "words.py"], ids=lambda path: path.name)
def test_problems_use_texts_of_the_table_only(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "problem":
            assert not isinstance(node.args[1], ast.Constant | ast.JoinedStr), f"{path.name}:{node.lineno}"
