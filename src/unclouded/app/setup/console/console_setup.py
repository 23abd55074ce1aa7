"""Setting up an opened plug over its console.

    find      meross hw, meross fw: which plug it is
    backup    config show ──► a file of its owner's            before anything is changed
    factory   in factory mode: meross fac 0, reboot            only where that is confirmed
    plan      what differs from what is wanted                 only where that is confirmed:
    write     config write, config read, one after the other
    restart   reboot, until the console answers again
    wait      meross iot status, until it is connected         then the hub's own confirmation

Each step is reported as it begins and ends. Where one fails, LinkError or CommandError say what happened and what to
do. Of the states that ``meross iot status`` shows, a source has only "disconnect" and "offline".
Source: docs/protocols/meross_console.md §7.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from unclouded.app.setup.console import backup_file
from unclouded.app.setup.console.console_commands import AGAIN_S, ConsoleCommands, run_once_ready
from unclouded.app.setup.console.console_steps import (
    Confirm,
    ConsolePlan,
    ConsoleReport,
    ConsoleSetupStep,
    ConsoleStepName,
)
from unclouded.app.setup.console.stored_settings import ReadSettings, read_setting, read_settings, write_setting
from unclouded.app.setup.hub_for_setup import PlugServer
from unclouded.core.errors import CommandError, LinkError, UncloudedError
from unclouded.core.views.facts import NetworkView
from unclouded.families.meross.console.configuration import changes as plans
from unclouded.families.meross.console.configuration.backup import backup_text
from unclouded.families.meross.console.configuration.changes import SettingChange
from unclouded.families.meross.setup.scripts import SetupPlug
from unclouded.families.meross.wire.messages import Firmware, Hardware

NOT_CONFIRMED = "Nothing was written. Confirm it with --yes."
STRONGEST_dBm, WEAKEST_dBm = -50, -100
STATE = ("meross", "dev.cfg.State")
TRACE = ("meross", "dev.cfg.networkTrace00")


class ConsoleSetup:
    """One set-up. ``report`` gets every step; ``confirm`` asks before what is written."""

    def __init__(self, plan: ConsolePlan, console: ConsoleCommands, report: ConsoleReport, confirm: Confirm) -> None:
        self.plan = plan
        self._console = console
        self._report = report
        self._confirm = confirm
        self._step: ConsoleStepName = "find"
        self._hardware: Mapping[str, Any] = {}  # Any: JSON
        self._firmware: Mapping[str, Any] = {}
        self._now = ReadSettings({})
        self._scanned: Sequence[Mapping[str, Any]] = ()
        self.backup: Path | None = None

    @property
    def uuid(self) -> str:
        return str(self._hardware.get("uuid", "")).lower()

    @property
    def plug(self) -> SetupPlug:
        """The plug as the other set-up has it."""
        hardware = Hardware(type=str(self._hardware.get("model", "")), uuid=self.uuid)
        server, _, port = plans.server_of(self._now.settings).rpartition(":")
        return SetupPlug(hardware, Firmware(version=str(self._firmware.get("version", "")), server=server, port=port))

    # --- the steps -----------------------------------------------------------------------------

    async def find(self) -> None:
        """Reads which plug it is; changes nothing. Raises LinkError; CommandError where it is not the planned one."""
        self._begin("find", f"Looking for a plug on {self._console.where}.")
        self._hardware = await run_once_ready(self._console, "meross hw")
        if not self.uuid:
            raise LinkError("The plug does not report its UUID on meross hw. Nothing is changed.")
        if self.plan.uuid not in ("", self.uuid):
            raise CommandError(f"Another plug is on this console: {self.uuid} instead of {self.plan.uuid}.")
        self._firmware = await self._console.run("meross fw")
        named = {name: str(text) for name, text in self._hardware.items() if text and isinstance(text, str)}
        version = str(self._firmware.get("version", "?"))
        text = f"Found {named.get('model', 'a plug')} {named.get('mac', '')} (hardware {named.get('hardware', '?')}"
        self._done(f"{text}, firmware {version}), UUID {self.uuid}.", plug={**named, "version": version})

    async def leave_factory_mode(self) -> None:
        """Nothing to do where it is in none."""
        self._step = "factory"
        if not (await self._console.run("meross fac")).get("factory_mode"):
            return
        if self.plan.only_shows:
            self._done("The plug is in factory mode; it would be ended first: meross fac 0, reboot.")
            return
        if not self._confirm("The plug is in factory mode, without Wi-Fi. End it (meross fac 0, then reboot)?"):
            raise CommandError(f"The plug is in factory mode, in which it joins no Wi-Fi. {NOT_CONFIRMED}")
        self._begin("factory", "The plug leaves factory mode, and restarts.")
        await self._console.run("meross fac 0")
        await self.restart_board()
        if (await run_once_ready(self._console, "meross fac")).get("factory_mode"):
            raise LinkError("The plug is still in factory mode after meross fac 0 and a restart.")
        self._done("The plug is out of factory mode.")

    async def read(self, at: datetime) -> None:
        """Read all settings, and write them into the backup before anything is changed."""
        self._begin("backup", "Reading all settings, twice.")
        self._now = await read_settings(self._console)
        if self.plan.only_shows:
            self._done(f"It has {len(self._now.settings)} settings. A backup would be written first.")
            return
        file = self.plan.backup or Path(backup_file.usual_name(self.uuid, at))
        text = backup_text(self.uuid, f"{at:%Y-%m-%d %H:%M:%S}", self._now.settings, self._now.unread)
        backup_file.write_backup(file, text)
        self.backup = file
        self._done(
            f"Backup of {len(self._now.settings)} settings: {file}. It contains the plug's passwords and keys in clear,"
            " or nothing could be written back from it; only you can read it. Keep it.",
            file=str(file),
        )

    async def networks(self) -> list[NetworkView]:
        """The Wi-Fi networks that the plug sees, the strongest first."""
        self._begin("scan", "The plug looks for Wi-Fi networks.")
        answer = await self._console.run("meross scan")
        self._scanned = sorted(answer.get("networks", ()), key=lambda one: -int(one["rssi_dBm"]))
        by_name = {str(one["ssid"]): _view(one) for one in reversed(self._scanned) if one["ssid"]}
        found = sorted(by_name.values(), key=lambda one: -one.signal)
        self._done(f"It sees {len(found)} Wi-Fi network{'' if len(found) == 1 else 's'}.", networks=found)
        return found

    @property
    def has_wifi(self) -> bool:
        return plans.has_wifi(self._now.settings)

    def changes_for(self, server: PlugServer) -> list[SettingChange]:
        """What moves it to this server, and into the Wi-Fi of the plan. Raises CommandError."""
        plan = self.plan
        wanted = plans.server_settings(server.host, server.port, server.second_host, server.key)
        if plan.ssid:
            seen = next((one for one in self._scanned if one["ssid"] == plan.ssid), None)
            security = (int(seen["auth"]), int(seen["cipher"])) if seen is not None else None
            wanted = [*plans.wifi_settings(plan.ssid, plan.password.text, security), *wanted]
        return plans.changed(wanted, self._now.settings)

    def changes_from(self, file: Path) -> list[SettingChange]:
        """What a backup has otherwise. Raises CommandError for one of another plug."""
        backup = backup_file.load_backup(file)
        if backup.uuid not in ("", self.uuid):
            raise CommandError(f"{file} is the backup of another plug, {backup.uuid}; this one is {self.uuid}.")
        return plans.changed(plans.restored_settings(backup.settings), self._now.settings)

    def show(self, changes: Sequence[SettingChange]) -> list[SettingChange]:
        """Report what is to be written; those that this console can take."""
        self._step = "plan"
        possible, others = plans.parted(changes)
        is_one = len(possible) == 1
        text = f"{len(possible)} setting{'' if is_one else 's'} differ{'s' if is_one else ''} from what is wanted."
        self._done(" ".join([text, *_left_out(others)]), changes=[one.shown for one in possible])
        return possible

    async def write(self, changes: Sequence[SettingChange]) -> None:
        """Write them, and read each of them back. Raises CommandError where that is not confirmed."""
        question = f"Write {len(changes)} settings into the plug, and restart it?"
        if not self._confirm(question):
            raise CommandError(NOT_CONFIRMED)
        self._begin("write", "Writing, and reading back.")
        for change in changes:
            await write_setting(self._console, change)
            self._progress(f"{change.name} is written.")
        self._done(f"The plug has kept {'all ' if len(changes) > 1 else ''}{len(changes)}.")

    async def written_again(self, changes: Sequence[SettingChange]) -> None:
        """One setting may have changed another one: what differs now is written once more. Raises LinkError."""
        now = (await read_settings(self._console)).settings
        for change in changes:
            if now.get((change.group, change.key), "") != change.value:
                await write_setting(self._console, change)

    async def restart(self) -> None:
        """The step that makes what was written count. Raises LinkError where the console does not answer afterwards."""
        self._begin("restart", "The plug restarts.")
        await self.restart_board()
        self._done("The plug has restarted.")

    async def restart_board(self) -> None:
        """Restarts it and waits for its prompt, 30 s at most; reports no step."""
        await self._console.run("reboot")
        await run_once_ready(self._console, "meross hw")

    # --- is it connected? ------------------------------------------------------------------------

    async def connected(self, server: PlugServer, timeout_s: float, then: str = "") -> None:
        """Until the plug itself shows that it is connected to the server. Raises LinkError with the likeliest cause.

        ``then``: what is to be done next, as a sentence.
        """
        self._begin("wait", f"Waiting for the plug at {server.place}, as meross iot status shows it.")
        look = ConnectionWatch(self._console, server, self._progress)
        try:
            async with asyncio.timeout(timeout_s):
                failed = await look.run(until_connected=True)
        except TimeoutError:
            raise LinkError(look.why_not(timeout_s)) from None
        if failed:
            raise LinkError(failed)
        self._done(f"The plug shows that it is connected to {server.place}.{then}")

    def watch(self, server: PlugServer) -> "ConnectionWatch":
        """Reports what the console shows while the hub waits."""
        self._step = "wait"
        return ConnectionWatch(self._console, server, self._progress)

    def failed(self, error: UncloudedError) -> None:
        """Report that the step under way has failed."""
        self._report(ConsoleSetupStep(step=self._step, state="failed", text=str(error), file=str(self.backup or "")))

    # --- inside --------------------------------------------------------------------------------

    def _begin(self, step: ConsoleStepName, text: str) -> None:
        self._step = step
        self._report(ConsoleSetupStep(step=step, state="started", text=text))

    def _progress(self, text: str) -> None:
        self._report(ConsoleSetupStep(step=self._step, state="progress", text=text))

    def _done(self, text: str, **found: Any) -> None:  # Any: fields of the step
        self._report(ConsoleSetupStep(step=self._step, state="done", text=text, **found))


class ConnectionWatch:
    """Looks at ``meross iot status`` again and again, and reports each change.

    No source shows the state of a server that is connected: any but "offline" counts.
    """

    NOT_CONNECTED = ("", "offline")

    def __init__(
        self, console: ConsoleCommands, server: PlugServer, progress: Any
    ) -> None:  # Any: a function of a text
        self._console = console
        self._server = server
        self._progress = progress
        self._shown: tuple[str, str] = ("", "")
        self._was_set_up = False

    async def run(self, until_connected: bool = False) -> str:
        """Why the plug has given up, once it has; "" once it is connected, where that is waited for."""
        while True:
            try:
                if await self._look() and until_connected:
                    return ""
                if cause := await self._given_up():
                    return cause
            except LinkError:
                pass  # it restarts
            await asyncio.sleep(AGAIN_S)

    def why_not(self, timeout_s: float) -> str:
        """What the plug showed last and what to check, as sentences. ``timeout_s``: how long it was watched."""
        wifi, server = self._shown
        place = self._server.place
        seen = f'It shows the Wi-Fi as "{wifi or "?"}" and the server as "{server or "?"}".'
        if wifi.startswith("disconnect") or not wifi:
            likely = "Is the password right, and the Wi-Fi on 2.4 GHz?"
        else:
            likely = (
                f"Let the firewall of the hub's computer accept the port {self._server.port}, and check that the"
                " address and the key are those of the hub."
            )
        return f"The plug did not connect to {place} within {timeout_s:.0f} s. {seen} {likely}"

    async def _look(self) -> bool:
        """Whether it is connected to the server."""
        answer = await self._console.run("meross iot status")
        now = str(answer.get("wifi", "")), str(answer.get("server", ""))
        if now != self._shown:
            self._shown = now
            self._progress(f'The plug shows its Wi-Fi as "{now[0]}" and its server as "{now[1]}".')
        place = f"{answer.get('primary_host', '')}:{answer.get('primary_port', '')}"
        return now[1] not in self.NOT_CONNECTED and place == self._server.place

    async def _given_up(self) -> str:
        """A plug that was set up, and is in set-up mode again."""
        if (state := await read_setting(self._console, *STATE)) == "1":
            self._was_set_up = True
        if state != "0" or not self._was_set_up:
            return ""
        record = await read_setting(self._console, *TRACE)
        kept = f" It keeps this record: {record}." if record else ""
        return (
            f"The plug is back in set-up mode: it could not join the Wi-Fi, or did not reach {self._server.place}."
            f"{kept} Usually the password is wrong, or a firewall closes the port. Run the set-up again, or --restore"
            " the backup."
        )


def _left_out(changes: Sequence[SettingChange]) -> list[str]:
    """What stays as it is, and why: a sentence for each reason."""
    by_reason: dict[str, list[str]] = {}
    for one in changes:
        by_reason.setdefault(one.problem, []).append(one.name)
    return [f"{', '.join(names)} {'stays' if len(names) == 1 else 'stay'}: {why}." for why, names in by_reason.items()]


def _view(network: Mapping[str, Any]) -> NetworkView:  # Any: JSON
    span = STRONGEST_dBm - WEAKEST_dBm
    signal = min(max((int(network["rssi_dBm"]) - WEAKEST_dBm) * 100 // span, 0), 100)
    is_open = (int(network["auth"]), int(network["cipher"])) == plans.OPEN
    text = "open" if is_open else "protected"
    return NetworkView(
        ssid=str(network["ssid"]), signal=signal, channel=int(network["channel"]), encryption=text, open=is_open
    )


async def run_restore(setup: ConsoleSetup, at: datetime) -> None:
    """Find, back up, and write a backup back. Raises LinkError and CommandError."""
    assert setup.plan.restores is not None
    backup_file.load_backup(setup.plan.restores)  # a file that is none is reported before anything else
    await setup.find()
    await setup.read(at)
    await setup.leave_factory_mode()
    possible = setup.show(setup.changes_from(setup.plan.restores))
    if setup.plan.only_shows or not possible:
        return
    await setup.write(possible)
    await setup.written_again(possible)
    await setup.restart()
