"""Routes for adding devices: what was found, the test of one of it, and its entry in the configuration.

GET /api/onboarding is to be asked again and again while something goes on: it shows what was found and the test.
POST …/look ──► offers ── POST …/test ──► answering: live values, a proposal ── POST …/add ──► the device is live

Only the role *control* may use them: they name ports of the hub's computer.
"""

from typing import Annotated

import msgspec
from msgspec import Meta
from msgspec.structs import replace
from starlette.responses import Response

from unclouded.core.views.configuration import EditOrigin, ReloadView
from unclouded.core.views.onboarding import Offer, OnboardingView
from unclouded.web.api.configuration import CHANGES, applied
from unclouded.web.api.devices import INVALID_COMMAND, origin_of
from unclouded.web.request import ApiRequest, as_json
from unclouded.web.routes import ApiContext, ApiRoute
from unclouded.web.said import translated
from unclouded.web.schemas import (
    OnboardingAddBody,
    OnboardingBrokerBody,
    OnboardingOfferBody,
    OnboardingTestBody,
    OutcomeView,
    SetBody,
)

NO_ONBOARDING = {503: "This hub finds no new devices."}
NO_OFFER = {422: "The offer is no longer there or cannot be used; `detail` says what to do."}


class OnboardingQuery(msgspec.Struct, frozen=True):
    offer: Annotated[
        str | None,
        Meta(
            description="The offer whose test the client shows, blank = none; without it whichever test runs. One that "
            "no client shows is ended after 30 s.",
        ),
    ] = None


class EndTestQuery(msgspec.Struct, frozen=True):
    number: Annotated[
        int | None, Meta(description="Of the test that is to end, so that none which began meanwhile is.")
    ] = None


async def onboarding(context: ApiContext, request: ApiRequest) -> Response:
    return _shown(await context.require_onboarding().view(request.query(OnboardingQuery).offer))


async def look(context: ApiContext, request: ApiRequest) -> Response:
    return _shown(await context.require_onboarding().look())


async def add_offer(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(await context.require_onboarding().offer(await request.body(OnboardingOfferBody)))


async def test_offer(context: ApiContext, request: ApiRequest) -> Response:
    body = await request.body(OnboardingTestBody)
    return _shown(await context.require_onboarding().test(body.offer))


async def set_in_test(context: ApiContext, request: ApiRequest) -> Response:
    body = await request.body(SetBody)
    outcome = await context.require_onboarding().command(body.point, body.value, origin_of(request, body.origin))
    reason = translated(outcome.reason)
    return as_json(OutcomeView(device="", point=body.point, outcome=outcome.result, reason=reason, ms=outcome.ms))


async def end_test(context: ApiContext, request: ApiRequest) -> Response:
    return _shown(await context.require_onboarding().end_test(request.query(EndTestQuery).number))


async def open_broker(context: ApiContext, request: ApiRequest) -> Response:
    body = await request.body(OnboardingBrokerBody)
    origin = EditOrigin(origin_of(request, body.origin), request.is_local)
    return applied(await context.require_onboarding().open_broker(body, origin))


async def add_offered(context: ApiContext, request: ApiRequest) -> Response:
    body = await request.body(OnboardingAddBody)
    origin = EditOrigin(origin_of(request, body.origin), request.is_local)
    return applied(await context.require_onboarding().add(body, origin))


def _shown(view: OnboardingView) -> Response:
    """Problems in the language of the request; the page has words of its own for the rest."""
    offers = [replace(one, problem=translated(one.problem)) for one in view.offers]
    sources = [replace(one, text=translated(one.text)) for one in view.sources]
    test = replace(view.test, problem=translated(view.test.problem))
    return as_json(replace(view, offers=offers, sources=sources, test=test))


ROWS = (
    ApiRoute(
        method="GET",
        path="/api/onboarding",
        summary="What may become a device: ports, plugs, addresses; and the test of one of it. Ask again for progress.",
        handler=onboarding,
        returns=(OnboardingView,),
        query=OnboardingQuery,
        errors=NO_ONBOARDING,
        control=True,
    ),
    ApiRoute(
        method="POST",
        path="/api/onboarding/look",
        summary="Listen to the serial ports and ask the network for plugs. The answer comes at once.",
        handler=look,
        returns=(OnboardingView,),
        errors=NO_ONBOARDING,
    ),
    ApiRoute(
        method="POST",
        path="/api/onboarding/offers",
        summary="Offer a port or an address that a person types.",
        handler=add_offer,
        returns=(Offer,),
        body=OnboardingOfferBody,
        errors={**NO_ONBOARDING, 422: "It is not a link that can be tested; `detail` shows examples."},
    ),
    ApiRoute(
        method="POST",
        path="/api/onboarding/test",
        summary="Find out what is at an offer, and show its values. The answer comes at once; another test is ended.",
        handler=test_offer,
        returns=(OnboardingView,),
        body=OnboardingTestBody,
        errors={**NO_ONBOARDING, **NO_OFFER},
    ),
    ApiRoute(
        method="POST",
        path="/api/onboarding/test/set",
        summary="Set a point of what answers in the test, without one its main point: does this device switch?",
        handler=set_in_test,
        returns=(OutcomeView,),
        body=SetBody,
        errors={**NO_ONBOARDING, **INVALID_COMMAND},
    ),
    ApiRoute(
        method="DELETE",
        path="/api/onboarding/test",
        summary="End the test and free its link; what it has found is kept.",
        handler=end_test,
        returns=(OnboardingView,),
        query=EndTestQuery,
        errors=NO_ONBOARDING,
    ),
    ApiRoute(
        method="POST",
        path="/api/onboarding/broker",
        summary="Run a broker that plugs connect to, at once: [broker] is written into the configuration.",
        handler=open_broker,
        returns=(ReloadView,),
        body=OnboardingBrokerBody,
        errors={**NO_ONBOARDING, **CHANGES},
    ),
    ApiRoute(
        method="POST",
        path="/api/onboarding/add",
        summary="Add what an offer is to the configuration; it runs at once.",
        handler=add_offered,
        returns=(ReloadView,),
        body=OnboardingAddBody,
        errors={**NO_ONBOARDING, **CHANGES},
    ),
)
