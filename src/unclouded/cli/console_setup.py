"""`setup --console`: its questions, and what it prints."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from datetime import datetime

import click
import msgspec

from unclouded.app.access.hub_access import is_running
from unclouded.app.access.hub_client import HubClient
from unclouded.app.configuration.config import Config
from unclouded.app.configuration.tables.file import HiddenText
from unclouded.app.console.typed_command import FAMILY
from unclouded.app.plug_key import with_plug_key
from unclouded.app.setup.confirmation import SetupConfirmation
from unclouded.app.setup.console.console_commands import open_console
from unclouded.app.setup.console.console_setup import ConsoleSetup, run_restore
from unclouded.app.setup.console.console_steps import ConsolePlan, ConsoleReport, ConsoleSetupStep
from unclouded.app.setup.hub_for_setup import SetupHub
from unclouded.app.setup.other_hub import OtherHub
from unclouded.app.setup.steps import SentSettings, SetupPlan, SetupTimes
from unclouded.cli.output.lines import print_json, print_text
from unclouded.cli.own_hub import announced_hub
from unclouded.core.errors import CommandError, UncloudedError
from unclouded.core.views.facts import NetworkView, SetupStep

MARKS = {"started": "…", "progress": " ", "waiting": "!", "done": "✓"}
NO_WIFI = "The plug has no Wi-Fi yet. Name it with --ssid: {0}."


class ConsoleOptions(msgspec.Struct, frozen=True):
    """What the options of the verb say. ``other``: the hub on another computer; None = the one here.

    ``is_hidden``: the Wi-Fi hides its name. ``has_password``: a file names it.
    """

    console: str
    plan: ConsolePlan
    admission: SetupPlan
    other: OtherHub | None
    times: SetupTimes
    is_hidden: bool
    has_password: bool
    yes: bool
    as_json: bool


def run_console_setup(options: ConsoleOptions, config: Config | None) -> None:
    """Raises UncloudedError with what to do."""
    asyncio.run(_run(options, config))


async def _run(options: ConsoleOptions, config: Config | None) -> None:
    report = _report(options)
    asks = not (options.yes or options.as_json)

    def confirm(question: str) -> bool:
        return options.yes or (asks and click.confirm(question))

    known = with_plug_key(config) if config is not None and not options.plan.restores else config
    async with _hub(options, known) as hub, open_console(options.console, known) as console:
        setup = ConsoleSetup(options.plan, console, report, confirm)
        try:
            if options.plan.restores is not None:
                await run_restore(setup, datetime.now().astimezone())
            else:
                assert hub is not None
                await _move(setup, options, hub, bool(console.device))
        except UncloudedError as error:
            setup.failed(error)
            raise


@contextlib.asynccontextmanager
async def _hub(options: ConsoleOptions, config: Config | None) -> AsyncIterator[SetupHub | OtherHub | None]:
    """The hub that the plug is set up for; one in this process where none runs. None: it is not needed."""
    if options.plan.restores is not None or options.other is not None:
        yield options.other
        return
    assert config is not None
    if is_running(config):
        yield SetupHub(config, HubClient(config.control))
        return
    with announced_hub(_without_consoles(config)) as client:
        yield SetupHub(config, client)


def _without_consoles(config: Config) -> Config:
    """The line is that of this set-up."""
    devices = []
    for one in config.devices:
        channels = [wire for wire in one.channel if wire.family != FAMILY]
        if one.family != FAMILY and (channels or not one.channel):
            devices.append(msgspec.structs.replace(one, channel=channels))
    return msgspec.structs.replace(config, devices=tuple(devices))


async def _move(setup: ConsoleSetup, options: ConsoleOptions, hub: SetupHub | OtherHub, is_held: bool) -> None:
    """To the broker of the hub. ``is_held``: a hub holds the console."""
    server = await hub.server()
    await setup.find()
    await setup.read(datetime.now().astimezone())
    await setup.leave_factory_mode()
    setup.plan = await _with_wifi(setup, options)
    possible = setup.show(setup.changes_for(server))
    if options.plan.only_shows:
        return
    plug, sent_at = setup.plug, time.monotonic()
    if possible:
        await setup.write(possible)
        await setup.written_again(possible)
    await setup.restart()
    if isinstance(hub, OtherHub) or is_held:
        then = f" Admit it on its hub: unclouded admit {setup.uuid} --name NAME" if isinstance(hub, OtherHub) else ""
        await setup.connected(server, options.times.confirm_s, then)
    if isinstance(hub, OtherHub):
        return
    name = options.admission.name or f"Plug {setup.uuid[-4:].upper()}"
    admission = msgspec.structs.replace(options.admission, name=name)
    sent = SentSettings(plug, sent_at, is_access_point=False)
    watch = setup.watch(server)
    await SetupConfirmation(admission, sent, hub, _report(options), options.times, watch.run).run()


async def _with_wifi(setup: ConsoleSetup, options: ConsoleOptions) -> ConsolePlan:
    """The plan with the Wi-Fi that the options name, or that a person chooses; a plug that has one may keep it."""
    plan = setup.plan
    if not plan.ssid and setup.has_wifi:
        return plan
    if options.is_hidden and plan.ssid:
        return plan
    networks = await setup.networks()
    found = next((one for one in networks if one.ssid == plan.ssid), None)
    if plan.ssid and found is None:
        raise CommandError(
            f"The plug does not see the Wi-Fi {plan.ssid!r}: it uses 2.4 GHz only. Add --hidden where it hides its"
            " name."
        )
    chosen = found or _chosen(networks, options)
    return msgspec.structs.replace(plan, ssid=chosen.ssid, password=_password(chosen, options))


def _chosen(networks: list[NetworkView], options: ConsoleOptions) -> NetworkView:
    by_name = {one.ssid: one for one in networks}
    if options.as_json or options.yes or not networks:
        raise CommandError(NO_WIFI.format(", ".join(by_name) or "it sees none"))
    for one in networks:
        print_text(f"  {one.ssid:<32}  {one.signal:>3} %  {one.encryption}")
    while (answer := click.prompt("Which Wi-Fi is the plug to join?").strip()) not in by_name:
        print_text(f"The plug does not see {answer!r}. It uses 2.4 GHz only.", err=True)
    return by_name[answer]


def _password(network: NetworkView, options: ConsoleOptions) -> HiddenText:
    if options.has_password or network.open or options.as_json or options.yes:
        return options.plan.password
    return HiddenText(click.prompt("Its password (not shown)", hide_input=True))


def _report(options: ConsoleOptions) -> ConsoleReport:
    return print_json if options.as_json else _print_step


def _print_step(step: ConsoleSetupStep | SetupStep) -> None:
    """A failed step is printed as the error that ends the verb."""
    if step.state not in MARKS:
        return
    print_text(f"{MARKS[step.state]} {step.text}", err=step.state == "waiting")
    for one in step.changes if isinstance(step, ConsoleSetupStep) else ():
        print_text(f"    [{one.group}]{one.key}: {one.before or '(empty)'} -> {one.value}")
