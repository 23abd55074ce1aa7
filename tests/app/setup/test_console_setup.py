"""Setting up an opened plug over its console: the backup first, then each setting, and back."""

import asyncio
import logging
import re
import shlex
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import pytest
from msgspec.structs import replace

from app.setup.console_setup_story import AT, KEY, NEW, OLD_PASSWORD, PASSWORD, SERVER, Bench, bench
from app.setup.setup_story import FAST, hub_in
from app.test_plug_paths import PATIENCE
from unclouded.app.configuration.config import Config
from unclouded.app.configuration.tables.file import HiddenText
from unclouded.app.setup.console.backup_file import usual_name, write_backup
from unclouded.app.setup.console.console_commands import ConsoleFields, open_console
from unclouded.app.setup.console.console_setup import run_restore
from unclouded.app.setup.console.console_steps import ConsolePlan
from unclouded.app.setup.console.stored_settings import read_settings
from unclouded.app.setup.steps import SetupPlan
from unclouded.app.simulation.simulation import PlugSetting, SimPlaces, SimulatedDevices
from unclouded.cli import cli, console_setup
from unclouded.cli.console_setup import ConsoleOptions
from unclouded.core.errors import CommandError, LinkError
from unclouded.core.family import MASKED, SimOptions
from unclouded.core.sessions.session import Settled
from unclouded.families.meross.console.configuration.backup import NEEDED, read_backup
from unclouded.families.meross.console.configuration.changes import (
    SettingChange,
    changed,
    restored_settings,
    server_settings,
    wifi_settings,
)
from unclouded.families.meross.plug import network_state
from virtual_loop import story

DOCS = Path(__file__).parents[3] / "docs" / "setting_up_a_plug.md"
CHAPTER = DOCS.read_text("utf-8").partition("\n## From an opened plug")[2].partition("\n## ")[0]
BLOCKS = re.findall(r"```(\w*)\n(.*?)\n```", CHAPTER, re.DOTALL)
WALK = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines() if line.startswith("unclouded ")]
HOME = {"ssid": "Home", "password": HiddenText(PASSWORD)}
SERVER_KEYS = ("dev.cfg.Server", "dev.cfg.Port", "dev.cfg.Key", "dev.cfg.userId")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """No plug answers a discovery, whose port only one test at a time may have."""

    async def found() -> list[object]:
        return []

    monkeypatch.setattr("unclouded.app.setup.confirmation.find_in_network", found)


async def shown(bench: Bench) -> list[str]:
    return [await bench.setting("meross", key) for key in SERVER_KEYS]


@story
async def test_a_plug_gets_ones_own_broker_and_wifi_after_a_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench(tmp_path, monkeypatch) as run:
        await run.move(run.setup(**HOME))
        assert await shown(run) == [SERVER.host, "8883", KEY, "0"]
        assert await run.setting("STA", "Ssid") == "Home" and await run.setting("STA", "AuthMode") == "9"
        await asyncio.sleep(20.0)
        asked = run.air.asked[-1]
        assert (asked.connect, asked.host, asked.port, asked.key) == (True, SERVER.host, 8883, KEY)
        file = tmp_path / "0.config"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        before = read_backup(file.read_text(), "it")
        assert before.uuid == NEW.uuid and before.settings["STA", "Ssid"] == "MTK_SOFT_AP"
        order = [one.step for one in run.steps if one.state == "done"]
        assert order == ["find", "backup", "scan", "plan", "write", "restart"] and len(run.questions) == 1


@story
async def test_a_dry_run_writes_nothing_and_shows_what_it_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench(tmp_path, monkeypatch) as run:
        before = await run.run("config show")
        await run.move(run.setup(only_shows=True, **HOME))
        assert await run.run("config show") == before and not list(tmp_path.iterdir())
        (plan,) = [one for one in run.steps if one.step == "plan"]
        found = {(one.group, one.key): one.value for one in plan.changes}
        assert found["meross", "dev.cfg.Server"] == SERVER.host
        assert found["STA", "WpaPsk"] == found["meross", "dev.cfg.Key"] == "********"


@story
async def test_without_a_confirmation_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with bench(tmp_path, monkeypatch) as run:
        run.yes = False
        with pytest.raises(CommandError, match="Nothing was written"):
            await run.move(run.setup(**HOME))
        assert await shown(run) == ["", "", "", ""]


