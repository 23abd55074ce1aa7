"""What a request asks for, checked: its query as a typed struct, its body, its device; and how the API says no.

    ?limit=20&device=kettle   ──►  FramesQuery(limit=20) …   or a Problem that names the parameter

The structs of queries and bodies make the OpenAPI document too, so what is checked is what is documented.
"""

import math
import typing
from collections.abc import Mapping
from datetime import tzinfo
from http import HTTPStatus
from typing import TypeVar

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from unclouded.core.errors import UncloudedError
from unclouded.core.json_lines import encode
from unclouded.core.model import Device, PublicHub
from unclouded.core.times import parse_time
from unclouded.web.schemas import Problem, Role
from unclouded.web.words import say

T = TypeVar("T")
Query = TypeVar("Query", bound=msgspec.Struct)

LAST_MOMENT = 253_402_300_799.0  # Unix seconds; the end of the year 9999


class ApiError(UncloudedError):
    """The API says no: a status and a sentence of the table."""

    def __init__(self, status: int, id: str, **parts: object) -> None:
        super().__init__(say(id, **parts))
        self.status = status
        self.id = id


class NoQuery(msgspec.Struct, frozen=True):
    """A query that says nothing."""


class ApiRequest:
    """One request."""

    def __init__(self, request: Request) -> None:
        self.request = request

    @property
    def role(self) -> Role:
        """What the asker may; without a guard before the API (on the Unix socket) everything."""
        return "read" if self.request.scope.get("unclouded.role", "control") == "read" else "control"

    @property
    def from_page(self) -> bool:
        """Did a browser send this?"""
        return "origin" in self.request.headers or "sec-fetch-site" in self.request.headers

    def query(self, shape: type[Query]) -> Query:
        """The query as that struct. Raises Trouble that names the parameter."""
        return query_of(self.request.query_params, shape)

    def no_query(self) -> None:
        """Nothing may be said in the query. Raises Trouble."""
        query_of(self.request.query_params, NoQuery)

    async def body(self, shape: type[T]) -> T:
        """The JSON body as that struct. Raises Trouble."""
        try:
            return msgspec.json.decode(await self.request.body(), type=shape)
        except msgspec.ValidationError as error:
            raise ApiError(400, "api.bad_body", why=error) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ApiError(400, "api.no_json", why=error) from None

    async def raw(self, most: int) -> bytes:
        """The body as it is, of at most so many bytes. Raises Trouble."""
        data = bytearray()
        try:
            async for chunk in self.request.stream():
                data += chunk
                if len(data) > most:
                    raise ApiError(413, "api.too_long", most=most)
        except ClientDisconnect:
            raise ApiError(400, "api.cut_short") from None
        return bytes(data)

    def device(self, hub: PublicHub) -> Device:
        """The device that the path names. Raises Trouble."""
        id = str(self.request.path_params["device"])
        devices = hub.devices()
        for one in devices:
            if one.id == id:
                return one
        known = ", ".join(one.id for one in devices)
        raise ApiError(404, "api.no_device", device=id[:80], known=known or say("api.none"))


def query_of(given: QueryParams, shape: type[Query]) -> Query:
    """A query as a struct: lists may be given several times, everything else once. Raises Trouble."""
    fields = {field.name: field for field in msgspec.structs.fields(shape)}
    for name in given:
        if name not in fields:
            known = ", ".join(fields) or say("api.none")
            raise ApiError(400, "api.no_parameter", name=name[:80], known=known)
    values = {name: _values(given.getlist(name), name, is_list(fields[name].type)) for name in given}
    for name, field in fields.items():
        if field.required and name not in values:
            raise ApiError(400, "api.parameter_missing", name=name)
    for name, value in values.items():
        try:
            msgspec.convert(value, fields[name].type, strict=False)
        except msgspec.ValidationError as error:
            raise ApiError(400, "api.bad_parameter", name=name, why=str(error).partition(" - at ")[0]) from None
    return msgspec.convert(values, shape, strict=False)


def is_list(kind: object) -> bool:
    """Is a field of this type given several times?"""
    bare = typing.get_args(kind)[0] if typing.get_origin(kind) is typing.Annotated else kind
    return typing.get_origin(bare) is list


def moment(text: str, name: str, zone: tzinfo) -> float:
    """Unix seconds, or ISO 8601 (in ``zone`` where it names none) -> Unix seconds. Raises Trouble."""
    try:
        at = float(text)
    except ValueError:
        at = _iso_moment(text, name, zone)
    if not math.isfinite(at) or not 0 <= at <= LAST_MOMENT:
        raise ApiError(400, "api.bad_moment", name=name, text=text[:80])
    return at


def as_json(value: object, status: int = 200) -> Response:
    return Response(encode(value), status, media_type="application/json")


def problem(
    status: int, detail: str, id: str = "", headers: Mapping[str, str] | None = None, title: str = ""
) -> Response:
    """An answer that says no."""
    words = Problem(title=title or HTTPStatus(status).phrase, status=status, detail=detail, id=id)
    return Response(encode(words), status, headers, "application/problem+json")


def _values(given: list[str], name: str, many: bool) -> str | list[str]:
    if many:
        return given
    if len(given) > 1:
        raise ApiError(400, "api.parameter_twice", name=name)
    return given[0]


def _iso_moment(text: str, name: str, zone: tzinfo) -> float:
    head, space, tail = text.rpartition(" ")
    for written in (text, f"{head}+{tail}" if space else ""):  # in a query a bare + is a space
        try:
            return parse_time(written, zone)
        except (ValueError, OverflowError):
            continue
    raise ApiError(400, "api.bad_moment", name=name, text=text[:80])
