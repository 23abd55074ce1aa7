"""`init`: find what is here, test it, and add it to the configuration."""

import contextlib
import sys
from collections.abc import Iterator, Sequence

import click

from unclouded.app.access.hub_access import is_running
from unclouded.app.access.hub_client import HubClient
from unclouded.app.onboarding.access import NewDevice, Onboarding
from unclouded.cli.configuration import new_or_own_configuration, running_without_file
from unclouded.cli.onboarding_dialog import OnboardingDialog
from unclouded.cli.options import config_options, json_option
from unclouded.cli.output.hub.onboarding_text import added_line, offer_lines, source_lines
from unclouded.cli.output.lines import print_json, print_text
from unclouded.cli.own_hub import announced_hub
from unclouded.core.errors import CommandError, LinkError
from unclouded.core.views.onboarding import Offer, OnboardingView


@click.command("init")
@click.argument("links", nargs=-1, metavar="[LINK]...")
@click.option("--yes", is_flag=True, help="Test each LINK, without one all that was found, and add what answers.")
@click.option("--family", default="", help="What is at the LINK, where you know it; otherwise all are tried.")
@click.option("--name", default="", help="What the device is called, where only one is added. [default: proposed]")
@click.option("--room", default="", help="The room that it is in.")
@click.option("--parent", metavar="ID", help='The device that measures its use too; "" = none. [default: proposed]')
@click.option("--id", "id", default="", help="Its id: a to z, 0 to 9 and _. [default: it follows from the name]")
@click.option("--produces", is_flag=True, help="The energy that it measures is fed in: a solar inverter behind it.")
@config_options
@json_option
def command(
    links: tuple[str, ...],
    yes: bool,
    family: str,
    name: str,
    room: str,
    parent: str | None,
    id: str,
    produces: bool,
    config: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Find serial ports and plugs, test what answers, and add it to the configuration.

    LINK is what you know already: serial:///dev/ttyUSB0, tcp://192.168.1.30:6638. In a terminal it asks what to add and
    what it is called. Elsewhere, and with --json, it lists what was found; --yes adds it. It works on the hub that
    runs, where the new device is live at once; without one it makes the configuration for the next.
    """
    if (name or id or family) and not (yes and len(links) == 1):
        raise click.UsageError("--name, --id and --family are for one device: add --yes and one LINK.")
    with _hub(config, data) as hub:
        onboarding = Onboarding(hub)
        new = NewDevice(name=name, room=room, parent=parent, id=id, produces=produces)
        if yes:
            _add_all(onboarding, [onboarding.by_hand(link, family) for link in links], new, as_json)
        elif as_json or not sys.stdin.isatty():
            _list(onboarding.found(links), as_json)
        else:
            OnboardingDialog(onboarding).run(links)


@contextlib.contextmanager
def _hub(given: str | None, data: str | None) -> Iterator[HubClient]:
    """The hub that runs, else one in this command."""
    config = running_without_file(given, data) or new_or_own_configuration(given, data)
    if is_running(config):
        yield HubClient(config.control)
        return
    with announced_hub(config) as client:
        yield client


def _list(view: OnboardingView, as_json: bool) -> None:
    for offer in view.offers:
        if as_json:
            print_json(offer)
        else:
            for line in offer_lines(offer):
                print_text(line)
    for line in source_lines(view) if not as_json else ():
        print_text(line, err=True)
    if not view.offers:
        raise LinkError("Nothing was found. Name what you know: unclouded init serial:///dev/ttyUSB0")
    if not as_json:
        print_text("To add what answers: unclouded init --yes, with the links of your choice.", err=True)


def _add_all(onboarding: Onboarding, named: Sequence[Offer], new: NewDevice, as_json: bool) -> None:
    """Add each offer that answers; LinkError where one that was named, or all of them, did not."""
    offers = named or onboarding.found(()).offers
    missing = [offer for offer in offers if not _is_added(onboarding, offer, new, as_json)]
    if missing and (named or len(missing) == len(offers)):
        raise LinkError(f"Not added: {', '.join(one.title for one in missing)}.")
    if not offers:
        raise LinkError("Nothing was found. Name what you know: unclouded init --yes serial:///dev/ttyUSB0")


def _is_added(onboarding: Onboarding, offer: Offer, new: NewDevice, as_json: bool) -> bool:
    try:
        test = onboarding.tested(offer, lambda text: print_text(f"{offer.title}: {text}", err=True))
        if test.proposal is None:
            print_text(f"{offer.title}: {test.problem}", err=True)
            return False
        done = onboarding.add(offer, new.completed(test.proposal))
    except CommandError as error:
        print_text(f"{offer.title}: {error}", err=True)
        return False
    if as_json:
        print_json({"added": done.device, "family": test.family, "link": test.link, "reload": done})
    else:
        print_text(added_line(done, test, onboarding.goes_on))
    return True
