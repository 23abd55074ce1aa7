"""`dump`: a device for a bug report, without anything personal."""

import asyncio
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from unclouded.app.access.hub_access import any_hub
from unclouded.app.access.hub_client import device_path, known_states, newest_readings
from unclouded.app.dump.bundle import Bundle, bundle_of, write_bundle
from unclouded.app.dump.probed import probed_facts
from unclouded.app.dump.source import gathered
from unclouded.cli.configuration import configuration
from unclouded.cli.options import Span, config_options, json_option
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.errors import CommandError

FIRST_REPORT_S = 30.0
NAME_WIDTH = 22


@click.command("dump")
@click.argument("device", required=False)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File. [default: unclouded-TIME.zip]")
@click.option("--raw", is_flag=True, help="Keep raw values of data points that no profile names.")
@click.option("--profile", "as_profile", is_flag=True, help="Print the facts of its product instead.")
@click.option("--link", metavar="URL", help="With --profile, without a hub: probe the MCU on this wire.")
@click.option("--for", "span", type=Span(), default=30.0, show_default="30s", help="With --link: how long.")
@config_options
@json_option
def command(
    device: str | None,
    output: Path | None,
    raw: bool,
    as_profile: bool,
    link: str | None,
    span: float,
    config: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Write what a bug report of DEVICE needs into a zip file, without anything personal.

    Inside: its configuration, points, newest values, last frames, statistics, events, log lines, and what doctor finds.
    Names, ids, addresses, places, keys, passwords and texts of the owner are replaced, the same by the same everywhere.
    `replay`, `decode` and `conform --link replay:FILE` open the file. Without a running hub: what the store has.

    --profile: product id, versions, and each data point with its type, the counts seen, what it is today and what
    similar products make of it, as Markdown for a report. Operate the device before, so that values change.
    """
    if as_profile:
        if output is not None or raw:
            raise click.UsageError("--output and --raw are for a bundle, not for --profile.")
        _print_facts(device, link, span, config, data, as_json)
        return
    if device is None or link is not None:
        raise CommandError("Name a DEVICE of the hub; --link is for --profile.")
    file = output or Path(f"unclouded-{datetime.now().astimezone():%Y%m%d-%H%M%S}.zip")
    made = bundle_of(gathered(configuration(config, data), device), time.time(), raw)
    write_bundle(made, file)
    _print_bundle(made, file, as_json)


def _print_bundle(made: Bundle, file: Path, as_json: bool) -> None:
    if as_json:
        print_json({"bundle": {"file": str(file), "inside": made.inside, "left_out": made.left_out}})
        return
    print_text(f"{file} is written. Look into it before you send it on. Inside:")
    for name, about in made.inside.items():
        print_text(f"  {name:<{NAME_WIDTH}}{about}")
    if made.left_out:
        print_text("Left out:")
    for one in made.left_out:
        print_text(f"  {one}")


# --- the facts of a product -------------------------------------------------------------------------


def _print_facts(
    device: str | None, link: str | None, span: float, config: str | None, data: str | None, as_json: bool
) -> None:
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
