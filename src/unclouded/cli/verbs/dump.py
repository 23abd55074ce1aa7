"""`dump`: what a device has reported, as text to hand on."""

import asyncio
from collections.abc import Iterable
from typing import Any

import click

from unclouded.app.dump.probed import probed_facts
from unclouded.app.hub_access import any_hub
from unclouded.app.hub_client import device_path, known_states, newest_readings
from unclouded.cli.configuration import configuration
from unclouded.cli.options import Span, config_options, json_option
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.errors import CommandError

FIRST_REPORT_S = 30.0


@click.command("dump")
@click.argument("device", required=False)
@click.option("--profile", "as_profile", is_flag=True, help="The facts of its product, for a report of it.")
@click.option("--link", metavar="URL", help="Without a hub: probe the MCU on this wire, as `probe` does.")
@click.option("--for", "span", type=Span(), default=30.0, show_default="30s", help="With --link: how long.")
@config_options
@json_option
def command(
    device: str | None,
    as_profile: bool,
    link: str | None,
    span: float,
    config: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Print what DEVICE has reported, without anything personal: no names, ids, keys, addresses or texts.

    --profile: product id, versions, and each data point with its type, the counts seen, what it is today and what
    similar products make of it, as Markdown for a report. Operate the device before, so that values change.
    """
    if not as_profile:
        raise CommandError("Say what of the device: --profile prints the facts of its product.")
    if (device is None) == (link is None):
        raise CommandError("Name a DEVICE of the hub, or a wire with --link.")
    if link is not None:
        facts = asyncio.run(probed_facts(link, span, lambda text: print_text(text, err=True)))
        _print(facts, facts.markdown, as_json)
    elif device is not None:
        answer = _facts_of_hub(device, config, data)
        _print(answer, answer["markdown"], as_json)


def _facts_of_hub(device: str, config: str | None, data: str | None) -> dict[str, Any]:  # Any: the API's JSON
    with any_hub(configuration(config, data), (device,)) as hub:
        known_states(hub, [device])
        if hub.own:  # a hub that has just been started has received nothing yet
            newest_readings(hub, device, None, FIRST_REPORT_S)
        answer: dict[str, Any] = hub.get(device_path(device, "product"))
        return answer


def _print(facts: object, markdown: Iterable[str], as_json: bool) -> None:
    if as_json:
        print_json(facts)
        return
    for line in markdown:
        print_text(line)
