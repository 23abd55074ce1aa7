"""The simulated console: the shell, its faults, and that it is the same plug as the one on Wi-Fi."""

import json
import re
import sys
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from families.meross.console.terminal import CONSOLE, Terminal, lines_of
from families.meross.meross_pair import KEY, UUID
from pair import START_UNIX, Pair, ambient
from session_laws import SessionLaws
from unclouded.core.sessions.session import (
    Ambient,
    LinkPath,
    Out,
    Session,
    SessionCommand,
    Settled,
    WireAction,
    WireCommand,
)
from unclouded.families.meross import PlugOptions
from unclouded.families.meross.console.controller.session import ConsoleSession
from unclouded.families.meross.console.controller.settings import ConsoleSettings
from unclouded.families.meross.console.plug import config_store
from unclouded.families.meross.console.plug.baud_error import at_double_rate, at_half_rate
from unclouded.families.meross.console.plug.console_device import ConsoleDevice
from unclouded.families.meross.console.plug.console_faults import CONSOLE_FAULTS
from unclouded.families.meross.console.plug.line_editor import LONGEST_TYPED
from unclouded.families.meross.console.wire.commands import COMMANDS, ConsoleCommand
from unclouded.families.meross.console.wire.config_keys import CONFIG_KEYS
from unclouded.families.meross.plug.state.wifi_networks import AirNetwork
from unclouded.families.meross.wire.envelope import Envelope, request
from unclouded.families.meross.wire.messages import payload_of

HOME = AirNetwork(ssid="home", password="correct horse")
BOUND: dict[str, Any] = {"unconfigured": False, "key": KEY, "networks": (HOME,), "dialect": "hw2"}
NEW: dict[str, Any] = {"unconfigured": True, "key": "", "networks": (HOME,)}
RULE = {"id": "n1jxtruoknvotm8a", "channel": 0, "type": 1, "enable": 1, "week": 192, "time": 963}


def asked(namespace: str, method: str = "GET", signed_by: str = "", **payload: object) -> bytes:
    return request(
        method,
        f"Appliance.{namespace}",
        payload_of(**payload) if payload else b"{}",
        message_id="d052cd2e1f1d4bd4d76f5f2d93820dce",
        key=signed_by,
        timestamp=int(START_UNIX),
        from_="/app/1-2/subscribe",
    )


def payload(envelope: Envelope | None) -> dict[str, object]:
    assert envelope is not None
    found = json.loads(bytes(envelope.payload))
    assert isinstance(found, dict)
    return found


class TestTheConsole(SessionLaws):
    settles_without_a_way = True
    held_limit = LONGEST_TYPED

    def make(self, ambient: Ambient) -> Session:
        device = ConsoleDevice(PlugOptions(uuid=UUID, dialect="hw2.1.7", unconfigured=True), ambient)
        device.up(LinkPath(), -1.0)  # the board has started before
        device.outgoing(-0.5)
        return device

    def traffic(self) -> st.SearchStrategy[bytes]:
        names = [row.name.encode() for row in COMMANDS]
        return st.sampled_from([*names, b"\r", b"\r\n", b"\n", b"\x7f", b"\x03", b"\x1b[A", b" on", b"config show\r"])

    def commands(self) -> st.SearchStrategy[SessionCommand]:
        return st.sampled_from([WireCommand({"onoff": True}), WireAction("press_button"), WireAction("dance")])

    def spoken(self, outs: Sequence[Out]) -> object:
        """The echo comes in the chunks of what was typed."""
        return b"".join(out.data for out in outs)

    def comparable(self, outs: Sequence[Out]) -> list[bytes]:
        """A board that has only been reconnected does not start again."""
        return [out.data for out in outs if b"\x1b" in out.data]


# --- commands ---------------------------------------------------------------------------------------