@story
async def test_a_backup_is_written_back_with_only_what_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bound_before = replace(NEW, networks=(f"Home:{PASSWORD}", f"Old:{OLD_PASSWORD}"))
    async with bench(tmp_path, monkeypatch, plug=bound_before) as run:
        for command in ("STA Ssid Old", f"STA WpaPsk {OLD_PASSWORD}", "meross dev.cfg.Server iot.example"):
            await run.run(f"config write {command}")
        for command in ("meross dev.cfg.Port 443", f"meross dev.cfg.Key {'1' * 32}", "meross dev.cfg.userId 77"):
            await run.run(f"config write {command}")
        await run.run("config write meross dev.cfg.BackServer iot.example")
        await run.run("config write meross dev.cfg.BackPort 443")
        await run.move(run.setup(**HOME))
        assert (await shown(run))[0] == SERVER.host
        run.steps.clear()
        await run_restore(run.setup(restores=tmp_path / "0.config"), AT)
        assert await shown(run) == ["iot.example", "443", "1" * 32, "77"]
        assert await run.setting("STA", "WpaPsk") == OLD_PASSWORD
        (plan,) = [one for one in run.steps if one.step == "plan"]
        assert all(one.group in ("STA", "meross") for one in plan.changes)
        assert 6 <= len(plan.changes) <= 14, "the others are as they were"
        assert (tmp_path / "1.config").exists(), "what was there before the restore is backed up, too"


@story
async def test_a_plug_in_factory_mode_is_taken_out_of_it_where_that_is_confirmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench(tmp_path, monkeypatch) as run:
        await run.run("meross fac 1")
        await run.run("reboot")
        await asyncio.sleep(10.0)
        run.yes = False
        with pytest.raises(CommandError, match="factory mode"):
            await run.move(run.setup(**HOME))
        assert (await run.run("meross fac"))["factory_mode"] is True
        run.yes = True
        await run.move(run.setup(**HOME))
        assert (await run.run("meross fac"))["factory_mode"] is False
        assert (await shown(run))[0] == SERVER.host


