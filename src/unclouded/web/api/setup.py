"""Routes for setting up plugs: the page's wizard, step by step.

POST /api/setup ──► finding ──► choosing ── POST /api/setup/join ──► joining ──► done
                       └──────────────────────────┴──────────────────────┴─────► failed       GET /api/setup shows it

The hub goes on by itself where the client loses its connection: its computer may have to change networks. Secrets are
accepted, never returned.
"""

from starlette.responses import Response

from unclouded.core.views.facts import FoundPlug
from unclouded.web.request import ApiRequest, as_json
from unclouded.web.routes import ApiContext, ApiRoute
from unclouded.web.schemas import SetupBody, SetupJoinBody, SetupView

NO_SETUP = {503: "This hub cannot set up plugs."}
WRONG = {422: "What is missing or cannot be right, as a sentence."}


async def setup(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(context.require_setup().view())


async def begin_setup(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(await context.require_setup().begin(await request.body(SetupBody)))


async def join_setup(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(await context.require_setup().join(await request.body(SetupJoinBody)))


async def cancel_setup(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(await context.require_setup().cancel())


async def discover(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(await context.require_setup().discover())


ROWS = (
    ApiRoute(
        method="GET",
        path="/api/setup",
        summary="The set-up of a plug that this hub runs, or the last one.",
        handler=setup,
        returns=(SetupView,),
        errors=NO_SETUP,
    ),
    ApiRoute(
        method="POST",
        path="/api/setup",
        summary="Begin to set up a plug: find it, and have it scan for Wi-Fi. The answer comes at once.",
        handler=begin_setup,
        returns=(SetupView,),
        body=SetupBody,
        errors={**NO_SETUP, **WRONG},
    ),
    ApiRoute(
        method="POST",
        path="/api/setup/join",
        summary="Send the plug that was found its settings, and wait for it. The answer comes at once.",
        handler=join_setup,
        returns=(SetupView,),
        body=SetupJoinBody,
        errors={**NO_SETUP, **WRONG},
    ),
    ApiRoute(
        method="DELETE",
        path="/api/setup",
        summary="End the set-up; what the plug has received stays.",
        handler=cancel_setup,
        returns=(SetupView,),
        errors=NO_SETUP,
    ),
    ApiRoute(
        method="POST",
        path="/api/discover",
        summary="The plugs in this network that answer a broadcast; takes 3 seconds.",
        handler=discover,
        returns=(list[FoundPlug],),
        errors=NO_SETUP,
    ),
)