def typed(row: ConsoleCommand) -> str:
    values = {"group": "STA", "item": "Ssid", "value": "x", "uuid": UUID, "mac": "34:29:8f:00:00:01", "count": "1"}
    values |= {"interval": "1", "address": "10.0.0.1", "url": "http://10.0.0.1/a.bin", "led": "red", "state": "on"}
    return " ".join((row.name, *(values[one.name] for one in row.args)))


@pytest.mark.parametrize("row", COMMANDS, ids=typed)
def test_every_row_of_the_command_table_is_carried_out(row: ConsoleCommand) -> None:
    for terminal in (Terminal(), Terminal(**BOUND)):
        before = len(terminal.seen)
        lines = terminal.type(typed(row))
        assert not {"command not found", "invalid parameter"} & set(lines)
        assert lines or not row.shown or row.name == "meross test relay"
        assert b"\n$ " in terminal.seen[before:]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("format c:", "command not found"),
        ("meross tea", "command not found"),
        ("mero", "command not found"),
        ("meross hw now", "invalid parameter"),
        ("config read", "config read <group_name> <data_item_name>"),
        ("config read STA Pizza", "invalid parameter"),
        ("config write kitchen Sink 1", "invalid parameter"),
        ("config write meross dev.cfg.Port 70000", "invalid parameter"),
        ("config write meross dev.cfg.networkTrace00 x", "invalid parameter"),
        ("config reset kitchen", "invalid parameter"),
        ("config show kitchen", "invalid parameter"),
        ("meross ping", "meross ping <address>"),
        ("meross switch", "meross switch <uuid> on/off"),
        (f"meross switch {'0' * 32} on", "invalid parameter"),
        ("meross led blue on", "invalid parameter"),
        ("meross e2p uuid short", "invalid parameter"),
        ("meross e2p mac 34:29:8f:00:00:zz", "invalid parameter"),
        ("meross test relay 0 1", "invalid parameter"),
        ("meross test relay many 1", "invalid parameter"),
        ("meross iot upgrade ftp://x", "invalid parameter"),
        ("meross iot log maybe", "invalid parameter"),
    ],
)
def test_what_is_no_command_is_answered(line: str, answer: str) -> None:
    assert Terminal().type(line) == [answer]


def test_every_key_that_the_client_knows_is_shown_and_no_other() -> None:
    shown = set(Terminal().config())
    assert shown == {f"[{row.group}]{key}" for row in CONFIG_KEYS for key in row.names()}


# --- one plug ---------------------------------------------------------------------------------------


def test_what_the_console_switches_is_on_by_http_and_the_reverse() -> None:
    terminal = Terminal(**BOUND)
    terminal.type(f"meross switch {UUID} on")
    state = payload(terminal.ask(asked("Control.ToggleX", signed_by=KEY, togglex={"channel": 0})))
    assert state["togglex"]["onoff"] == 1  # type: ignore[index]  # JSON
    assert terminal.config()["[meross]dev.ctl.switchStatus.00"] == "1"
    terminal.ask(asked("Control.ToggleX", "SET", KEY, togglex={"channel": 0, "onoff": 0}))
    assert terminal.config()["[meross]dev.ctl.switchStatus.00"] == "0"


def test_what_the_world_measures_is_shown_and_follows_the_ratios() -> None:
    terminal = Terminal(**BOUND)
    terminal.ask(asked("System.Clock", "PUSH", KEY, clock={"timestamp": int(START_UNIX)}))
    for counted in (0, 180):
        measured = {"electricity.power": 67_379, "electricity.voltage": 2_387, "electricity.current": 418}
        terminal.device.submit(WireCommand({**measured, "consumption.counter": Fraction(counted)}), terminal.now)
    shown = terminal.type("meross power")
    assert {"p:67379", "v:2387 (ratio:188)", "i:418 (ratio:102)", "energy:cur:180,last:0,now:180"} <= set(shown)
    assert re.fullmatch(r"data\[\d\d\] date:2026-\d\d-\d\d time:\d+ value:180", shown[-1])
    day = {"date": shown[-1].split()[1][5:], "value": 180}
    slots = [json.loads(value) for key, value in terminal.config().items() if ".enr.data" in key and value]
    assert [{**slot, **day} for slot in slots] == slots
    terminal.type("config write meross dev.enr.VRatio 376")
    assert "v:4774 (ratio:376)" in terminal.type("meross power")
    electricity = payload(terminal.ask(asked("Control.Electricity", signed_by=KEY)))["electricity"]
    assert electricity["voltage"] == 4_774 and electricity["config"]["voltageRatio"] == 376  # type: ignore[index]


