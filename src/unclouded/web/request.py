"""Request validation: the query as a typed struct, the body, the device; and the error responses of the API.

    ?limit=20&device=kettle   ──►  FramesQuery(limit=20) …   or a Problem naming the parameter

The OpenAPI document is generated from the same structs, so that validation and documentation agree.
"""

import math
import typing
from collections.abc import AsyncIterator, Mapping
from datetime import tzinfo
from http import HTTPStatus
from typing import TypeVar

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from unclouded.core.errors import UncloudedError
from unclouded.core.model import Device, PublicHub
from unclouded.core.times import parse_time
from unclouded.core.views.json_lines import encode
from unclouded.web.schemas import Problem, Role
from unclouded.web.words import say

T = TypeVar("T")
Query = TypeVar("Query", bound=msgspec.Struct)

LATEST_TIME = 253_402_300_799.0  # Unix seconds; the end of the year 9999


class ApiError(UncloudedError):
    """An error response: a status and a sentence of the table."""

    def __init__(self, status: int, id: str, **parts: object) -> None:
        super().__init__(say(id, **parts))
        self.status = status
        self.id = id


class NoQuery(msgspec.Struct, frozen=True):
    """An empty query."""


class ApiRequest:
    """An HTTP request to the API, with who sends it and what its query and body are."""

    def __init__(self, http: Request) -> None:
        self.http = http

    @property
    def role(self) -> Role:
        """The role of the client; without authentication in front of the API (on the Unix socket), control."""
        return "read" if self.http.scope.get("unclouded.role", "control") == "read" else "control"

    @property
    def is_local(self) -> bool:
        """Whether it came over the Unix socket, which is accessible to the user of the hub only."""
        return "unclouded.role" not in self.http.scope

    @property
    def from_page(self) -> bool:
        """Whether a browser sent the request."""
        return "origin" in self.http.headers or "sec-fetch-site" in self.http.headers

    def query(self, shape: type[Query]) -> Query:
        """The query as that struct. Raises an ApiError that names the parameter."""
        return query_of(self.http.query_params, shape)

    def no_query(self) -> None:
        """Check that the query is empty. Raises ApiError."""
        query_of(self.http.query_params, NoQuery)

    async def body(self, shape: type[T]) -> T:
        """The JSON body as that struct. Raises ApiError."""
        try:
            return msgspec.json.decode(await self.http.body(), type=shape)
        except ClientDisconnect:
            raise ApiError(400, "api.incomplete_body") from None
        except msgspec.ValidationError as error:
            raise ApiError(422, "api.invalid_body", why=error) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ApiError(422, "api.invalid_json", why=error) from None

    async def pieces(self, most: int) -> AsyncIterator[bytes]:
        """The raw body as it arrives, at most ``most`` bytes. Raises ApiError."""
        length = 0
        try:
            async for piece in self.http.stream():
                length += len(piece)
                if length > most:
                    raise ApiError(413, "api.too_long", most=most)
                yield piece
        except ClientDisconnect:
            raise ApiError(400, "api.incomplete_body") from None

    def device(self, hub: PublicHub) -> Device:
        """The device in the path. Raises ApiError."""
        return device_of_id(hub, str(self.http.path_params["device"]))


def device_of_id(hub: PublicHub, id: str) -> Device:
    """The device with that id. Raises ApiError."""
    devices = hub.devices()
    for one in devices:
        if one.id == id:
            return one
    known = ", ".join(one.id for one in devices)
    raise ApiError(404, "api.no_device", device=id[:80], known=known or say("api.none"))


def query_of(given: QueryParams, shape: type[Query]) -> Query:
    """A query as a struct: lists may be given several times, other parameters once. Raises ApiError."""
    fields = {field.name: field for field in msgspec.structs.fields(shape)}
    for name in given:
        if name not in fields:
            known = ", ".join(fields) or say("api.none")
            raise ApiError(400, "api.no_parameter", name=name[:80], known=known)
    values = {name: _values(given.getlist(name), name, is_list(fields[name].type)) for name in given}
    for name, field in fields.items():
        if field.required and name not in values:
            raise ApiError(400, "api.missing_parameter", name=name)
    for name, value in values.items():
        try:
            msgspec.convert(value, fields[name].type, strict=False)
        except msgspec.ValidationError as error:
            raise ApiError(400, "api.invalid_parameter", name=name, why=str(error).partition(" - at ")[0]) from None
    return msgspec.convert(values, shape, strict=False)


def is_list(kind: object) -> bool:
    """Whether a parameter of this type may be given several times."""
    bare = typing.get_args(kind)[0] if typing.get_origin(kind) is typing.Annotated else kind
    return typing.get_origin(bare) is list


def time_of(text: str, name: str, zone: tzinfo) -> float:
    """Unix seconds or ISO 8601 (without an offset: in ``zone``) -> Unix seconds. Raises ApiError."""
    try:
        at = float(text)
    except ValueError:
        at = _iso_time(text, name, zone)
    if not math.isfinite(at) or not 0 <= at <= LATEST_TIME:
        raise ApiError(400, "api.invalid_time", name=name, text=text[:80])
    return at


def as_json(value: object, status: int = 200) -> Response:
    """A response with a value as JSON."""
    return Response(encode(value), status, media_type="application/json")


def problem(
    status: int, detail: str, id: str = "", headers: Mapping[str, str] | None = None, title: str = ""
) -> Response:
    """An error response."""
    body = Problem(title=title or HTTPStatus(status).phrase, status=status, detail=detail, id=id)
    return Response(encode(body), status, headers, "application/problem+json")


def _values(given: list[str], name: str, many: bool) -> str | list[str]:
    if many:
        return given
    if len(given) > 1:
        raise ApiError(400, "api.repeated_parameter", name=name)
    return given[0]


def _iso_time(text: str, name: str, zone: tzinfo) -> float:
    head, space, tail = text.rpartition(" ")
    for written in (text, f"{head}+{tail}" if space else ""):  # in a query a bare + is a space
        try:
            return parse_time(written, zone)
        except (ValueError, OverflowError):
            continue
    raise ApiError(400, "api.invalid_time", name=name, text=text[:80])
