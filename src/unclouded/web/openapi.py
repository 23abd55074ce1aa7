"""The OpenAPI 3.1 document, generated from the table of routes and from the message types.

The components include the WebSocket messages and the JSON lines; the page's types are generated from them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from unclouded import VERSION
from unclouded.web.request import is_list
from unclouded.web.route_row import CSV, JSON, SVG, RouteRow
from unclouded.web.schemas import Problem

Json = dict[str, Any]  # Any: JSON

PROBLEM = "application/problem+json"
TEMPLATE = "#/components/schemas/{name}"
AnyRow = RouteRow[Any, Any]  # Any: of whichever API
QUERY_ERRORS = {400: "A parameter is invalid; `detail` names it."}
BODY_ERRORS = {
    411: "The body has no Content-Length.",
    413: "The body is too long.",
    415: "The body is not JSON.",
    422: "The body is invalid; `detail` says why.",
}
FILE_ERRORS = {
    400: "The body is incomplete, or a parameter is invalid.",
    411: "The body has no Content-Length.",
    413: "The file is too long.",
}
LENGTH_ERRORS = {411: "The body has no Content-Length.", 413: "The body is too long."}
AUTH_ERRORS = {401: "Not logged in."}
PATH_ERRORS = {404: "There is nothing at this path."}  # a value with a slash makes another path


class DocumentHead(msgspec.Struct, frozen=True, kw_only=True):
    """What documents of different APIs differ in. ``types``: of messages that are not answers to requests.

    ``every_error``: what each route may return. ``forbidden``: what 403 means. ``conflict``: the body of a 409.
    """

    title: str
    description: str
    types: tuple[object, ...]
    every_error: Mapping[int, str]
    forbidden: str
    conflict: type[Problem] = Problem


def document(rows: Sequence[AnyRow], head: DocumentHead) -> Json:
    """The whole document."""
    types = [one for row in rows for one in _types(row)]
    _, schemas = msgspec.json.schema_components([*types, *head.types, Problem], ref_template=TEMPLATE)
    return {
        "openapi": "3.1.0",
        "info": {"title": head.title, "version": VERSION, "description": head.description},
        "paths": _paths(rows, head),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def as_text(document: Mapping[str, object]) -> str:
    """A document as docs/ keeps it."""
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n"


def _paths(rows: Iterable[AnyRow], head: DocumentHead) -> Json:
    paths: Json = {}
    for row in rows:
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row, head)
    return paths


def _operation(row: AnyRow, head: DocumentHead) -> Json:
    operation: Json = {"operationId": row.name, "summary": row.summary}
    if parameters := [*_path_parameters(row), *_query_parameters(row)]:
        operation["parameters"] = parameters
    if row.body is not None:
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": _schema(row.body)}}}
    if row.accepts:
        binary = {"type": "string", "format": "binary"}
        operation["requestBody"] = {"required": True, "content": {row.accepts: {"schema": binary}}}
    operation["responses"] = {"200": {"description": "Done.", "content": {row.media: _content(row)}}}
    for status, description in sorted(errors_of(row, head).items()):
        operation["responses"][str(status)] = {
            "description": description,
            "content": {PROBLEM: {"schema": _schema(head.conflict if status == 409 else Problem)}},
        }
    return operation


def errors_of(row: AnyRow, head: DocumentHead) -> Mapping[int, str]:
    """Every status other than 200 that the route may return."""
    general = {
        **head.every_error,
        **QUERY_ERRORS,
        **({} if row.public else AUTH_ERRORS),
        403: head.forbidden,
        **(PATH_ERRORS if "{" in row.path else {}),
        **_body_errors(row),
    }
    return general | {
        status: f"{general[status]} {text}" if status in general else text for status, text in row.errors.items()
    }


def _body_errors(row: AnyRow) -> Mapping[int, str]:
    if row.accepts:
        return FILE_ERRORS if row.method == "PUT" else {**FILE_ERRORS, 415: "The body is not application/octet-stream."}
    return {"POST": BODY_ERRORS, "PATCH": BODY_ERRORS, "DELETE": LENGTH_ERRORS}.get(row.method, {})


def _content(row: AnyRow) -> Json:
    match row.media:
        case "application/json":
            return {"schema": _schema(row.returns[0])}
        case "application/jsonl":
            return {"schema": {"type": "string", "x-line": {"anyOf": [_schema(one) for one in row.returns]}}}
    return {"schema": {"type": "string"}}


def _path_parameters(row: AnyRow) -> Iterator[Json]:
    for name in re.findall(r"\{(\w+)\}", row.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _query_parameters(row: AnyRow) -> Iterator[Json]:
    """One for each field of the query's struct."""
    if row.query is None:
        return
    _, components = msgspec.json.schema_components([row.query], ref_template=TEMPLATE)
    properties = components[row.query.__name__]["properties"]
    for field in msgspec.structs.fields(row.query):
        schema = dict(properties[field.encode_name])
        description = schema.pop("description", "")
        if schema.get("default") in ("", []):
            del schema["default"]  # not given
        parameter: Json = {"name": field.encode_name, "in": "query", "description": description, "schema": schema}
        if field.required:
            parameter["required"] = True
        if is_list(field.type):
            parameter |= {"style": "form", "explode": True}
        yield parameter


def _types(row: AnyRow) -> list[Any]:  # Any: types
    return [*(row.returns if row.media not in (CSV, SVG) else ()), *((row.body,) if row.body is not None else ())]


def _schema(kind: Any) -> Json:  # Any: a type
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=TEMPLATE)
    return schema