def test_what_its_set_up_wrote_stands_in_the_settings_in_clear() -> None:
    terminal = Terminal(**NEW)
    gateway = {"host": "hub.local", "port": 8883, "secondHost": "two.local", "secondPort": 443}
    terminal.ask(asked("Config.Key", "SET", key={"gateway": gateway, "key": "secret", "userId": "7"}))
    terminal.ask(asked("Config.Wifi", "SET", wifi={"ssid": "aG9tZQ==", "password": "Y29ycmVjdCBob3JzZQ=="}))
    terminal.wait(10.0)
    shown = terminal.config()
    values = {key: shown[f"[meross]dev.cfg.{key}"] for key in ("Server", "Port", "BackServer", "BackPort", "userId")}
    assert list(values.values()) == ["hub.local", "8883", "two.local", "443", "7"]
    assert shown["[meross]dev.cfg.Key"] == "secret" and shown["[STA]WpaPsk"] == HOME.password
    assert (shown["[STA]Ssid"], shown["[STA]SsidLen"], shown["[STA]WpaPskLen"]) == ("home", "4", "13")
    status = terminal.type("meross iot status")
    assert {"wifi status:connected", "primary host: hub.local:8883", "user key :secret"} <= set(status)
    assert "ip: :127.0.0.1" in terminal.type("meross net") and "mode: dhcp" in terminal.type("ip")
    assert terminal.notices[-1] == "The plug is connecting; its LED: flashing green."


def test_settings_that_are_written_count_after_a_restart() -> None:
    terminal = Terminal(**NEW)
    for key, value in {"Server": "hub.local", "Port": "8883", "Key": "secret", "userId": "7"}.items():
        assert terminal.type(f"config write meross dev.cfg.{key} {value}") == []
    terminal.type("config write STA Ssid home")
    terminal.type("config write STA WpaPsk correct horse")
    assert terminal.servers == []
    terminal.type("reboot", 10.0)
    (*_, server) = terminal.servers
    assert (server.host, server.port, server.key, server.user_id) == ("hub.local", 8883, "secret", "7")
    assert not any("secret" in notice or "horse" in notice for notice in terminal.notices)


def test_the_name_of_an_open_wifi_is_enough_to_join_it() -> None:
    terminal = Terminal(networks=(AirNetwork(ssid="guests"),))
    terminal.type("config write STA Ssid guests")
    terminal.type("reboot", 10.0)
    assert "wifi status:connected" in terminal.type("meross iot status")


def test_a_wifi_that_is_not_there_ends_in_set_up_mode_with_a_trace() -> None:
    terminal = Terminal(**NEW)
    terminal.type("config write STA Ssid nowhere")
    terminal.type("reboot", 30.0)
    assert terminal.notices[-1] == "The plug is in set-up mode; its LED: amber and green in turn."
    assert terminal.config()["[meross]dev.cfg.networkTrace00"] == "nowhere,1,ssid not found"


def test_a_backup_of_the_settings_can_be_written_back() -> None:
    terminal = Terminal(**BOUND)
    terminal.ask(asked("Control.TimerX", "SET", KEY, timerx=RULE))
    before = terminal.config()
    terminal.type("meross iot unbind", 5.0)
    terminal.type("config reset meross")
    assert terminal.config() != before
    for key, value in before.items():
        group, item = key[1:].split("]")
        if value:
            terminal.type(f"config write {group} {item} {value}", 0.0)
    after = terminal.config()
    changing = {"[meross]dev.cfg.networkTrace00", "[meross]dev.ctl.timeStamp"}
    assert {key for key in before if before[key] != after[key]} <= changing


