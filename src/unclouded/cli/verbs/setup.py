"""`setup`: a plug from the shop, or from another server, becomes a device of this hub."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import click
import msgspec

from unclouded.app.access.hub_access import is_running
from unclouded.app.access.hub_client import HubClient
from unclouded.app.configuration.config import Config
from unclouded.app.configuration.tables.file import HiddenText
from unclouded.app.plug_key import with_plug_key
from unclouded.app.setup.console.console_steps import ConsolePlan
from unclouded.app.setup.hub_for_setup import HubForSetup, SetupHub
from unclouded.app.setup.other_hub import OtherHub, server_of
from unclouded.app.setup.plug_setup import SetupRun
from unclouded.app.setup.steps import (
    ACCESS_POINT,
    Report,
    SetupPlan,
    SetupTimes,
    WifiChoice,
)
from unclouded.cli.configuration import configuration, configuration_if_any
from unclouded.cli.console_setup import ConsoleOptions, run_console_setup
from unclouded.cli.options import Span, config_options, json_option
from unclouded.cli.output.lines import print_json, print_text
from unclouded.cli.own_hub import announced_hub
from unclouded.core.errors import CommandError, UncloudedError
from unclouded.core.views.facts import NetworkView, SetupStep

MARKS = {"started": "…", "progress": " ", "waiting": "!", "done": "✓"}
WITH_SERVER = (
    "--server and --key-file belong together, without --unbind. The plug gets its name on that hub: unclouded admit."
)
BELONGS_TO_CONSOLE = "--backup, --restore, --dry-run and --yes belong to --console."
BY_CONSOLE = "With --console the plug is reached by its serial line: leave ADDRESS and its options out."
NO_ADDRESS = "Name the address of the plug in your network; `unclouded discover` lists them."
NOT_ASKED = "Name the Wi-Fi with --ssid: "


class SetupOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the options of the verb say. ``asks``: a person answers questions; ``names``: that of the name, too."""

    plan: SetupPlan
    ssid: str
    password: HiddenText | None
    hidden: bool
    rehosts: bool
    resets: bool
    asks: bool
    names: bool
    times: SetupTimes


