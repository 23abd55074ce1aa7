"""A plug with a console is one device: what it reports over Wi-Fi and over the console is counted once."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from app.console_story import CONSOLE_ALONE, KEY, NOON, PLUG, WIFI_AND_CONSOLE, WIFI_PASSWORD, Story, home
from unclouded.app.configuration.config import parse_config
from unclouded.app.device_factory import DeviceFactory
from unclouded.core.errors import CommandError, ConfigError
from unclouded.core.model import Action, Command, Ledger, Notice, Reading
from unclouded.hub.hub import RestoredState
from virtual_loop import story

FIRST_DAYS_S = 70.0  # until the days of the plug were read twice


async def settled(run: Story) -> None:
    """The days of the plug are read, and counted."""
    await asyncio.sleep(FIRST_DAYS_S)
    assert run.status.state == "online"


@story
async def test_a_plug_with_two_wires_is_one_device_with_the_points_of_both(monkeypatch: pytest.MonkeyPatch) -> None:
    async with home(WIFI_AND_CONSOLE, monkeypatch) as run:
        await settled(run)
        device = run.device
        assert (device.identity, device.family, device.profile) == (f"meross:{PLUG.uuid}", "meross", "meross/mss310")
        keys = [point.key for point in device.points]
        assert len(keys) == len(set(keys)) and {"on", "power_W", "led", "heap_free", "uptime_s", "wifi"} <= set(keys)
        names = {action.name for action in device.actions}
        assert {"console", "console_crash"} <= names, "what the console can do is there too"
        shown = [one for one in run.of(type(device)) if one.points]
        assert all({"on", "heap_free"} <= {point.key for point in one.points} for one in shown)
        assert run.value("heap_free") > 0 and run.value("tasks") > 0 and run.value("wifi") == "connected"


@story
async def test_power_is_taken_from_wifi_and_from_the_console_while_wifi_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with home(WIFI_AND_CONSOLE, monkeypatch) as run:
        await settled(run)
        assert {one.source for one in run.readings("power_W")[1:]} == {"wifi"}
        await run.ends.cut("http")
        await asyncio.sleep(1.0)
        run.facts.clear()
        await asyncio.sleep(60.0)
        assert run.status.state == "online", "one wire is enough"
        assert {one.source for one in run.readings("power_W")} == {"console"} and run.value("power_W") > 1000
        run.ends.back("http")
        await asyncio.sleep(20.0)
        run.facts.clear()
        await asyncio.sleep(60.0)
        assert {one.source for one in run.readings("power_W")} == {"wifi"}
        await run.ends.cut("serial")
        await asyncio.sleep(20.0)
        assert run.status.state == "online"


@story
async def test_energy_is_counted_once_while_wifi_comes_and_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    async with home(WIFI_AND_CONSOLE, monkeypatch) as run:
        await settled(run)
        for outage_s in (90.0, 600.0, 20.0):
            await run.ends.cut("http")
            await asyncio.sleep(outage_s)
            run.ends.back("http")
            await asyncio.sleep(FIRST_DAYS_S)
            counted, used = run.value("energy_import_Wh"), run.used_Wh
            assert used > 20 and abs(counted - used) <= 10, (counted, used)
        totals = [float(one.value) for one in run.readings("energy_import_Wh")]
        assert totals == sorted(totals), "a total never falls"


@pytest.mark.parametrize("wires", [CONSOLE_ALONE, WIFI_AND_CONSOLE])
def test_the_energy_of_a_plug_that_only_its_console_reaches_is_integrated(
    wires: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a Wi-Fi that was never there, too."""

    @story
    async def run_it() -> None:
        async with home(wires, monkeypatch) as run:
            await asyncio.sleep(0.01)
            await run.ends.cut("http")
            await asyncio.sleep(600.0)
            counted, used = run.value("energy_import_Wh"), run.used_Wh
            assert used > 20 and abs(counted - used) <= 10, (counted, used)
            assert "estimated" in run.readings("energy_import_Wh")[-1].flags
            assert run.device.identity == f"meross:{PLUG.uuid}"

    run_it()