def test_a_group_is_reset_to_its_initial_values() -> None:
    terminal = Terminal()
    first = terminal.config()
    for write in (
        "common DbgLevel 1",
        "AP HideSSID 1",
        "meross dev.cfg.Key x",
        "STA Ssid a",
        "meross dev.enr.IRatio 9",
    ):
        assert terminal.type(f"config write {write}") == []
    assert terminal.config() != first
    for group in config_store.GROUP_NAMES:
        terminal.type(f"config reset {group}")
    assert terminal.config() == first


def test_its_rules_are_listed_and_counted_at_its_start() -> None:
    terminal = Terminal(**BOUND)
    terminal.ask(asked("Control.TimerX", "SET", KEY, timerx=RULE))
    terminal.ask(asked("Control.TriggerX", "SET", KEY, triggerx={"id": "t1", "enable": 1, "rule": {"duration": 60}}))
    timers, title, triggers = terminal.type("meross iot rule")[1:]
    assert json.loads(timers) == RULE and title == "autooff rules info:" and json.loads(triggers)["id"] == "t1"
    assert json.loads(terminal.config()["[meross]dev.tmr.Rule.00"]) == RULE
    loads = [line for line in terminal.type("reboot") if "_load_rules" in line]
    assert [line[-14:] for line in loads] == [": load 1 rules"] * 2
    terminal.type('config write meross dev.tmr.Rule.01 {"id":"second","time":1}')
    assert len(terminal.type("meross iot rule")) == 5
    assert terminal.type("config write meross dev.tmr.Rule.02 {broken") == ["invalid parameter"]


def test_identity_written_here_is_that_of_the_plug() -> None:
    terminal, uuid, mac = Terminal(**BOUND), "19011804581223251h0434298f1a4b07", "34:29:8f:1a:4b:07"
    assert terminal.type("meross e2p uuid") == [f"uuid:{UUID}"]
    assert terminal.type(f"meross e2p uuid {uuid}") == [f"uuid:{uuid}"]
    assert terminal.type("meross e2p mac") == [f"mac:{mac}"]
    terminal.type("meross e2p mac 34:29:8F:00:00:01")
    assert "mac :34:29:8f:00:00:01" in terminal.type("meross hw")
    hardware = payload(terminal.ask(asked("System.Hardware", signed_by=KEY)))["hardware"]
    assert (hardware["uuid"], hardware["macAddress"]) == (uuid, "34:29:8f:00:00:01")  # type: ignore[index]  # JSON


def test_identity_goes_into_the_login_at_its_server() -> None:
    terminal = Terminal(**{**BOUND, "host": "hub.local", "port": 8883})
    terminal.type("meross e2p mac 34:29:8f:00:00:01")
    terminal.type("reboot", 8.0)
    assert terminal.servers[-1].mac == "34:29:8f:00:00:01"


# --- states -----------------------------------------------------------------------------------------


def test_factory_mode_begins_and_ends_with_a_restart_and_has_no_wifi() -> None:
    terminal = Terminal()
    terminal.type("meross fac 1")
    assert terminal.type("meross fac") == ["In fac mode:YES"]
    assert not terminal.notices
    terminal.type("reboot")
    assert terminal.notices[-1] == "The plug is in factory mode; its LED: flashing red."
    assert terminal.ask(asked("System.All")) is None
    terminal.type("meross fac 0")
    assert terminal.type("meross fac") == ["In fac mode:NO"]
    terminal.type("reboot")
    assert terminal.notices[-1] == "The plug is in set-up mode; its LED: amber and green in turn."
    assert terminal.ask(asked("System.All")) is not None


