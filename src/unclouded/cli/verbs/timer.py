"""`timer`: set a point of a device for some time."""

import click
import msgspec

from unclouded.app.access.hub_access import zone_of
from unclouded.app.rules.access import ORIGIN, TIMERS, check_timer, hub_of_rules
from unclouded.cli.configuration import configuration
from unclouded.cli.options import Span, config_options, json_option
from unclouded.cli.output.hub.rule_text import timer_line
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.views.rules import TimerView


@click.command("timer", context_settings={"ignore_unknown_options": True})
@click.argument("device")
@click.argument("args", nargs=-1, required=True, metavar="[POINT] VALUE SPAN")
@click.option("--then", metavar="VALUE", help="What it is set to then. [default: the other state, or what it was]")
@config_options
@json_option
def command(
    device: str, args: tuple[str, ...], then: str | None, config: str | None, data: str | None, as_json: bool
) -> None:
    """Set a point of DEVICE (its main point if none is named) for some time. A timer has priority over all rules.

    \b
    timer boiler on 20m                    on for 20 minutes, then off
    timer thermostat setpoint_C 22 2h      then back to what it was
    timer boiler stop                      end it now
    """
    hub = hub_of_rules(loaded := configuration(config, data))
    if args[-1] == "stop" and len(args) <= 2:
        view = hub.delete(TIMERS, device=device, point=args[0] if len(args) == 2 else "")
        if as_json:
            print_json(view)
        else:
            print_text(f"The timer of {device} was ended.")
        return
    if len(args) not in (2, 3):
        raise click.UsageError("Give DEVICE, optionally a POINT, a VALUE and a SPAN: timer boiler on 20m")
    point, value, span = args if len(args) == 3 else ("", *args)
    for_s = Span().convert(span, None, None)
    check_timer(for_s)
    body = {"device": device, "point": point, "value": value, "for_s": for_s}
    body |= {"origin": ORIGIN, **({} if then is None else {"end_value": then})}
    answer = hub.post(TIMERS, body)
    if as_json:
        print_json(answer)
    else:
        print_text(timer_line(msgspec.convert(answer, TimerView), zone_of(hub, loaded)))
