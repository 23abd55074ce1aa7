"""`notify`: messages for people."""

import asyncio

import click

from unclouded.app.publishing.notifications import send_test
from unclouded.cli.configuration import configuration
from unclouded.cli.options import config_options, json_option
from unclouded.cli.output.lines import print_json, print_text


@click.group("notify")
def command() -> None:
    """Send messages to the services of [[notification]]."""


@command.command("test")
@config_options
@json_option
@click.pass_context
def test(context: click.Context, config: str | None, data: str | None, as_json: bool) -> None:
    """Send a test message to each service. Exit code 1 where one did not accept it."""
    found = asyncio.run(send_test(configuration(config, data)))
    for one in found:
        if as_json:
            print_json({"notification": {"service": one.service, "sent": not one.reason, "reason": one.reason}})
        else:
            print_text(f"{one.service}: {f'not sent: {one.reason}' if one.reason else 'sent.'}")
    if any(one.reason for one in found):
        context.exit(1)
