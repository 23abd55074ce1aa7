"""Every configuration, profile, request and answer that the documentation shows is one that the program accepts.

A piece of a configuration is completed: keys without a table are those of a [[device]], one for each ``link``; a device
gets the family and the link that it must have, rules a place. A piece of a profile gets a name and a family.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml  # type: ignore[import-untyped]  # it has no types

from docs.fenced_blocks import DOCS, PAGES, Block, blocks, command_lines, title
from unclouded.app.cases.recorded_case import read_index
from unclouded.app.configuration.config import parse_config
from unclouded.app.protocols import actions_of, profile_library, settings_of
from unclouded.core.profile import load_profile

KINDS = {"sh", "console", "toml", "json", "yaml", "text", "frames", "refused", "python", "sql", "js", "promql", "nginx"}
FAMILIES = {"serial": "tuya_wifi", "tcp": "tuya_wifi", "rfc2217": "tuya_wifi"}  # of a link alone; else Meross
PLACE = "[weather]\nlatitude = 40.4\nlongitude = -3.7\n"
PROFILE = 'name = "tuya/mine"\nfamily = "tuya_wifi"\ntitle = "Mine"\n'
TELEGRAF = "inputs"


def test_every_block_says_what_it_is() -> None:
    assert {str(block): block.kind for block in blocks() if block.kind not in KINDS} == {}


# --- configurations and profiles --------------------------------------------------------------------


@pytest.mark.parametrize("block", blocks("toml"), ids=str)
def test_a_configuration_or_a_profile_is_accepted(block: Block) -> None:
    text = block.text
    if text.startswith("link = "):
        text = re.sub(r"^link = .(\w+)", _device, text, flags=re.MULTILINE)
    table = tomllib.loads(text)
    if "case" in table:
        assert read_index(text, str(block))
    elif "point" in table or "base" in table:
        missing = [line for line in PROFILE.splitlines(keepends=True) if line.split()[0] not in table]
        load_profile("".join(missing) + text, str(block), settings_of, actions_of, profile_library().base)
    elif TELEGRAF not in table:
        for device in table.get("device", []):
            missing = [] if "channel" in device or "link" in device else ['family = "tuya_wifi"', 'link = "tcp://h:1"']
            text = text.replace("[[device]]\n", "[[ device ]]\n" + "".join(f"{line}\n" for line in missing), 1)
        parse_config(text + PLACE * ("rule" in table), str(block), env={})


def _device(link: re.Match[str]) -> str:
    """The head of a [[device]] with that link, whose keys follow."""
    family = FAMILIES.get(link[1], "meross")
    return f'[[device]]\nid = "device_{link.start()}"\nfamily = "{family}"\n{link[0]}'


# --- the API ----------------------------------------------------------------------------------------

Json = Any  # JSON
HUB = json.loads((DOCS / "openapi.json").read_text("utf-8"))
FLEET = json.loads((DOCS / "fleet_openapi.json").read_text("utf-8"))
SCHEMAS = {  # of the samples of a page, one after the other; "" = of others than us
    "docs/api.md": (HUB, ["Problem", "Live", "Live", "Live", "Live"]),
    "docs/fleet_api.md": (FLEET, ["WatchBody", "FleetChanges", "FleetChanges"]),
    "docs/integrations/webhook.md": (HUB, [""]),
    "docs/protocols/meross.md": (HUB, [""] * 4),
}
WEBHOOK = {"readings": "ReadingView", "states": "StatusView", "events": "EventView", "alerts": "AlertView"}
LEFT_OUT = "…"


def samples(page: Path) -> Iterator[Json]:
    for block in blocks("json"):
        text = block.text if block.page == page else ""
        while text := text.lstrip():
            value, end = json.JSONDecoder().raw_decode(text)
            yield value
            text = text[end:]


@pytest.mark.parametrize("page", sorted({block.page for block in blocks("json")}), ids=title)
def test_a_sample_of_json_has_the_names_of_the_api(page: Path) -> None:
    document, names = SCHEMAS[title(page)]
    for sample, name in zip(samples(page), names, strict=True):
        assert not name or list(wrong(sample, {"$ref": f"/{name}"}, document)) == []
    if page.stem == "webhook":
        [sample] = samples(page)
        for key, name in WEBHOOK.items():
            assert set(wrong(sample[key], {"items": {"$ref": f"/{name}"}}, document)) <= {"$[0].active"}


def wrong(value: Json, schema: Json, document: Json, where: str = "$") -> Iterator[str]:
    """The names in ``value`` that the schema has not, and those that it wants where none is left out."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        yield from min((list(wrong(value, one, document, where)) for one in schema["anyOf"]), key=len)
    elif isinstance(value, dict):
        properties, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        if not properties and schema.get("type", "object") != "object":
            yield f"{where}: no object"
        for name, one in value.items():
            if name in properties:
                yield from wrong(one, properties[name], document, f"{where}.{name}")
            elif name != LEFT_OUT and (properties or others is False):
                yield f"{where}.{name}"
        if LEFT_OUT not in value:
            yield from (f"{where}.{name} is missing" for name in schema.get("required", []) if name not in value)
    elif isinstance(value, list):
        kinds = schema.get("prefixItems", [])
        for number, one in enumerate(value):
            kind = kinds[number] if number < len(kinds) else schema.get("items") or {}
            yield from wrong(one, kind, document, f"{where}[{number}]")


