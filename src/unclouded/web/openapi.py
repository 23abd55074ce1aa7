"""The OpenAPI 3.1 document, made from the same rows as the routes and from the shapes themselves.

Components hold the messages of the WebSocket and the JSON lines as well: the page's own types come from here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from unclouded import VERSION
from unclouded.web.request import is_list
from unclouded.web.routes import CSV, JSON, ApiRoute
from unclouded.web.schemas import Live, Problem

Json = dict[str, Any]  # Any: JSON

PROBLEM = "application/problem+json"
TEMPLATE = "#/components/schemas/{name}"
ABOUT = """The API of an Unclouded hub. On the Unix socket DATA/control nobody logs in; over TCP a browser has a session
and a program a token (`unclouded web token NAME`). Times in texts are ISO 8601 in UTC, `at` in columns is Unix
seconds. Keys never change their meaning; new ones may be added.

`/api/live` is a WebSocket; each of its messages is a `Live`: a snapshot first, then changes."""

QUERY_ERRORS = {400: "A parameter is wrong; the sentence names it."}
BODY_ERRORS = {
    400: "The body is wrong; the sentence says what.",
    411: "The body comes without its length.",
    413: "The body is too long.",
    415: "The body is no JSON.",
}
FILE_ERRORS = {
    400: "The body ended early, or a parameter is wrong.",
    411: "The body comes without its length.",
    413: "The file is too long.",
}
LENGTH_ERRORS = {411: "There is a body without its length.", 413: "There is a body, and it is too long."}
GUARD_ERRORS = {401: "Nobody is logged in.", 403: "This login may not do that, or another site asks."}
EVERY_ERROR = {421: "The hub does not go by the name that it was asked by."}


def document(rows: Sequence[ApiRoute]) -> Json:
    """The whole document."""
    types = [one for row in rows for one in _types(row)]
    _, schemas = msgspec.json.schema_components([*types, Live, Problem], ref_template=TEMPLATE)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Unclouded", "version": VERSION, "description": ABOUT},
        "paths": _paths(rows),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _paths(rows: Iterable[ApiRoute]) -> Json:
    paths: Json = {}
    for row in rows:
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row)
    return paths


def _operation(row: ApiRoute) -> Json:
    operation: Json = {"operationId": row.name, "summary": row.words}
    if parameters := [*_path_parameters(row), *_query_parameters(row)]:
        operation["parameters"] = parameters
    if row.body is not None:
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": _schema(row.body)}}}
    if row.takes:
        binary = {"type": "string", "format": "binary"}
        operation["requestBody"] = {"required": True, "content": {row.takes: {"schema": binary}}}
    operation["responses"] = {"200": {"description": "Done.", "content": {row.media: _content(row)}}}
    for status, words in sorted(errors_of(row).items()):
        operation["responses"][str(status)] = {"description": words, "content": {PROBLEM: {"schema": _schema(Problem)}}}
    return operation


def errors_of(row: ApiRoute) -> Mapping[int, str]:
    """Every status besides 200 that the route may answer with."""
    return {
        **EVERY_ERROR,
        **QUERY_ERRORS,
        **({} if row.free else GUARD_ERRORS),
        **({403: GUARD_ERRORS[403]} if row.free else {}),
        **_body_errors(row),
        **row.errors,
    }


def _body_errors(row: ApiRoute) -> Mapping[int, str]:
    if row.takes:
        return FILE_ERRORS
    return {"POST": BODY_ERRORS, "DELETE": LENGTH_ERRORS}.get(row.method, {})


def _content(row: ApiRoute) -> Json:
    match row.media:
        case "application/json":
            return {"schema": _schema(row.says[0])}
        case "application/jsonl":
            return {"schema": {"type": "string", "x-line": {"anyOf": [_schema(one) for one in row.says]}}}
    return {"schema": {"type": "string"}}


def _path_parameters(row: ApiRoute) -> Iterator[Json]:
    for name in re.findall(r"\{(\w+)\}", row.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _query_parameters(row: ApiRoute) -> Iterator[Json]:
    """One for each field of the query's struct."""
    if row.query is None:
        return
    _, components = msgspec.json.schema_components([row.query], ref_template=TEMPLATE)
    properties = components[row.query.__name__]["properties"]
    for field in msgspec.structs.fields(row.query):
        schema = dict(properties[field.encode_name])
        words = schema.pop("description", "")
        if schema.get("default") in ("", []):
            del schema["default"]  # nothing said
        parameter: Json = {"name": field.encode_name, "in": "query", "description": words, "schema": schema}
        if field.required:
            parameter["required"] = True
        if is_list(field.type):
            parameter |= {"style": "form", "explode": True}
        yield parameter


def _types(row: ApiRoute) -> list[Any]:  # Any: types
    return [*(row.says if row.media != CSV else ()), *((row.body,) if row.body is not None else ())]


def _schema(kind: Any) -> Json:  # Any: a type
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=TEMPLATE)
    return schema
