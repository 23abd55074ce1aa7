"""Routes that decode what people recorded or paste; they change nothing and need no device.

    POST /api/decode?family=…           bytes of a file, or text   ──►  DecodeView: frames with their parts, remarks
    POST /api/decode/capture?…          the same                   ──►  DecodeFiles: a capture without secrets
    POST /api/decode/case?name=…&…      the same                   ──►  DecodeFiles: a draft of a test case

The input is passed on as it is, and so is the answer: this process reads neither.
"""

import asyncio
import contextlib
from collections.abc import Awaitable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from unclouded.core.views.decoded import (
    LARGEST_INPUT,
    MOST_FRAMES,
    DecodeChoices,
    DecodeFiles,
    DecodeOptions,
    DecodeView,
    DecodeWork,
)
from unclouded.web.access.auth import DECODE, AuthenticatedRequest
from unclouded.web.request import ApiError, ApiRequest
from unclouded.web.route_row import BYTES, JSON
from unclouded.web.routes import ApiContext, ApiRoute

Chosen = Annotated[str, Meta(max_length=100)]
RETRY_AFTER_S = 3

ERRORS = {
    422: "The input cannot be read as asked for, or it takes too long; `detail` says what to do.",
    503: "This hub decodes nothing, or too many inputs are waiting.",
}


class InputQuery(msgspec.Struct, frozen=True):
    input: Annotated[str, Meta(max_length=100, description="Format of the input; without it, it is found.")] = ""
    family: Annotated[str, Meta(max_length=100, description="Protocol family; without it, it is found.")] = ""
    dialect: Annotated[str, Meta(max_length=100, description="Dialect of the family; without it, it is found.")] = ""
    sender: Annotated[
        Literal["", "controller", "device"], Meta(description="Sender of bytes of which the input does not name it.")
    ] = ""
    profile: Annotated[
        str, Meta(max_length=200, description="Profile that names the values; without it, that of the product.")
    ] = ""


class FramesQuery(InputQuery, frozen=True):
    start: Annotated[int, Meta(ge=0, le=10_000_000, description="The first piece that is explained.")] = 0
    limit: Annotated[int, Meta(ge=1, le=MOST_FRAMES, description="Maximum number of pieces that are explained.")] = 500


class CaseQuery(InputQuery, frozen=True):
    name: Annotated[str, Meta(max_length=60, description="Name of the case: a to z, 0 to 9 and _.")] = "case"


async def decode_choices(context: ApiContext, request: ApiRequest) -> Response:
    return Response(await context.require_decoder().choices(), media_type=JSON)


async def decode(context: ApiContext, request: ApiRequest) -> Response:
    return await _decoded(context, request, request.query(FramesQuery), "frames")


async def decode_capture(context: ApiContext, request: ApiRequest) -> Response:
    return await _decoded(context, request, request.query(InputQuery), "capture")


async def decode_case(context: ApiContext, request: ApiRequest) -> Response:
    return await _decoded(context, request, request.query(CaseQuery), "case")


async def _decoded(context: ApiContext, request: ApiRequest, query: InputQuery, work: DecodeWork) -> Response:
    decoder = context.require_decoder()
    options = msgspec.convert({**msgspec.structs.asdict(query), "work": work}, DecodeOptions)
    with decoder.place(_client(request.http)) as has_place:
        if not has_place:
            raise ApiError(503, "api.decode_busy")
        data = b"".join([piece async for piece in request.pieces(LARGEST_INPUT)])
        answer = await _unless_gone(request.http, decoder.decode(options, data))
    return Response(answer, media_type=JSON)


async def _unless_gone(http: Request, work: Awaitable[bytes]) -> bytes:
    """The result of the work, which is ended where the client goes away."""
    task = asyncio.ensure_future(work)
    gone = asyncio.create_task(_gone(http), name="web.decode.client")
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ApiError(400, "api.incomplete_body")
        return task.result()
    finally:
        for one in (task, gone):
            one.cancel()
        await asyncio.wait({task, gone})
        if not task.cancelled():
            with contextlib.suppress(Exception):  # what it raises was raised above
                task.result()


async def _gone(http: Request) -> None:
    """Returns when the client has closed its connection."""
    while (await http.receive())["type"] != "http.disconnect":
        pass


def _client(http: Request) -> str:
    found = http.scope.get("unclouded.request")
    return found.address if isinstance(found, AuthenticatedRequest) else ""


ROWS = (
    ApiRoute(
        method="GET",
        path=DECODE,
        summary="What may be chosen for an input that is decoded: formats, families, dialects, profiles.",
        handler=decode_choices,
        returns=(DecodeChoices,),
        errors=ERRORS,
    ),
    ApiRoute(
        method="POST",
        path=DECODE,
        summary="Decode a recording or a text in any form: its frames with their parts, and what is irregular.",
        handler=decode,
        returns=(DecodeView,),
        query=FramesQuery,
        accepts=BYTES,
        errors=ERRORS,
        reads=True,
    ),
    ApiRoute(
        method="POST",
        path=f"{DECODE}/capture",
        summary="The same input as a capture, its secrets blanked.",
        handler=decode_capture,
        returns=(DecodeFiles,),
        query=InputQuery,
        accepts=BYTES,
        errors=ERRORS,
        reads=True,
    ),
    ApiRoute(
        method="POST",
        path=f"{DECODE}/case",
        summary="The same input as a draft of a test case: a capture, and what is found in it.",
        handler=decode_case,
        returns=(DecodeFiles,),
        query=CaseQuery,
        accepts=BYTES,
        errors=ERRORS,
        reads=True,
    ),
)