def operations(path: str) -> dict[str, Json]:
    """What can be asked of a path, by method; words in capitals stand for any."""
    words = path.strip("/").split("/")
    for document in (HUB, FLEET):
        for template, found in document["paths"].items():
            parts = template.strip("/").split("/")
            if len(parts) == len(words) and all(
                part == word or part.startswith("{") or "{" in word for part, word in zip(parts, words, strict=True)
            ):
                return dict(found)
    return {}


ENROL = "/api/enrol"  # what hubs ask of a fleet; no page or program does
UNDESCRIBED = {"/api/live", "/api/fleet/changes", "/api/fleet", ENROL, f"{ENROL}/renew", f"{ENROL}/leave"}
REQUEST = re.compile(r"(?<![\w.])/api(?:/[\w{}.-]*[\w}])+")


def test_a_path_of_the_api_is_one() -> None:
    named = {
        path: title(page)
        for page in [*PAGES, *(DOCS / "examples").iterdir()]
        for path in REQUEST.findall(page.read_text("utf-8"))
        if path not in UNDESCRIBED
    }
    assert {path: page for path, page in named.items() if not operations(path)} == {}


REQUESTS = [(line, words[1:]) for line in command_lines() for words in line.commands() if words[:1] == ["curl"]]


@pytest.mark.parametrize(("line", "words"), REQUESTS, ids=lambda one: str(one)[:60])
def test_a_request_with_curl_has_the_names_of_the_api(line: object, words: list[str]) -> None:
    [url] = [urlsplit(word) for word in words if "://" in word]
    if not url.path.startswith("/api/"):
        return
    data = [value for option, value in pairwise(words) if option == "-d"]
    method = "put" if "-T" in words or "PUT" in words else "post" if data and "-G" not in words else "get"
    path = f"{url.path}NAME" if url.path.endswith("/") else url.path
    operation = operations(path).get(method)
    assert operation, f"{line}: no {method} {path}"
    known = {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}
    query = "&".join([url.query, *(data if method == "get" else [])])
    assert {name for name, _ in parse_qsl(query, keep_blank_values=True)} <= known, line
    if data and method != "get":
        document = FLEET if "/fleet/" in path else HUB
        [body] = operation["requestBody"]["content"].values()
        assert list(wrong(json.loads("".join(data)), body["schema"], document)) == [], line


# --- files of other programs ------------------------------------------------------------------------


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_yaml_is_yaml(block: Block) -> None:
    assert isinstance(yaml.safe_load(block.text), Mapping)
