"""The document of the API and the table of its routes say what the code does."""

import re
from pathlib import Path

import unclouded.fleet.api
from unclouded.fleet.api.application import ROWS, as_text, document
from unclouded.web.words import table

ROOT = Path(__file__).parent.parent.parent.parent
SOURCES = sorted(Path(unclouded.fleet.api.__file__).parent.rglob("*.py"))
TABLE = re.compile(r"^    (GET|POST|PUT|PATCH|DELETE|any) +(/[^ ?\n]+)", re.MULTILINE)
NAMES = {"ORG": "organisation", "PATH": "path"}


def test_the_document_in_docs_is_up_to_date() -> None:
    assert (ROOT / "docs" / "fleet_openapi.json").read_text("utf-8") == as_text(), "run: python3 dev.py docs"


def test_the_table_of_routes_is_that_of_the_code() -> None:
    listed = set()
    for method, path in TABLE.findall(unclouded.fleet.api.__doc__ or ""):
        last = {"persons": "person", "codes": "code", "homes": "home"}
        parts = path.split("/")
        for place, part in enumerate(parts):
            name = NAMES.get(part) or (last[parts[place - 1]] if part == "ID" else "")
            parts[place] = f"{{{name}}}" if name else part
        methods = ("GET", "POST", "PUT", "PATCH", "DELETE") if method == "any" else (method,)
        listed |= {(one, f"/api/fleet{'/'.join(parts)}") for one in methods}
    assert listed == {(row.method, row.path) for row in ROWS}


def test_names_of_operations_and_types_are_their_own() -> None:
    names = [row.name for row in ROWS]
    assert len(names) == len(set(names))
    schemas = document()["components"]["schemas"]  # type: ignore[index]  # JSON
    assert {"FleetChanges", "WatchBody", "Problem", "HomeHistory", "SentCommandsView"} <= schemas.keys()


def test_every_text_is_in_the_table() -> None:
    used = {id for path in SOURCES for id in re.findall(r'"(api\.[a-z_.]+)"', path.read_text("utf-8"))}
    used |= {f"api.fleet.{role}" for role in ("viewer", "operator", "owner")}
    assert used <= table().keys()
    assert {id for id in table() if id.startswith("api.fleet.")} <= used