@story
async def test_it_is_switched_over_wifi_whichever_wire_is_written_first(monkeypatch: pytest.MonkeyPatch) -> None:
    async with home(WIFI_AND_CONSOLE, monkeypatch) as run:
        await settled(run)
        assert (await run.hub.command(Command("kettle", "on", False))).result == "confirmed"
        assert run.readings("on")[-1].source == "wifi" and run.value("on") is False
        await asyncio.sleep(15.0)
        answer = await run.hub.act(
            Action("kettle", "console", {"command": "config read meross dev.ctl.switchStatus.00"})
        )
        assert answer.answer is not None and answer.answer["entries"][0]["value"] == "0", "it is one plug"
        await run.ends.cut("http")
        await asyncio.sleep(30.0)
        with pytest.raises(CommandError, match=r"Never connect the board to mains.*switches_relay"):
            await run.hub.command(Command("kettle", "on", True))
        assert (await run.hub.command(Command("kettle", "led", False))).result != "confirmed"


@story
async def test_the_console_switches_the_relay_where_the_configuration_allows_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    allowed = WIFI_AND_CONSOLE.replace(
        'link = "serial:///dev/ttyUSB9"\n',
        'link = "serial:///dev/ttyUSB9"\n[device.channel.session]\nswitches_relay = true\n',
    )
    async with home(allowed, monkeypatch) as run:
        await settled(run)
        await run.ends.cut("http")
        await asyncio.sleep(30.0)
        assert (await run.hub.command(Command("kettle", "on", False))).result == "confirmed"
        assert run.value("on") is False and run.readings("on")[-1].source == "console"


@story
async def test_another_plug_on_the_console_is_named_and_its_values_do_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = WIFI_AND_CONSOLE.replace(PLUG.uuid, "19011804581223251h0448e1e91a4b07")
    async with home(other, monkeypatch) as run:
        await asyncio.sleep(60.0)
        assert run.status.state != "online" and run.of(Reading) == []
        reasons = [one.reason for one in run.of(type(run.status))]
        assert any("Another plug is on this console" in reason and PLUG.uuid in reason for reason in reasons)
        assert (await run.hub.command(Command("kettle", "on", True))).result != "confirmed"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({f'uuid = "{PLUG.uuid}"\n': ""}, "needs the `uuid`"),
        (
            {'link = "serial:///dev/ttyUSB9"\n': 'link = "serial:///dev/ttyUSB9"\nsession = {switches = 1}\n'},
            "switches",
        ),
    ],
)
def test_what_is_wrong_with_the_wires_of_a_device_is_explained(change: Mapping[str, str], says: str) -> None:
    text = WIFI_AND_CONSOLE
    for old, new in change.items():
        text = text.replace(old, new)
    with pytest.raises(ConfigError, match=says):
        DeviceFactory(parse_config(text, "unclouded.toml")).nodes()


@story
async def test_no_secret_of_the_console_is_in_what_the_hub_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    async with home(WIFI_AND_CONSOLE, monkeypatch) as run:
        await settled(run)
        shown: list[Any] = []
        for command in (
            f"config write STA WpaPsk {SECRET}",
            "config read STA WpaPsk",
            "config show",
            "meross iot status",
        ):
            name, args = ("console", {"command": command})
            if command.startswith("config write"):
                name, args = "console_config_write", {"group": "STA", "item": "WpaPsk", "value": SECRET}
            shown.append(await run.hub.act(Action("kettle", name, args, confirmed=True)))
        frames = run.hub.frames("kettle", 2_000)
        console = [frame for frame in frames if frame.channel == "console"]
        assert any("WpaPsk" in str(frame) for frame in console)
        everything = repr([shown, run.facts, [(one, bytes.fromhex(_plain(one.hex))) for one in frames]])
        for secret in (SECRET, KEY):
            assert secret not in everything
        assert [one for one in run.of(Notice) if "console_config_write" in one.words]


def _plain(shown: str) -> str:
    """The hex of a frame, with 00 in place of what is hidden."""
    return "".join(pair if pair != "··" else "00" for pair in (shown[at : at + 2] for at in range(0, len(shown), 2)))


SECRET = WIFI_PASSWORD.replace(" ", "_")


@story
async def test_after_a_restart_the_total_of_the_days_is_not_shown_as_estimated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ledgers: dict[str, Ledger] = {}
    async with home(WIFI_AND_CONSOLE, monkeypatch) as run:
        await settled(run)
        await asyncio.sleep(120.0)
        ledgers = {one.point: one for one in run.of(Ledger)}
    assert ledgers["energy_import_Wh"].days
    restored = RestoredState(ledgers={f"meross:{PLUG.uuid}": ledgers})
    async with home(WIFI_AND_CONSOLE, monkeypatch, restored=restored, at=NOON + 300.0) as run:
        await settled(run)
        flags = {flag for one in run.readings("energy_import_Wh") for flag in one.flags}
        assert "estimated" not in flags and run.readings("energy_import_Wh")