def test_an_open_wifi_of_the_right_name_ends_factory_mode() -> None:
    terminal = Terminal(networks=(AirNetwork(ssid="Meross_factory_mss310"),))
    terminal.type("meross fac 1")
    terminal.type("reboot", 200.0)
    assert terminal.type("meross fac") == ["In fac mode:NO"]


def test_a_crash_is_the_reason_in_the_next_log_only() -> None:
    terminal = Terminal()
    assert "Last reset reason:HAL_WDT_SOFTWARE_RESET" in lines_of(terminal.seen)
    assert "Last reset reason:HAL_WDT_TIMEOUT_RESET" in terminal.type("meross crash")
    assert "Last reset reason:HAL_WDT_SOFTWARE_RESET" in terminal.type("reboot")


def test_a_restart_in_the_middle_of_a_restart_prints_the_log_again() -> None:
    terminal = Terminal()
    terminal.type("reboot", 0.5)
    lines = terminal.type("reboot", 5.0)
    assert lines[0] == "F1: 0000 0000" and terminal.seen.endswith(b"$ ")


def test_ctrl_c_does_not_stop_a_crash() -> None:
    terminal = Terminal()
    terminal.type("meross crash", 0.1)
    terminal.send(b"\x03")
    assert "Last reset reason:HAL_WDT_TIMEOUT_RESET" in terminal.type("")


def test_unbinding_returns_it_to_set_up_mode() -> None:
    terminal = Terminal(**BOUND)
    lines = terminal.type("meross iot unbind", 5.0)
    assert lines[0] == "device unbind via cli [Offline]" and "event not init" in lines[2]
    assert terminal.notices[-1] == "The plug is in set-up mode; its LED: amber and green in turn."
    shown = terminal.config()
    assert not shown["[meross]dev.cfg.Key"] and shown["[STA]Ssid"] == "MTK_SOFT_AP"
    assert shown["[meross]dev.cfg.ResetCount"] == "0"


def test_an_led_stays_as_it_was_set_until_the_state_changes() -> None:
    terminal = Terminal()
    terminal.type("meross led green quick")
    assert terminal.notices == ["The plug is in set-up mode; its LED: flashing green quickly."]
    terminal.type(f"meross switch {UUID} on")
    assert terminal.notices[-1].endswith("its LED: amber and green in turn.")


def test_an_update_is_downloaded_and_started() -> None:
    terminal = Terminal(download=b"MMM\x01 version=2.1.17 " + bytes(64))
    assert terminal.type("meross iot upgrade http://10.0.0.1/a.bin", 8.0)[0] == "upgrade url:http://10.0.0.1/a.bin"
    assert "fw version:2.1.17" in terminal.type("meross fw")
    refused = Terminal()
    refused.type("meross iot upgrade http://10.0.0.1/a.bin", 8.0)
    assert "fw version:2.1.7" in refused.type("meross fw")


def test_the_relay_is_tested_so_often_and_ctrl_c_ends_it() -> None:
    terminal = Terminal()
    onoff = []
    terminal.type("meross test relay 3 1", 0.0)
    for _ in range(8):
        onoff.append(terminal.device.plug.settings.onoff)
        terminal.wait(0.5)
    assert onoff == [1, 0, 1, 0, 1, 0, 0, 0]
    terminal.type("meross test relay 1000 1", 1.0)
    terminal.send(b"\x03")
    state = terminal.device.plug.settings.onoff
    for _ in range(3):
        terminal.wait(0.5)
        assert terminal.device.plug.settings.onoff == state


def test_its_messages_are_printed_while_that_is_asked_for() -> None:
    terminal = Terminal(**BOUND)
    assert terminal.type("meross iot log on") == ["mrs_protocol_set_log:protocol package dump 0"]
    before = len(terminal.seen)
    terminal.ask(asked("System.All", signed_by=KEY))
    dumped = lines_of(terminal.seen[before:])
    assert [line.split("]: ")[1][:6] for line in dumped if "mrs_protocol_dump" in line] == ["recv {", "send {"]
    assert terminal.type("meross iot log off") == ["mrs_protocol_set_log:protocol package dump 1"]
    before = len(terminal.seen)
    terminal.ask(asked("System.All", signed_by=KEY))
    assert b"mrs_protocol_dump" not in terminal.seen[before:]


