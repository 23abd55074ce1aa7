"""The simulated MSS310 from its access point to a server that has bound it, and every way back."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from families.meross.meross_pair import BROKER, UUID
from families.meross.plug_in_lan import PlugInLan
from pair import START_UNIX
from unclouded.families.meross.plug.network_state import SERVER_TIMEOUT_S
from unclouded.families.meross.plug.state.dialects import DIALECTS
from unclouded.families.meross.plug.state.wifi_networks import AirNetwork
from unclouded.families.meross.wire.discovery import read_answer
from unclouded.families.meross.wire.envelope import verify
from unclouded.families.meross.wire.identity import mac_of
from unclouded.families.meross.wire.lan_encryption import KeyExchange, bound_cipher, session_cipher, wifi_password

KEY = "0123456789abcdef0123456789abcdef"
SERVER = {"host": "192.168.1.2", "port": 8883, "secondHost": "192.168.1.2", "secondPort": "8883", "redirect": 1}


def base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def key_config(**config: Any) -> dict[str, Any]:
    """The payload of Config.Key, whose only key is a name of an argument of ``ask``."""
    return {"key": config}


def set_key(plug: PlugInLan, key: str = "", **changes: object) -> None:
    gateway = {**SERVER, **changes}
    answer = plug.ask("Config.Key", "SET", key, **key_config(gateway=gateway, key=KEY, userId="7"))
    assert answer is not None and answer.header.method == "SETACK"


def set_wifi(plug: PlugInLan, ssid: str = "unclouded", password: str = "simulated", **more: object) -> None:
    wifi = {"ssid": base64(ssid), "password": base64(password), **more}
    answer = plug.ask("Config.Wifi", "SET", wifi=wifi)
    assert answer is not None and answer.header.method == "SETACK"


def set_up(plug: PlugInLan, wait: float = 20.0) -> PlugInLan:
    set_key(plug)
    set_wifi(plug)
    plug.run(wait)
    return plug


def trace(plug: PlugInLan) -> tuple[int, str]:
    found = plug.value("Config.Trace", "trace")
    assert isinstance(found, dict)
    return found["code"], found["info"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_plug_out_of_the_box_is_set_up_and_bound(dialect: str) -> None:
    plug = PlugInLan(dialect=dialect)
    assert (plug.phase, plug.led) == ("in set-up mode", "amber and green in turn")
    system = plug.value("System.All", "all")
    assert isinstance(system, dict) and system["system"]["hardware"]["uuid"] == UUID
    assert system["system"]["firmware"]["server"] == "" and system["system"]["online"]["status"] == 0
    assert system["system"]["time"]["timestamp"] < 100, "it has no time"
    rules = [[0, 3600, 0]]
    time = {"timestamp": int(START_UNIX), "timezone": "Europe/Berlin", "timeRule": rules}
    assert plug.ask("System.Time", "SET", time=time) is not None
    set_key(plug)
    set_wifi(plug)
    plug.run(1.0)
    assert plug.phase == "in set-up mode", "the acknowledgement goes before the restart"
    plug.run(2.0)
    assert plug.ask("System.All", signed=KEY) is None, "it restarts, and cannot be reached"
    plug.run(10.0)
    assert (plug.phase, plug.led) == ("bound", "off")
    (last,) = plug.servers[-1:]
    assert (last.host, last.port, last.key, last.user_id) == ("192.168.1.2", 8883, KEY, "7")
    assert KEY not in repr(last) and KEY not in repr(plug.device.plug.settings)
    (bind,) = plug.pushes("Control.Bind")
    assert bind["bind"]["time"]["timezone"] == "Europe/Berlin"  # type: ignore[index]
    assert plug.states == [
        "The plug is restarting; its LED: off.",
        "The plug is joining the Wi-Fi; its LED: flashing green.",
        "The plug is connecting; its LED: flashing green.",
        "The plug is bound; its LED: off.",
    ]
    plug.device.answer(0, True, plug.now)
    plug.measure(onoff=True)
    assert plug.led == "green" and len(plug.pushes("Control.ToggleX") + plug.pushes("Control.Toggle")) == 1


def test_in_set_up_mode_no_signature_is_checked_and_its_own_is_made_without_a_key() -> None:
    plug = PlugInLan()
    for key in ("", "anything"):
        answer = plug.ask("System.All", signed=key)
        assert answer is not None and verify(answer.header, "")
    set_up(plug)
    refused, answered = plug.ask("System.All", signed="anything"), plug.ask("System.All", signed=KEY)
    assert refused is not None and refused.header.method == "ERROR"
    assert answered is not None and verify(answered.header, KEY)


def test_a_scan_takes_its_time_and_shows_what_the_plug_can_receive() -> None:
    plug = PlugInLan()
    began = plug.now
    networks = plug.value("Config.WifiList", "wifiList")
    assert isinstance(networks, list)
    assert plug.now - began >= 2.0
    assert {one["ssid"]: one["encryption"] for one in networks} == {
        base64("unclouded"): 6,
        base64("neighbours"): 6,
        base64("guests"): 0,
    }, "a network of 5 GHz is not among them"
    assert all(set(one) == {"ssid", "bssid", "signal", "channel", "encryption", "cipher"} for one in networks)
    assert "-" in networks[0]["bssid"]
    newer = PlugInLan(dialect="hw6").value("Config.WifiList", "wifiList")
    assert isinstance(newer, list) and ":" in newer[0]["bssid"]


def test_a_scan_may_take_forty_seconds_and_may_show_nothing_at_first() -> None:
    plug = PlugInLan("scans-slowly", "misses-first-scan")
    assert plug.value("Config.WifiList", "wifiList") == []
    assert plug.now >= 40.0
    assert plug.value("Config.WifiList", "wifiList") != []


@pytest.mark.parametrize(
    ("ssid", "password", "code"),
    [
        ("unclouded", "wrong password", (2, "password error")),
        ("unclouded", "", (2, "password error")),
        ("nowhere", "simulated", (1, "ssid not found")),
        ("unclouded-5G", "simulated", (1, "ssid not found")),
        ("no dhcp", "simulated", (3, "dhcp timeout")),
    ],
)
def test_a_wifi_that_it_cannot_join_brings_it_back_with_a_record(
    ssid: str, password: str, code: tuple[int, str]
) -> None:
    networks = (AirNetwork(ssid="no dhcp", password="simulated", dhcp=False),)
    plug = PlugInLan(networks=PlugInLan().options.networks + networks)
    assert trace(plug) == (0, "")
    set_key(plug)
    set_wifi(plug, ssid, password)
    plug.run(30.0)
    assert (plug.phase, plug.led) == ("in set-up mode", "amber and green in turn")
    assert trace(plug) == code
    assert not any(one.connect for one in plug.servers)
    set_up(plug)
    assert plug.phase == "bound" and plug.device.plug.settings.trace.code == 0


def test_a_plug_that_needs_all_fields_joins_only_with_them() -> None:
    plug = PlugInLan("needs-all-wifi-fields")
    set_up(plug, 30.0)
    assert trace(plug) == (8, "wifi parameter error")
    set_key(plug)
    set_wifi(plug, channel=6, bssid="02-00-00-00-00-01", encryption=6, cipher=3)
    plug.run(20.0)
    assert plug.phase == "bound"


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("192.168.1.2:8883 does not answer.", (4, "connect server failed")),
        ("The TLS handshake failed (no shared cipher).", (5, "tls handshake failed")),
    ],
)
def test_a_server_that_it_cannot_reach_brings_it_back_after_a_minute(reason: str, code: tuple[int, str]) -> None:
    plug = PlugInLan()
    plug.unreachable = reason
    set_up(plug, 30.0)
    assert (plug.phase, plug.led) == ("connecting", "flashing green")
    assert plug.ask("System.All", signed=KEY) is not None, "it is in the LAN meanwhile"
    plug.run(SERVER_TIMEOUT_S)
    assert plug.phase == "in set-up mode" and trace(plug) == code


def test_it_tries_its_two_servers_in_turn() -> None:
    plug = PlugInLan()
    plug.unreachable = "refused"
    set_key(plug, secondHost="192.168.1.3", secondPort=443)
    set_wifi(plug)
    plug.run(40.0)
    hosts = [one.host for one in plug.servers if one.connect]
    assert hosts[:4] == ["192.168.1.2", "192.168.1.3"] * 2
    plug.unreachable = ""
    plug.run(10.0)
    debug = plug.value("System.Debug", "debug", signed=KEY)
    assert isinstance(debug, dict) and plug.phase == "bound"
    assert debug["cloud"]["activeServer"] == plug.servers[-1].host
    assert (debug["cloud"]["secondServer"], debug["cloud"]["secondPort"]) == ("192.168.1.3", 443)


def test_after_a_restart_it_begins_with_its_first_server() -> None:
    plug = PlugInLan()
    plug.unreachable = "refused"
    set_key(plug, secondHost="192.168.1.3", secondPort=443)
    set_wifi(plug)
    plug.run(6.0)
    while plug.servers[-1].host != "192.168.1.3":
        plug.run(1.0)
    set_key(plug, KEY, host="10.0.0.5", secondHost="10.0.0.6")
    plug.run(5.0)
    assert plug.servers[-1].host == "10.0.0.5"


# --- its impatience ------------------------------------------------------------------------------------


def test_hardware_1_gives_up_after_ten_unanswered_clock_messages() -> None:
    plug = PlugInLan(dialect="hw1")
    plug.answers_clock = False
    set_up(plug, 60.0)
    assert len(plug.pushes("System.Clock")) == 10
    assert plug.phase == "in set-up mode" and trace(plug) == (7, "clock not set")


def test_unanswered_clock_messages_of_different_connections_are_not_added_up() -> None:
    plug = PlugInLan(dialect="hw1")
    plug.answers_clock = False
    set_up(plug, 17.0)
    assert 4 <= len(plug.pushes("System.Clock")) <= 8
    plug.lose_server()
    plug.take(plug.device.up(BROKER, plug.now))
    plug.run(14.0)
    assert len(plug.pushes("System.Clock")) > 10 and plug.phase == "connecting"


def test_in_set_up_mode_the_debug_report_is_that_of_a_console_without_a_network() -> None:
    plug = PlugInLan()
    for attempt in range(2):
        debug = plug.value("System.Debug", "debug")
        assert isinstance(debug, dict)
        network, cloud = debug["network"], debug["cloud"]
        assert (network["linkStatus"], network["ssid"], network["innerIp"]) == ("disconnect", "", "")
        assert network["gatewayMac"] == mac_of(UUID), "without a router it is the plug's own"
        assert (cloud["activeServer"], cloud["sysConnectTime"]) == ("", "N/A")
        if not attempt:
            assert (cloud["mainServer"], cloud["mainPort"], cloud["userId"]) == ("", 0, 0)
            set_key(plug)
            set_wifi(plug, password="wrong password")
            plug.run(30.0)


@pytest.mark.parametrize("dialect", ["hw2", "hw6", "hw6.3"])
def test_others_ask_for_the_time_as_long_as_it_takes(dialect: str) -> None:
    plug = PlugInLan(dialect=dialect)
    plug.answers_clock = False
    set_up(plug, 300.0)
    assert plug.phase == "connecting" and len(plug.pushes("System.Clock")) > 100
    plug.answers_clock = True
    plug.run(5.0)
    assert plug.phase == "bound"


def test_hardware_8_gives_up_45_seconds_after_its_bind() -> None:
    plug = PlugInLan(dialect="hw8")
    plug.acknowledges_bind = False
    set_up(plug, 45.0)
    assert plug.phase == "connecting" and len(plug.pushes("Control.Bind")) == 2
    plug.run(20.0)
    assert plug.phase == "in set-up mode" and trace(plug) == (6, "bind timeout")


def test_others_repeat_their_bind_for_ever() -> None:
    plug = PlugInLan()
    plug.acknowledges_bind = False
    set_up(plug, 400.0)
    assert (plug.phase, plug.led) == ("connecting", "flashing green")
    assert len(plug.pushes("Control.Bind")) >= 12
    plug.measure(onoff=True)
    assert plug.pushes("Control.ToggleX") == []


# --- once it is bound -----------------------------------------------------------------------------------


def test_a_plug_that_was_bound_once_waits_for_its_server_in_the_lan() -> None:
    plug = set_up(PlugInLan())
    plug.lose_server()
    plug.run(3600.0)
    assert plug.phase == "connecting" and plug.ask("System.All", signed=KEY) is not None
    plug.unreachable = ""
    plug.take(plug.device.up(plug.device._output.paths["http"], plug.now))
    assert plug.phase == "connecting"


def test_unbind_and_the_button_bring_it_back_to_set_up_mode() -> None:
    ways: tuple[Callable[[PlugInLan], object], ...] = (
        lambda plug: plug.ask("Control.Unbind", "PUSH", KEY),
        lambda plug: plug.act("hold_button"),
    )
    for leave in ways:
        plug = set_up(PlugInLan())
        leave(plug)
        assert plug.servers[-1].connect is False
        plug.run(10.0)
        assert (plug.phase, plug.led) == ("in set-up mode", "amber and green in turn")
        settings = plug.device.plug.settings
        assert (settings.key, settings.host, settings.ssid) == ("", "", "")
        assert trace(plug) == (0, "")
        set_up(plug)
        assert plug.phase == "bound"
    assert len(plug.pushes("Control.Unbind")) == 1, "held while it is bound, the button is reported"


def test_a_signature_with_another_key_unbinds_nothing() -> None:
    plug = set_up(PlugInLan())
    plug.ask("Control.Unbind", "PUSH", "guess")
    plug.run(10.0)
    assert plug.phase == "bound"


def test_a_bound_plug_takes_another_server_without_a_wifi_step() -> None:
    plug = set_up(PlugInLan())
    set_key(plug, KEY, host="10.0.0.5", port="443")
    plug.run(1.0)
    assert plug.phase == "bound", "the new server is used after a restart"
    plug.run(15.0)
    assert plug.phase == "bound" and (plug.servers[-1].host, plug.servers[-1].port) == ("10.0.0.5", 443)


@pytest.mark.parametrize("port", ["many", -1, 70_000, 1e400])
def test_a_server_with_an_invalid_port_is_not_taken(port: object) -> None:
    plug = PlugInLan()
    data = b'{"gateway":{"host":"h","port":%s},"key":"k"}' % msgspec.json.encode(port)
    payload: dict[str, Any] = {"key": msgspec.Raw(data)}
    assert plug.ask("Config.Key", "SET", **payload) is None
    assert plug.device.plug.settings.host == ""


@pytest.mark.parametrize(
    "changes", [{"key": "k" * 33}, {"userId": "1" * 5000}, {"gateway": {"host": "h" * 254, "port": 1}}]
)
def test_what_does_not_fit_into_its_memory_is_not_taken(changes: dict[str, object]) -> None:
    plug = PlugInLan(dialect="hw1")
    config = {"gateway": SERVER, "key": KEY, "userId": "0", **changes}
    assert plug.ask("Config.Key", "SET", **key_config(**config)) is None
    for ssid in ("", "x" * 33):
        assert plug.ask("Config.Wifi", "SET", wifi={"ssid": base64(ssid), "password": ""}) is None
    assert plug.device.plug.settings.host == "" and not plug.device.plug.settings.is_set_up


def test_a_server_that_cannot_be_reached_is_named_once() -> None:
    plug = PlugInLan()
    plug.unreachable = "192.168.1.2 refuses port 8883."
    set_up(plug, 40.0)
    assert plug.states.count("192.168.1.2 refuses port 8883.") == 1


def test_a_plug_that_is_switched_off_and_on_again_knows_its_server() -> None:
    plug = set_up(PlugInLan())
    again = PlugInLan(memory=plug.memory)
    again.run(5.0)
    assert again.phase == "bound" and again.servers[0].host == "192.168.1.2"
    before = set_up(PlugInLan(), 1.0)
    unset = PlugInLan(memory={key: value for key, value in before.memory.items() if key == "energy"})
    assert unset.phase == "in set-up mode"


@pytest.mark.parametrize("memory", [b"", b"{", b'{"port":"x"}', b"[" * 5000, b'{"timers":7}'])
def test_a_damaged_memory_is_that_of_a_new_plug(memory: bytes) -> None:
    plug = PlugInLan(memory={"settings": memory, "energy": memory})
    assert plug.phase == "in set-up mode" and plug.ask("System.All") is not None


# --- time ------------------------------------------------------------------------------------------------


def test_a_plug_without_a_time_server_counts_from_its_start() -> None:
    plug = PlugInLan("reaches-no-ntp")
    plug.answers_clock = False
    set_up(plug)
    time = plug.value("System.Time", "time", signed=KEY)
    assert isinstance(time, dict) and 0 <= time["timestamp"] < 60
    plug = set_up(PlugInLan())
    time = plug.value("System.Time", "time", signed=KEY)
    assert isinstance(time, dict) and abs(time["timestamp"] - START_UNIX - plug.now) <= 1


def test_a_plug_that_waits_for_ntp_reaches_no_server() -> None:
    plug = set_up(PlugInLan("waits-for-ntp"), 120.0)
    assert not any(one.connect for one in plug.servers)
    assert plug.phase == "in set-up mode" and trace(plug) == (7, "clock not set")


def test_zeros_are_measured_while_the_clock_or_the_zone_is_not_set() -> None:
    plug = set_up(PlugInLan("measures-zero-without-clock"))
    plug.measure(electricity_power=5000)
    found = plug.value("Control.Electricity", "electricity", signed=KEY)
    assert isinstance(found, dict) and found["power"] == 0
    time = {"timestamp": int(START_UNIX + plug.now), "timezone": "Europe/Berlin", "timeRule": []}
    plug.ask("System.Time", "SET", KEY, time=time)
    found = plug.value("Control.Electricity", "electricity", signed=KEY)
    assert isinstance(found, dict) and found["power"] == 5000


# --- encryption ---------------------------------------------------------------------------------------------


def test_the_newest_dialect_is_set_up_with_a_key_exchange_and_encrypts_afterwards() -> None:
    plug = PlugInLan(dialect="hw8")
    own = KeyExchange(bytes(range(40)))
    answer = plug.ask("Encrypt.ECDHE", "SET", ecdhe={"step": 1, "pubkey": own.pubkey})
    assert answer is not None
    theirs = msgspec.json.decode(answer.payload)["ecdhe"]
    assert theirs["step"] == 2
    session = session_cipher(own.shared_secret(theirs["pubkey"]))
    sealed = plug.ask("System.All", seal=session)
    assert sealed is not None and sealed.header.method == "GETACK"
    assert plug.ask("System.All") is not None, "clear text is answered, too, in set-up mode"
    gateway = key_config(gateway=SERVER, key=KEY, userId="0")
    assert plug.ask("Config.Key", "SET", seal=session, **gateway) is not None
    secret = wifi_password(b"simulated", "mss310", UUID, mac_of(UUID))
    wifi = {"ssid": base64("unclouded"), "password": secret}
    assert plug.ask("Config.WifiX", "SET", seal=session, wifi=wifi) is not None
    plug.run(20.0)
    assert plug.phase == "bound"
    assert plug.ask("System.All", signed=KEY) is None, "it closes on clear text"
    assert plug.ask("System.Ability", signed=KEY) is not None, "except for its abilities"
    bound = plug.ask("System.All", signed=KEY, seal=bound_cipher(UUID, KEY))
    assert bound is not None and verify(bound.header, KEY)
    assert not plug.send(bound_cipher(UUID, "another key").encrypt(plug.message("System.All", signed=KEY)))


def test_a_restart_ends_the_session_of_a_key_exchange() -> None:
    plug = PlugInLan(dialect="hw8")
    own = KeyExchange(bytes(range(40)))
    answer = plug.ask("Encrypt.ECDHE", "SET", ecdhe={"step": 1, "pubkey": own.pubkey})
    assert answer is not None
    session = session_cipher(own.shared_secret(msgspec.json.decode(answer.payload)["ecdhe"]["pubkey"]))
    assert plug.ask("System.All", seal=session) is not None
    set_wifi(plug, password="wrong password")
    plug.run(30.0)
    assert plug.phase == "in set-up mode" and plug.ask("System.All", seal=session) is None
    assert plug.ask("System.All") is not None


def test_an_encrypted_wifi_password_is_taken_only_where_wifix_is_listed() -> None:
    secret = wifi_password(b"simulated", "mss310", UUID, mac_of(UUID))
    for dialect, taken in (("hw2", False), ("hw6.3", True), ("hw8", True)):
        plug = PlugInLan(dialect=dialect)
        answer = plug.ask("Config.WifiX", "SET", wifi={"ssid": base64("unclouded"), "password": secret})
        assert (answer is not None) is taken
    assert PlugInLan(dialect="hw8").ask("Config.WifiX", "SET", wifi={"ssid": "dQ==", "password": "?"}) is None


@pytest.mark.parametrize("pubkey", ["", "BA==", "x" * 9000, "BHzyexiNA09+ilI4AwS1GsPAiWnid/IbNaYLSPxHZpl4"])
def test_a_key_exchange_with_an_invalid_point_is_closed(pubkey: str) -> None:
    plug = PlugInLan(dialect="hw8")
    assert plug.ask("Encrypt.ECDHE", "SET", ecdhe={"step": 1, "pubkey": pubkey}) is None
    assert plug.ask("System.All") is not None


# --- discovery ---------------------------------------------------------------------------------------------


def test_a_plug_in_the_network_answers_the_discovery_and_one_in_set_up_mode_does_not() -> None:
    plug = PlugInLan(http_host="127.0.0.9", http_port=8080)
    assert plug.discover() == b""
    set_up(plug)
    found = read_answer(plug.discover())
    assert (found.uuid, found.mac, found.ip, found.port) == (UUID, mac_of(UUID), "127.0.0.9", 8080)
    assert (found.device_type, found.dev_hard_ware, found.dev_soft_ware) == ("mss310", "2.0.0", "2.1.17")
    assert plug.send(b"hello", path="discovery") == b""
