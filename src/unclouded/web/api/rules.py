"""Routes for schedules and rules: their states, timers, values that they compare, and what they would have done.

A rule is added, changed and removed as an item of `rule` in the configuration.
"""

import math
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

from unclouded.core.errors import CommandError
from unclouded.core.model import Value
from unclouded.core.views.rules import RulesView, RuleTestView, RuleView, TimerView
from unclouded.web.api.devices import origin_of
from unclouded.web.request import ApiRequest, as_json, device_of_id, time_of
from unclouded.web.routes import ApiContext, ApiRoute
from unclouded.web.said_views import said_rule, said_rules, said_test
from unclouded.web.schemas import Origin

NO_RULES = {503: "This hub carries out no rules."}
NO_RULE = {422: "There is no such rule, or it cannot be done; `detail` says why."}
DAY_S = 86_400.0
LONGEST_NAME = 100

RuleName = Annotated[str, Meta(max_length=LONGEST_NAME, description="The name of the rule.")]


class RuleBody(msgspec.Struct, forbid_unknown_fields=True):
    rule: RuleName


class PauseRuleBody(msgspec.Struct, forbid_unknown_fields=True):
    """``for_s``: after so many seconds it counts again by itself; left out: when it is resumed."""

    rule: RuleName
    for_s: Annotated[float, Meta(gt=0, le=366 * DAY_S)] | None = None


class TestRuleBody(msgspec.Struct, forbid_unknown_fields=True):
    """``rule``: one rule; left out: all. ``keys``: a rule that is not in the configuration. Default: the last day."""

    rule: RuleName = ""
    keys: dict[str, Any] | None = None  # Any: TOML values as JSON
    start: str = ""
    end: str = ""


class TimerBody(msgspec.Struct, forbid_unknown_fields=True):
    """``point``: left out: the main point. ``end_value``: left out: a switch changes over, others go back."""

    device: str
    value: Value
    for_s: Annotated[float, Meta(gt=0, le=7 * DAY_S)]
    point: str = ""
    end_value: Value | None = None
    origin: Origin = "api"


class StopTimerQuery(msgspec.Struct, frozen=True):
    device: Annotated[str, Meta(description="Whose timers end.")]
    point: Annotated[str, Meta(description="Only the timer of this point.")] = ""


class HandValueBody(msgspec.Struct, forbid_unknown_fields=True):
    """``name``: what conditions call it, as in `price < 0.10`. ``valid_s``: how long it counts; 0 = until the next."""

    name: Annotated[str, Meta(pattern="^[a-z0-9_]{1,40}$")]
    value: Value
    valid_s: Annotated[float, Meta(ge=0, le=31 * DAY_S)] = 0.0


async def rules(context: ApiContext, request: ApiRequest) -> Response:
    return as_json(said_rules(context.require_rules().view()))


async def run_rule(context: ApiContext, request: ApiRequest) -> Response:
    body = await request.body(RuleBody)
    return as_json(said_rule(context.require_rules().run_rule(body.rule)))


async def pause_rule(context: ApiContext, request: ApiRequest) -> Response:
    body = await request.body(PauseRuleBody)
    return as_json(said_rule(context.require_rules().pause(body.rule, body.for_s)))


async def resume_rule(context: ApiContext, request: ApiRequest) -> Response:
    body = await request.body(RuleBody)
    return as_json(said_rule(context.require_rules().resume(body.rule)))


async def test_rule(context: ApiContext, request: ApiRequest) -> Response:
    body = await request.body(TestRuleBody)
    end = time_of(body.end, "end", context.zone) if body.end else context.wall()
    start = time_of(body.start, "start", context.zone) if body.start else end - DAY_S
    return as_json(said_test(await context.require_rules().test(body.rule, body.keys, start, end)))


async def start_timer(context: ApiContext, request: ApiRequest) -> Response:
    body = await request.body(TimerBody)
    device, origin = device_of_id(context.hub, body.device), origin_of(request, body.origin)
    source = context.require_rules()
    return as_json(source.start_timer(device.id, body.point, body.value, body.for_s, body.end_value, origin))


async def stop_timer(context: ApiContext, request: ApiRequest) -> Response:
    query = request.query(StopTimerQuery)
    source = context.require_rules()
    source.stop_timer(query.device, query.point)
    return as_json(said_rules(source.view()))


async def hand_value(context: ApiContext, request: ApiRequest) -> Response:
    body = await request.body(HandValueBody)
    if isinstance(body.value, float) and not math.isfinite(body.value):
        raise CommandError("The value must be finite.")
    source = context.require_rules()
    source.set_value(body.name, body.value, body.valid_s)
    return as_json(said_rules(source.view()))


ROWS = (
    ApiRoute(
        method="GET",
        path="/api/rules",
        summary="The rules in their present state, with why and when next; timers; values that rules compare.",
        handler=rules,
        returns=(RulesView,),
        errors={**NO_RULES, 422: "The hub does not know the time yet."},
    ),
    ApiRoute(
        method="POST",
        path="/api/rules/run",
        summary="Carry out a rule with `at` or `when` now, whatever its times and conditions.",
        handler=run_rule,
        returns=(RuleView,),
        body=RuleBody,
        errors={**NO_RULES, **NO_RULE},
    ),
    ApiRoute(
        method="POST",
        path="/api/rules/pause",
        summary="Switch a rule off; what it keeps ends.",
        handler=pause_rule,
        returns=(RuleView,),
        body=PauseRuleBody,
        errors={**NO_RULES, **NO_RULE},
    ),
    ApiRoute(
        method="POST",
        path="/api/rules/resume",
        summary="Switch a rule on again.",
        handler=resume_rule,
        returns=(RuleView,),
        body=RuleBody,
        errors={**NO_RULES, **NO_RULE},
    ),
    ApiRoute(
        method="POST",
        path="/api/rules/test",
        summary="What rules would have done, by the stored history. No command is sent.",
        handler=test_rule,
        returns=(RuleTestView,),
        body=TestRuleBody,
        errors={**NO_RULE, 503: "This hub carries out no rules, or the store cannot be read."},
        reads=True,
    ),
    ApiRoute(
        method="POST",
        path="/api/timers",
        summary="Set a point of a device for some time. It has priority over all rules.",
        handler=start_timer,
        returns=(TimerView,),
        body=TimerBody,
        errors={**NO_RULES, 404: "Unknown device.", 422: "The point does not take this value."},
    ),
    ApiRoute(
        method="DELETE",
        path="/api/timers",
        summary="End the timers of a device now, as at their end.",
        handler=stop_timer,
        returns=(RulesView,),
        query=StopTimerQuery,
        errors={**NO_RULES, 422: "It has no timer."},
    ),
    ApiRoute(
        method="PUT",
        path="/api/rules/values",
        summary="Give the hub a value that rules may compare, such as a price.",
        handler=hand_value,
        returns=(RulesView,),
        body=HandValueBody,
        errors={**NO_RULES, 422: "The value cannot be compared, or its name cannot be used."},
    ),
)