def test_values_live() -> None:
    terminal = Terminal()
    first = terminal.type("meross time")
    terminal.wait(65.0)
    second = terminal.type("meross time")
    assert first != second and second[-1] == "system uptime:0h1m11s"


# --- the line ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_every_end_of_a_line_counts_once(end: bytes) -> None:
    assert Terminal().send(b"ver" + end).count(b"$ ") == 1


def test_what_is_typed_is_echoed_and_can_be_corrected() -> None:
    terminal = Terminal()
    assert terminal.send(b"vax\x7f\x08er") == b"vax\b \b\b \ber"
    assert lines_of(terminal.send(b"\r"))[0].startswith("CM4")
    assert terminal.send(b"\x7f\x1b[A\x1bOB\x00\t") == b""
    assert lines_of(terminal.send(b"reb\x03ver\r"))[:2] == ["reb^C", "ver"]


def test_what_is_typed_while_the_board_starts_is_lost() -> None:
    terminal = Terminal()
    terminal.type("reboot", 0.1)
    terminal.send(b"ver\r")
    terminal.wait(3.0)
    assert b"CM4" not in terminal.seen


def test_a_first_client_sees_the_start_and_a_later_one_only_its_own_commands() -> None:
    terminal = Terminal()
    assert b"Leaving the BROM" in terminal.seen
    terminal.take(terminal.device.down(CONSOLE.name, "closed", terminal.now))
    before = len(terminal.seen)
    terminal.take(terminal.device.up(CONSOLE, terminal.now))
    terminal.wait(5.0)
    assert terminal.seen[before:] == b""


@pytest.mark.parametrize("unit", [b"a", b"\x00", b"\x7f", b"\x03", b"\x1b[", b"?\r", b"meross task\r", b"\xff\xfe"])
def test_hostile_bytes_cost_no_more_than_their_number_and_are_not_kept(unit: bytes) -> None:
    def calls(size: int) -> int:
        terminal, count = Terminal(), 0

        def called(frame: object, event: str, arg: object) -> None:
            nonlocal count
            count += event in ("call", "c_call")

        data = (unit * size)[:size]
        sys.setprofile(called)
        try:
            terminal.device.receive(data, terminal.now, CONSOLE.name)
        finally:
            sys.setprofile(None)
        assert terminal.device.stats()["held_bytes"] <= LONGEST_TYPED
        return count

    small, large = calls(2_000), calls(8_000)
    assert large < small * 4 * 1.5 + 500


def test_ten_megabytes_without_the_end_of_a_line_are_lost_and_the_shell_goes_on() -> None:
    terminal = Terminal()
    for _ in range(160):
        terminal.send(b"x" * 65_536)
    assert len(terminal.seen) < 10_000
    assert terminal.type("")[-1:] == ["command not found"]
    assert terminal.type("ver")[0].startswith("CM4")


def test_more_output_than_the_line_can_carry_is_not_made() -> None:
    terminal = Terminal()
    printed = len(terminal.send(b"config show\r" * 10_000))
    assert printed < 500_000
    terminal.wait(60.0)
    assert terminal.type("ver")[0].startswith("CM4")


# --- faults -----------------------------------------------------------------------------------------


def test_the_faults_are_these() -> None:
    """Each has its test below."""
    assert set(CONSOLE_FAULTS) == {
        *(
            "interleaves-log",
            "cuts-lines",
            "sends-noise",
            "uses-wrong-baud",
            "echoes-nothing",
            "sends-nothing",
            "restarts-while-answering",
        ),
    }


