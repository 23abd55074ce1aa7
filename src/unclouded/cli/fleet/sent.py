"""`fleet sent`: exactly what left this home."""

from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

import click

from unclouded.cli.configuration import configuration
from unclouded.cli.options import Whole, config_options, json_option
from unclouded.cli.output.lines import print_json, print_text

if TYPE_CHECKING:
    from unclouded.app.uplink.sent_content import SentContent


@click.command("sent")
@click.option("--follow", is_flag=True, help="Print what is sent from now on, until Ctrl-C.")
@click.option("--last", metavar="N", type=Whole(1), help="Only the newest N messages.")
@config_options
@json_option
def command(follow: bool, last: int | None, config: str | None, data: str | None, as_json: bool) -> None:
    """Print what left this home, read back from the bytes that were sent: the newest 2,000 to 4,000 messages.

    With --json all of each message, as the fleet reads it; docs/protocols/fleet.md says what the fields are.
    """
    from unclouded.app.uplink.sent_content import sent_content
    from unclouded.app.uplink.sent_log import follow_sent, sent_folder, sent_messages

    chosen = configuration(config, data)
    folder = sent_folder(chosen.data)
    found = list(sent_messages(folder))
    for one in found[-last:] if last else found:
        _print(sent_content(one), chosen.zone, as_json)
    if not found and not follow:
        print_text("Nothing was sent from this home yet.", err=True)
    if follow:
        for one in follow_sent(folder):
            _print(sent_content(one), chosen.zone, as_json)


def _print(content: "SentContent", zone: tzinfo, as_json: bool) -> None:
    if as_json:
        print_json(content)
        return
    at = datetime.fromtimestamp(content.at, UTC).astimezone(zone)
    print_text(f"{at:%Y-%m-%d %H:%M:%S}  {content.size:>7} bytes  {content.kind:<20} {content.text}")