@pytest.mark.parametrize("fault", ["interleaves-log", "echoes-nothing", "sends-noise", "cuts-lines"])
def test_a_line_with_faults_ends_well_or_before_anything_is_changed(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @story
    async def run_it() -> None:
        async with bench(tmp_path, monkeypatch, fault) as run:
            setup = run.setup(**HOME)
            try:
                await run.move(setup)
            except (LinkError, CommandError) as error:
                assert not any(one.step == "write" for one in run.steps), error
            else:
                settings = read_backup((tmp_path / "0.config").read_text(), "it").settings
                assert settings["STA", "Ssid"] == "MTK_SOFT_AP" and settings["STA", "WpaPsk"] == "12345678"
            assert PASSWORD not in run.texts() and KEY not in run.texts()

    run_it()


@story
async def test_a_wrong_password_is_named_by_what_the_console_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench(tmp_path, monkeypatch) as run:
        setup = run.setup(ssid="Home", password=HiddenText("a-wrong-one-1234"))
        await run.move(setup)
        with pytest.raises(LinkError, match=r"back in set-up mode.*record: Home.*--restore"):
            await setup.connected(SERVER, 120.0)
        assert "a-wrong-one-1234" not in run.texts()


@story
async def test_a_server_that_cannot_be_reached_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with bench(tmp_path, monkeypatch) as run:
        setup = run.setup(**HOME)
        await run.move(setup)
        with pytest.raises(LinkError, match=r"did not connect to 192.0.2.2:8883 within 20 s.*firewall"):
            await setup.connected(SERVER, 20.0)


@story
async def test_another_plug_and_its_backup_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with bench(tmp_path, monkeypatch) as run:
        with pytest.raises(CommandError, match="Another plug is on this console"):
            await run.setup(uuid="2" * 32).find()
        setup = run.setup()
        await setup.find()
        await setup.read(AT)
        text = (tmp_path / "0.config").read_text().replace(NEW.uuid, "2" * 32)
        (tmp_path / "other.config").write_text(text)
        with pytest.raises(CommandError, match="backup of another plug"):
            await run_restore(run.setup(restores=tmp_path / "other.config"), AT)


@story
async def test_settings_count_once_two_answers_agree() -> None:
    def answer(*, password: str, groups: Sequence[str] = NEEDED) -> ConsoleFields:
        entries = [{"group": group, "key": "Some", "value": "1"} for group in groups]
        return {"entries": [*entries, {"group": "STA", "key": "WpaPsk", "value": password}]}

    found = await read_settings(
        Answers(answer(password="12345678"), answer(password="1234"), *[answer(password="5")] * 2)
    )
    assert found.settings["STA", "WpaPsk"] == "5"
    with pytest.raises(LinkError, match="loses characters"):
        await read_settings(Answers(*[answer(password=str(number)) for number in range(4)]))
    with pytest.raises(LinkError, match="group meross: nothing is changed"):
        await read_settings(Answers(*[answer(password="5", groups=NEEDED[:4])] * 2))


class Answers:
    """A console with these answers, one after the other."""

    where, device = "here", ""

    def __init__(self, *answers: ConsoleFields) -> None:
        self._answers = iter(answers)

    async def run(self, command: str, *, show_secrets: bool = False) -> ConsoleFields:
        return next(self._answers)


@story
async def test_no_secret_is_in_the_steps_the_errors_or_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with bench(tmp_path, monkeypatch) as run:
        setup = run.setup(**HOME)
        await run.move(setup)
        changes = setup.changes_for(SERVER)
        shown_text = "\n".join([run.texts(), repr(setup.plan), repr(changes), repr(SERVER), caplog.text])
        for secret in (PASSWORD, KEY):
            assert secret not in shown_text


# --- files and values -------------------------------------------------------------------------------


def test_a_backup_is_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / usual_name(NEW.uuid, AT)
    assert file.name == "plug-020000000003-20261129-221530.config"
    write_backup(file, "first")
    with pytest.raises(CommandError, match="never overwritten"):
        write_backup(file, "second")
    assert file.read_text() == "first"
    with pytest.raises(CommandError, match="Nothing is changed"):
        write_backup(tmp_path / "missing" / "x", "text")


@pytest.mark.parametrize(
    ("text", "says"), [("", "no setting of the group common"), ("x\n" * 3_000, "more than"), ("[STA]A: 1", "group")]
)
def test_what_is_no_backup_is_refused_without_a_byte_of_it(text: str, says: str) -> None:
    with pytest.raises(CommandError, match=says):
        read_backup(text, "it")


@pytest.mark.parametrize(
    ("ssid", "password", "says"),
    [
        ("My home", PASSWORD, "without spaces"),
        ("Home", "with a space", "spaces"),
        ("Home", "pässword1", "ASCII"),
        ("Home", "short", "8 to 63"),
        ("x" * 33, PASSWORD, "1 to 32"),
    ],
)
def test_a_wifi_that_the_console_cannot_take_is_refused(ssid: str, password: str, says: str) -> None:
    with pytest.raises(CommandError, match=says) as caught:
        wifi_settings(ssid, password, (9, 8))
    assert password not in str(caught.value)


@pytest.mark.parametrize(("host", "key"), [("no host", KEY), ("h", ""), ("h", "two words"), ("h", "k" * 33)])
def test_a_server_that_the_console_cannot_take_is_refused(host: str, key: str) -> None:
    with pytest.raises(CommandError) as caught:
        server_settings(host, 8883, "h", key)
    assert not key or key not in str(caught.value)


def test_a_restore_leaves_identity_days_and_relay_alone() -> None:
    kept = [("factory", "dev.fac.uuid"), ("STA", "MacAddr"), ("meross", "dev.enr.data03"), ("AP", "Ssid")]
    kept += [("meross", "dev.ctl.switchStatus.00"), ("meross", "dev.cfg.networkTrace01")]
    backup = dict.fromkeys([*kept, ("STA", "SsidLen"), ("meross", "dev.cfg.Server")], "1")
    assert [(group, key) for group, key, _ in restored_settings(backup)] == [
        ("STA", "SsidLen"),
        ("meross", "dev.cfg.Server"),
    ]


def test_only_what_differs_is_written_and_only_what_can_be() -> None:
    now = {("STA", "Ssid"): "Home", ("STA", "BW"): "0"}
    found = changed([("STA", "Ssid", "Home"), ("STA", "BW", "1"), ("STA", "Channel", "")], now)
    assert [(one.key, one.before, one.value) for one in found] == [("BW", "0", "1")]
    rule = SettingChange(group="meross", key="dev.tmr.Rule.00", value="x" * 300)
    assert "200 characters" in rule.problem and "x" not in repr(rule).replace("repr", "")


@pytest.mark.parametrize("line", WALK)
def test_the_commands_of_the_walk_are_as_the_program_takes_them(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wifi.password").write_text(f"{PASSWORD}\n")
    verb, *words = shlex.split(line)[1:]
    context = click.Context(cli)
    command = cli.get_command(context, verb)
    assert command is not None
    command.make_context(verb, words, parent=context).close()


# --- with a real hub and its broker -----------------------------------------------------------------


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in {"BOOT_S": 0.3, "JOIN_S": 0.05, "SERVER_TIMEOUT_S": 5.0}.items():
        monkeypatch.setattr(network_state, name, seconds)
    monkeypatch.setattr("unclouded.families.meross.console.plug.commands_plug.SCAN_S", 0.05)


async def set_up(config: Config, console: str, folder: Path, **plan: Any) -> None:  # Any: fields of the plan
    how = ConsolePlan(backup=folder / f"{len(list(folder.glob('*.config')))}.config", **plan)
    admission = SetupPlan(name="Lamp")
    options = ConsoleOptions(
        console, how, admission, None, FAST, is_hidden=False, has_password=True, yes=True, as_json=True
    )
    await asyncio.wait_for(console_setup._run(options, config), PATIENCE)


async def test_an_opened_plug_becomes_a_device_and_its_console_a_channel_of_it(
    tmp_path: Path, quickly: None, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """First on a link of its own; then on the hub that holds the console, whose frames are scanned too."""
    caplog.set_level(logging.DEBUG)
    places = SimPlaces(link="listen://127.0.0.1:0")
    setting = PlugSetting(networks=(f"Home:{PASSWORD}",))
    devices = SimulatedDevices("mss310-console", places, "lamp", SimOptions(seed=4), plug=setting)
    observer = ConsoleObserver()
    sim = asyncio.create_task(devices.run(observer, asyncio.Event().wait), name="sim")  # type: ignore[arg-type]
    shown: list[Any] = []
    try:
        console = await asyncio.wait_for(observer.console, PATIENCE)
        async with hub_in(tmp_path) as (hub, config):
            await set_up(config, console, tmp_path, **HOME)
            (device,) = hub.hub.devices()
            assert (device.id, device.link) == ("lamp", "broker:")
            key = config.meross_key.text
        async with open_console(console, None) as direct:
            for name, value in (("STA WpaPsk", OLD_PASSWORD), ("meross dev.cfg.Key", "1" * 32)):
                await direct.run(f"config write {name} {value}")
        uuid = device.identity.partition(":")[2]
        wires = f'[[device]]\nid = "bench"\nuuid = "{uuid}"\n[[device.channel]]\nname = "wifi"\nfamily = "meross"'
        wires += '\nlink = "broker:"\n[[device.channel]]\nname = "console"\nfamily = "meross_console"'
        (tmp_path / "data" / "state" / "admitted.json").unlink(missing_ok=True)
        async with hub_in(tmp_path, f'{wires}\nlink = "{console}"\nrecord = "bench.jsonl"') as (hub, config):
            await set_up(config, "bench", tmp_path, **HOME)
            assert [one.id for one in hub.hub.devices()] == ["bench"]
            shown += [hub.hub.frames("bench", 2_000), hub.hub.snapshot()]
            hexes = [frame.hex.replace(MASKED, "00") for frame in shown[0]]
            shown += [bytes.fromhex(one) for one in hexes]
    finally:
        sim.cancel()
        await asyncio.wait({sim})
    out = capsys.readouterr()
    assert '"state":"failed"' not in out.out
    everything = [out.out, out.err, caplog.text, repr(shown), (tmp_path / "bench.jsonl").read_text()]
    assert OLD_PASSWORD in (tmp_path / "1.config").read_text(), "the backup needs it"
    for secret in (PASSWORD, OLD_PASSWORD, key, "1" * 32):
        assert [text[:200] for text in everything if secret in text] == []


class ConsoleObserver:
    """Where the console is."""

    def __init__(self) -> None:
        self.console: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def ready(self, place: str, uuid: str, console: str) -> None:
        self.console.set_result(console)

    def all_ready(self) -> None: ...
    def offline(self, reason: str) -> None: ...
    def noticed(self, uuid: str, text: str) -> None: ...
    def answered(self, question: str, answer: Settled) -> None: ...
    def stopped(self, stats: Mapping[str, float]) -> None: ...