def test_interleaved_lines_are_whole_and_stand_in_the_answer() -> None:
    usual, disturbed = Terminal().type("meross task"), Terminal("interleaves-log").type("meross task")
    assert [line for line in disturbed if "beacon lost" not in line and not line.startswith("cmd id")] == usual
    assert len(disturbed) > len(usual) + 6


def test_cut_lines_lose_their_end() -> None:
    usual, cut = Terminal().type("ip") + Terminal().type("meross hw"), Terminal("cuts-lines").type("config show")
    assert sum("[T wifi C: erro" in line for line in cut) > 5
    assert len(cut) == len(Terminal().type("config show")) and usual


def test_noise_stands_between_the_lines() -> None:
    terminal = Terminal("sends-noise")
    before = len(terminal.seen)
    terminal.type("config show")
    assert any(byte >= 0x80 for byte in terminal.seen[before:])
    assert b"[common]OpMode: 1\r\n" in terminal.seen


def test_at_a_wrong_baud_rate_neither_end_understands_the_other() -> None:
    terminal = Terminal("uses-wrong-baud")
    assert terminal.seen and b"BROM" not in terminal.seen
    terminal.type("ver")
    assert b"CM4" not in terminal.seen
    terminal.device.submit(WireAction("set_fault", {"name": "uses-wrong-baud", "state": "off"}), terminal.now)
    assert terminal.type("ver")[0].startswith("CM4")


def test_without_an_echo_there_is_only_the_answer() -> None:
    assert Terminal("echoes-nothing").send(b"ver\r").startswith(b"CM4")


def test_a_silent_console_sends_nothing() -> None:
    terminal = Terminal("sends-nothing")
    terminal.type("ver")
    assert terminal.seen == b""


def test_a_board_that_reboots_does_so_in_the_middle_of_an_answer() -> None:
    terminal = Terminal("restarts-while-answering")
    for _ in range(4):
        terminal.type("meross mem")
    lines = terminal.type("meross task", 5.0)
    assert lines[7] == "mrs_timer B 4 800 13" and lines[8].startswith("F1: ")
    assert "Last reset reason:HAL_WDT_TIMEOUT_RESET" in lines


@given(st.binary(max_size=60))
@settings(max_examples=50, deadline=None)
def test_another_baud_rate_turns_bytes_into_no_more_than_twice_as_many(data: bytes) -> None:
    assert len(at_half_rate(data)) <= max(len(data), 1)
    assert len(at_double_rate(data)) <= 2 * len(data) + 1


def test_what_another_baud_rate_makes_of_a_byte() -> None:
    # 0x55 alternates; at half of the rate each second level is seen: all 0, then the line is idle.
    assert at_half_rate(b"\x55") == b"\xf0"
    # Twice as fast, its start bit alone is the start bit and the lowest bit, …
    assert at_double_rate(b"\xff") == b"\xfe"


# --- both ends --------------------------------------------------------------------------------------


@pytest.mark.parametrize("faults", [(), ("interleaves-log",), ("echoes-nothing",), ("sends-noise",)], ids=str)
def test_the_controller_reads_and_switches_it(faults: tuple[str, ...]) -> None:
    device = ConsoleDevice(PlugOptions(uuid=UUID, dialect="hw2.1.7", faults=frozenset(faults)), ambient(2))
    pair = Pair(ConsoleSession(ConsoleSettings(), ambient(1)), device, chunk=7)
    pair.run(until=10.0)
    settled: dict[str, Settled] = {}
    for command in ("meross mem", "meross iot status", "ip", f"meross switch {UUID} on", "config show"):
        ticket = pair.submit(WireAction("console", {"command": command}))
        pair.run(until=pair.now + 15.0)
        (settled[command],) = [one for one in pair.of("controller", Settled) if one.ticket == ticket]
    assert {one.result for one in settled.values()} == {"confirmed"}
    if "sends-noise" not in faults:
        assert (settled["meross mem"].answer or {})["total"] == 184_320
    assert device.plug.settings.onoff == 1