@click.command("setup")
@click.argument("address", default=ACCESS_POINT)
@click.option("--ssid", default="", help="The Wi-Fi that the plug is to join; without it you choose from a list.")
@click.option(
    "--wifi-password-file",
    type=click.File("r"),
    metavar="FILE",
    help="A file whose first line is the password of the Wi-Fi; - is stdin. Without it you are asked.",
)
@click.option("--hidden", is_flag=True, help="The Wi-Fi hides its name, so that no scan shows it.")
@click.option("--name", default="", help="What the plug is called, as in Kettle; its id follows from it.")
@click.option("--parent", default="", metavar="ID", help="The device that measures its use too, as the meter does.")
@click.option("--produces", is_flag=True, help="The energy that it measures is fed in: a solar inverter behind it.")
@click.option("--rehost", is_flag=True, help="The plug at ADDRESS keeps its Wi-Fi, and gets this hub as its server.")
@click.option("--unbind", is_flag=True, help="Reset the plug at ADDRESS: it forgets server, key and Wi-Fi.")
@click.option(
    "--plug-key-file",
    type=click.File("r"),
    metavar="FILE",
    help="With --rehost or --unbind: the key that the plug has now. [default: the key of this hub]",
)
@click.option("--server", default="", metavar="HOST[:PORT]", help="Set it up for the hub at HOST, another computer.")
@click.option(
    "--key-file",
    type=click.File("r"),
    metavar="FILE",
    help="With --server: the key of that hub; it is in its DATA/state/meross.key.",
)
@click.option("--uuid", default="", help="Only this plug: another one at the address is left alone.")
@click.option("--encrypted", is_flag=True, help="Agree on a key with the plug first, where it can do that.")
@click.option(
    "--console",
    default="",
    metavar="LINK",
    help="Set up an opened plug over its serial console, at a port, a link or a DEVICE of the hub.",
)
@click.option(
    "--backup", type=Path, metavar="FILE", help="With --console: the file of the backup. [default: a new name]"
)
@click.option("--restore", type=Path, metavar="FILE", help="With --console: write a backup back.")
@click.option("--dry-run", is_flag=True, help="With --console: show what would be written, and write nothing.")
@click.option("--yes", is_flag=True, help="With --console: confirm what is written.")
@click.option("--wait", type=Span(), metavar="SPAN", help="How long to wait. [default: 5m to find it, then 3m]")
@config_options
@json_option
def command(
    address: str,
    ssid: str,
    wifi_password_file: TextIO | None,
    hidden: bool,
    name: str,
    parent: str,
    produces: bool,
    rehost: bool,
    unbind: bool,
    plug_key_file: TextIO | None,
    server: str,
    key_file: TextIO | None,
    uuid: str,
    encrypted: bool,
    console: str,
    backup: Path | None,
    restore: Path | None,
    dry_run: bool,
    yes: bool,
    wait: float | None,
    config: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Set up a Meross plug: find it, give it a Wi-Fi and this hub as its server, wait until it answers, admit it.

    Hold the button of the plug for 5 seconds, join its Wi-Fi Meross_SW_XXXX with this computer, and follow the steps.
    ADDRESS is that of the plug, 10.10.10.1 in its own Wi-Fi.

    --console LINK sets up an opened plug over its serial line instead; a backup of all of its settings is written
    first. Never connect the board to mains and to a serial adapter at once.
    """
    _refuse(
        {
            BELONGS_TO_CONSOLE: bool(backup or restore or dry_run or yes) and not console,
            BY_CONSOLE: bool(console)
            and (rehost or unbind or encrypted or bool(plug_key_file) or address != ACCESS_POINT),
            "Choose one of --rehost and --unbind.": rehost and unbind,
            NO_ADDRESS: (rehost or unbind) and address == ACCESS_POINT,
            WITH_SERVER: bool(server) != bool(key_file) or bool(server and (unbind or name or parent or produces)),
        }
    )
    key, password = _first_line(key_file), _first_line(wifi_password_file)
    other = OtherHub(server_of(server, key.text)) if key is not None else None
    plan = SetupPlan(
        address=address, uuid=uuid.lower(), exchanges_key=encrypted, name=name, parent=parent, produces=produces
    )
    times = SetupTimes(find_s=wait, confirm_s=wait) if wait is not None else SetupTimes()
    if console:
        known = configuration_if_any(config, data) if other is not None or restore else configuration(config, data)
        chosen = ConsolePlan(
            uuid=plan.uuid,
            ssid=ssid,
            password=password or HiddenText(),
            backup=backup,
            restores=restore,
            only_shows=dry_run,
        )
        has_password = password is not None
        run_console_setup(
            ConsoleOptions(console, chosen, plan, other, times, hidden, has_password, yes, as_json), known
        )
        return
    options = SetupOptions(
        plan=plan,
        ssid=ssid,
        password=password,
        hidden=hidden,
        rehosts=rehost,
        resets=unbind,
        asks=not as_json,
        names=not as_json and other is None,
        times=times,
    )
    home = with_plug_key(configuration(config, data)) if other is None else None
    own_key = home.meross_key if home is not None else key
    _set_up_at_address(options, home, other, _first_line(plug_key_file) or own_key, as_json)


def _set_up_at_address(
    options: SetupOptions, home: Config | None, other: OtherHub | None, plug_key: HiddenText | None, as_json: bool
) -> None:
    """``plug_key``: that of a plug which has a server already."""
    if options.rehosts or options.resets:
        options = msgspec.structs.replace(options, plan=msgspec.structs.replace(options.plan, plug_key=plug_key))
    with _hub_for_setup(home, other, options.resets) as hub:
        asyncio.run(_set_up(options, hub, _print_json_step if as_json else _print_step))


def _refuse(misuses: dict[str, bool]) -> None:
    """Raises a UsageError with the first sentence that is so of the options that were given."""
    for sentence, is_so in misuses.items():
        if is_so:
            raise click.UsageError(sentence)


@contextlib.contextmanager
def _hub_for_setup(home: Config | None, other: OtherHub | None, resets: bool) -> Iterator[HubForSetup]:
    """The hub that the plug is set up for: another one, or that of the configuration."""
    if other is not None:
        yield other
    elif home is not None:
        with _hub(home, resets) as client:
            yield SetupHub(home, client)


@contextlib.contextmanager
def _hub(config: Config, resets: bool) -> Iterator[HubClient]:
    """The hub that runs, else one in this command until the plug is confirmed."""
    if resets or is_running(config):
        yield HubClient(config.control)
        return
    with announced_hub(config) as client:
        yield client


async def _set_up(options: SetupOptions, hub: HubForSetup, report: Report) -> None:
    run = SetupRun(options.plan, hub, report, options.times)
    try:
        await run.find(options.resets)
        if options.resets:
            await run.unbind()
        elif options.rehosts:
            await run.rehost()
            await run.confirm()
        else:
            await run.join(await _wifi(options, run))
            await _ask_name(options, run)
            await run.confirm()
    except UncloudedError as error:
        run.failed(error)
        raise
    finally:
        await run.close()


async def _wifi(options: SetupOptions, run: SetupRun) -> WifiChoice:
    """The Wi-Fi that the options name, or that a person chooses."""
    if options.hidden:
        if not options.ssid:
            raise CommandError(f"{NOT_ASKED}a network that hides its name is in no list.")
        return WifiChoice(options.ssid, _password(options, is_open=False), hidden=True)
    networks = await run.scan(options.ssid)
    chosen = next((one for one in networks if one.ssid == options.ssid), None) or _chosen(options, networks)
    return WifiChoice(chosen.ssid, _password(options, chosen.open))


def _chosen(options: SetupOptions, networks: list[NetworkView]) -> NetworkView:
    if not options.asks:
        raise CommandError(f"{NOT_ASKED}{', '.join(one.ssid for one in networks)}.")
    for number, one in enumerate(networks, 1):
        print_text(f"  {number:>2}  {one.ssid:<32}  {one.signal:>3} %  {one.encryption}")
    while True:
        answer = click.prompt("Which Wi-Fi is the plug to join? Its number or name").strip()
        by_number = networks[int(answer) - 1 : int(answer)] if answer.isdecimal() and int(answer) else []
        found = next((one for one in [*(n for n in networks if n.ssid == answer), *by_number]), None)
        if found is not None:
            return found
        print_text(f"The plug does not see {answer!r}. It uses 2.4 GHz only.", err=True)


def _password(options: SetupOptions, is_open: bool) -> HiddenText:
    if options.password is not None:
        return options.password
    if is_open:
        return HiddenText()
    if not options.asks:
        raise CommandError("This Wi-Fi has a password: name a file with it, --wifi-password-file FILE, or - for stdin.")
    return HiddenText(click.prompt("Its password (not shown)", hide_input=True))


async def _ask_name(options: SetupOptions, run: SetupRun) -> None:
    while options.names and not options.plan.name:
        name = click.prompt("What is the plug called?", default=run.usual_name)
        run.plan = msgspec.structs.replace(options.plan, name=name)
        try:
            await run.check_plan()
            return
        except CommandError as error:
            print_text(str(error), err=True)


def _first_line(file: TextIO | None) -> HiddenText | None:
    """The secret in a file: its first line, without the line end."""
    try:
        return HiddenText(file.readline().rstrip("\r\n")) if file is not None else None
    except (OSError, UnicodeDecodeError):
        assert file is not None
        raise CommandError(f"{Path(file.name).name} cannot be read as text.") from None


def _print_step(step: SetupStep) -> None:
    """A failed step is printed as the error that ends the verb."""
    if step.state in MARKS:
        print_text(f"{MARKS[step.state]} {step.text}", err=step.state == "waiting")


def _print_json_step(step: SetupStep) -> None:
    print_json(step)
