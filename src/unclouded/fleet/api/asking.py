"""Questions to homes: who may ask what, and which answers are passed on.

A home is not trusted: what it answers is passed on as data, in a few media types, and never as a page or a redirect.

Source: docs/protocols/fleet.md §9
"""

import re
from typing import TypeVar

import msgspec
from starlette.responses import Response

from unclouded.core.errors import LinkError
from unclouded.fleet.api.context import FleetContext, FleetRequest
from unclouded.fleet.base.views import Role
from unclouded.fleet.calls.hub_link import HubAway, HubSilent
from unclouded.fleet.calls.limits import TooManyQuestions
from unclouded.fleet.calls.questions import HubAnswer
from unclouded.uplink.messages import Question
from unclouded.web.request import ApiError

T = TypeVar("T")

ANSWERED_BY = "X-Answered-By"
LONGEST_PATH = 4_000  # characters, with the query
PATH = re.compile(r"/api/[A-Za-z0-9._~%!$&'()*+,;=:@/-]*")
# What browsers show without running anything in it; everything else is a file to be kept
SHOWN = ("application/json", "application/problem+json", "application/jsonl", "text/csv", "text/plain")
SANDBOX = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox"}


class AskedTooOften(ApiError):
    """429. ``wait_s``: until the person may ask this home again."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(429, "api.fleet.asked_too_often", seconds=wait_s)
        self.wait_s = wait_s


async def ask_home(context: FleetContext, request: FleetRequest, question: Question) -> HubAnswer:
    """Its answer. Raises ApiError: it does not allow questions, it is asked too often, or cannot be reached."""
    if context.questions is None:
        raise ApiError(503, "api.fleet.no_calls")
    home = request.home
    detail = await context.base.homes.home(request.scope(), home.hub, context.wall())
    if "questions" not in detail.let_out:
        raise ApiError(409, "api.fleet.no_questions", home=home.name or home.hub)
    try:
        with context.limits.question(request.person.number, home.hub):
            return await context.questions.ask(home.hub, question)
    except TooManyQuestions as error:
        raise AskedTooOften(error.wait_s) from None
    except HubAway:
        raise ApiError(504, "api.fleet.home_away", home=home.name or home.hub) from None
    except HubSilent:
        raise ApiError(504, "api.fleet.home_silent", home=home.name or home.hub) from None
    except LinkError as error:
        raise ApiError(502, "api.fleet.home_failed", home=home.name or home.hub, why=error) from None


async def ask_for(context: FleetContext, request: FleetRequest, path: str, shape: type[T]) -> T:
    """What a home answers to a GET, in this shape. Raises ApiError."""
    answer = await ask_home(context, request, question(request, "GET", path))
    name = request.home.name or request.home.hub
    if answer.status != 200:
        raise ApiError(502, "api.fleet.home_failed", home=name, why=_reason(answer))
    try:
        return msgspec.json.decode(answer.body, type=shape)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise ApiError(502, "api.fleet.home_unreadable", home=name) from None


def question(request: FleetRequest, method: str, path: str, body: bytes = b"", content_type: str = "") -> Question:
    """A question in the name of the person's role in the home's organisation. Raises ApiError."""
    if len(path) > LONGEST_PATH:
        raise ApiError(414, "api.fleet.long_path", most=LONGEST_PATH)
    place = path.partition("?")[0]
    if not PATH.fullmatch(place) or any(part in ("..", ".") for part in place.split("/")):
        raise ApiError(404, "api.no_route", path=place[:80])
    role: Role = request.role_in(request.organisation)
    return Question(method, path, role, body, content_type)


def passed_on(answer: HubAnswer) -> Response:
    """The answer as this server gives it, marked with who gave it."""
    kind = answer.content_type.partition(";")[0].strip().lower()
    headers = {ANSWERED_BY: answer.hub, **SANDBOX}
    if kind not in SHOWN:
        kind = "application/octet-stream"
        headers["Content-Disposition"] = "attachment"
    status = answer.status
    if status == 401 or not (200 <= status < 300 or 400 <= status < 600):
        status = 502  # a redirect, or a login that is not this server's
    body = b"" if status in (204, 205) else answer.body
    return Response(body, status, headers, kind)


def _reason(answer: HubAnswer) -> str:
    try:
        return str(msgspec.json.decode(answer.body, type=_Said).detail)[:400] or str(answer.status)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return str(answer.status)


class _Said(msgspec.Struct):
    detail: str = ""
