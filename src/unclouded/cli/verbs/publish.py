"""`publish`: which other programs get what the hub knows, and what each gets."""

import json

import click

from unclouded.app.access.hub_access import is_running
from unclouded.app.access.hub_client import HubClient
from unclouded.app.configuration.config import Config
from unclouded.app.publishing.preview import mqtt_preview
from unclouded.cli.configuration import configuration
from unclouded.cli.options import config_options, json_option
from unclouded.cli.output.lines import print_json, print_text
from unclouded.core.errors import LinkError

NONE = "Nothing is published. docs/unclouded.toml lists the tables: [mqtt], [metrics], [[influx]], [[webhook]] …"


@click.group("publish")
def command() -> None:
    """Show which programs get values of the hub, and what they get."""


@command.command("status")
@config_options
@json_option
@click.pass_context
def status(ctx: click.Context, config: str | None, data: str | None, as_json: bool) -> None:
    """Print the state of each publisher of the running hub. Exit code 1 where one does not publish."""
    found = _hub(configuration(config, data)).get("/api/hub").get("publish", [])
    for one in found:
        if as_json:
            print_json(one)
            continue
        counts = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in one["counts"].items() if value)
        print_text(f"{one['name']:<12} {one['state']:<9} {one['text']}{f' ({counts})' if counts else ''}")
    if not found and not as_json:
        print_text(NONE)
    ctx.exit(1 if any(one["state"] in ("waiting", "failed") for one in found) else 0)


@command.command("mqtt")
@click.argument("devices", nargs=-1)
@click.option("--discovery", is_flag=True, help="What Home Assistant is sent, in place of states.")
@config_options
@json_option
def mqtt(devices: tuple[str, ...], discovery: bool, config: str | None, data: str | None, as_json: bool) -> None:
    """Print the topics and contents that a broker has of the running hub, or would have; of DEVICES only, if named.

    Nothing is sent.
    """
    chosen = configuration(config, data)
    for topic, payload in mqtt_preview(chosen, _hub(chosen), devices, discovery):
        if as_json:
            print_json({"topic": topic, "payload": payload})
        else:
            print_text(f"{topic} {_text(payload)}")


def _hub(config: Config) -> HubClient:
    if not is_running(config):
        raise LinkError("No hub runs with this configuration. Start it first: unclouded run.")
    return HubClient(config.control)


def _text(payload: object) -> str:
    return payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
