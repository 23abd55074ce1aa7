"""Meross for the rest of the hub: names and passwords over the broker, captures, secrets, profile, days."""

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from families.meross.canned_device import CannedDevice, answers_of
from families.meross.day_story import profile
from families.meross.meross_pair import (
    BROKER,
    HTTP,
    KEY,
    SERVED,
    UUID,
    controller,
    measures,
    over_broker,
    over_http,
    plug,
    reported,
)
from pair import START_UNIX, Pair, ambient
from unclouded.app.recording.capture_replay import CaptureReplay
from unclouded.core.family import Piece, SimOptions
from unclouded.core.model import Notice
from unclouded.core.sessions.session import (
    Asked,
    LinkPath,
    Noticed,
    Offline,
    Online,
    Refusal,
    Rejected,
    Reported,
    WireCommand,
)
from unclouded.families.meross import (
    FAMILY,
    MerossController,
    MerossDevice,
    client_id_for,
    identify_client,
    mac_of,
    password_for,
    simulated_uuid,
)
from unclouded.families.meross.wire.envelope import request
from unclouded.hub.energy.ledger import DeviceEnergy
from unclouded.hub.readings.interpret import Interpreter
from unclouded.recording.tap import Recorder
from unclouded.sim.measure import Gauge


def message(method: str, namespace: str, payload: object) -> bytes:
    body = json.dumps(payload).encode()
    return request(method, f"Appliance.{namespace}", body, message_id="ab", key=KEY, timestamp=5, from_="/x")


# --- over the broker ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mac", "key", "user", "password"),
    [
        ("34:29:8f:ff:ff:ff", "testkey", "1234", "1234_5ac868a81f2f21b4a87f7d2bb3467cb5"),
        ("00:11:22:33:44:55", "pippo", "7", "7_26dc2d8697c699d50fa61f6db4462a39"),
        ("34298FFFFFFF", "testkey", "1234", "1234_5ac868a81f2f21b4a87f7d2bb3467cb5"),
    ],
)
def test_published_passwords(mac: str, key: str, user: str, password: str) -> None:
    assert password_for(mac, key, user) == password


def test_a_plug_is_known_by_its_client_id_mac_and_password() -> None:
    client, mac = client_id_for(UUID, bytes(8)), mac_of(UUID)
    assert identify_client(client, mac, password_for(mac, KEY), KEY) == UUID
    assert identify_client(client, mac.upper(), password_for(mac, KEY, ""), KEY) == UUID
    assert identify_client(client, mac, password_for(mac, KEY, "98_7"), KEY) == UUID


def test_an_early_uuid_with_an_h_in_the_middle_is_one_too() -> None:
    uuid = "19011804581223251h0434298f1a4b07"
    mac = mac_of(uuid)
    assert identify_client(client_id_for(uuid, bytes(8)), mac, password_for(mac, KEY), KEY) == uuid


@pytest.mark.parametrize(
    ("client", "user", "password", "reason"),
    [
        ("mosqsub/1", "x", "y", "client id is not that of a Meross plug"),
        (client_id_for(UUID, bytes(8)), "someone", "y", "user name is not a MAC address"),
        (client_id_for(UUID, bytes(8)), "02:00:00:00:00:02", "y", "not the one in its UUID"),
        (client_id_for(UUID, bytes(8)), mac_of(UUID), password_for(mac_of(UUID), "old"), "Bind the plug again"),
        (client_id_for(UUID, bytes(8)), mac_of(UUID), "", "made with another key"),
    ],
)
def test_a_client_that_is_refused_gets_the_reason(client: str, user: str, password: str, reason: str) -> None:
    answer = identify_client(client, user, password, KEY)
    assert isinstance(answer, Refusal) and reason in answer.reason and KEY not in answer.reason


def test_simulated_plugs_have_addresses_that_no_maker_gives() -> None:
    uuids = {simulated_uuid(seed) for seed in range(50)}
    assert len(uuids) == 50 and all(len(uuid) == 32 and mac_of(uuid).startswith("02:") for uuid in uuids)


# --- captures -----------------------------------------------------------------------------------------

ONE = message("GETACK", "Control.Electricity", {"electricity": {"current": 1, "voltage": 2, "power": 3}})
TWO = message("SET", "Control.Multiple", {"multiple": [{"header": {"method": "GET", "namespace": "x"}, "payload": {}}]})
STREAMS = [ONE, TWO, b"\n", b"noise", ONE[:100], b'"{', b'"}', b"{}"]


def pieces(chunks: list[bytes]) -> list[Piece]:
    decoder = FAMILY.decoder(None)
    return [piece for chunk in chunks for piece in decoder.feed(chunk)] + list(decoder.close())


def test_messages_one_after_the_other_and_what_is_between_them() -> None:
    found = pieces([ONE + b"\n" + TWO + b"xyz" + ONE[:60] + TWO])
    assert [(piece.kind, piece.reason) for piece in found] == [
        ("frame", ""),
        ("frame", ""),
        ("noise", "no JSON"),
        ("noise", "cut off"),
        ("frame", ""),
    ]
    assert [(piece.sender, piece.command) for piece in found[:2]] == [
        ("device", "Appliance.Control.Electricity"),
        ("controller", "Appliance.Control.Multiple"),
    ]
    assert found[0].name == "GETACK electricity" and found[0].message is not None
    assert found[0].message["payload"] == {"electricity": {"current": 1, "voltage": 2, "power": 3}}


@given(
    st.lists(st.sampled_from(STREAMS) | st.binary(max_size=20), max_size=6), st.lists(st.integers(0, 900), max_size=8)
)
@settings(max_examples=150, deadline=None)
def test_pieces_add_up_to_the_input_and_frames_do_not_depend_on_the_chunks(parts: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(parts)
    borders = sorted(cut for cut in cuts if cut < len(stream))
    chunks = [stream[a:b] for a, b in zip([0, *borders], [*borders, len(stream)], strict=True)]
    found = pieces(chunks)
    assert b"".join(piece.data for piece in found) == stream
    offset = 0
    for piece in found:
        assert piece.offset == offset
        offset += len(piece.data)
    frames = [[(p.offset, p.data) for p in some if p.kind == "frame"] for some in (found, pieces([stream]))]
    assert frames[0] == frames[1]


@pytest.mark.parametrize(
    "payload",
    [
        {"key": {"gateway": {"host": "h"}, "key": "topsecret1", "userId": "0"}},
        {"wifi": {"ssid": "topsecret2", "password": "topsecret3"}},
        {"wifi": {"ssid": 'top"secret\\', "password": "topsecret"}},
    ],
)
@pytest.mark.parametrize("namespace", ["Config.Key", "Config.Wifi", "Config.WifiX", "Other.Thing"])
def test_secrets_are_blanked_and_lengths_stay(namespace: str, payload: object) -> None:
    data = message("SET", namespace, payload)
    hidden = FAMILY.redact("controller", data)
    assert len(hidden) == len(data) and b"secret" not in hidden
    assert json.loads(hidden)["header"] == {**json.loads(data)["header"], "sign": STARS}
    for cut in range(1, len(data)):
        assert b"secret" not in FAMILY.redact(None, data[cut:]) and b"secret" not in FAMILY.redact(None, data[:cut])
    (piece,) = pieces([data])
    assert "secret" not in str(piece.message)


@pytest.mark.parametrize(
    ("namespace", "payload", "hidden"),
    [
        ("x.y", '{"password":{"a":"secret","b":[1234,true,"secret",{"c":17}]},"d":"open"}', 5),
        ("x.y", '{"a":[{"psk":"secret","token":["secret"],"passwd":12.5}],"d":{"keys":"open"}}', 3),
        ("x.y", '{"p\\u0061ssword":"secret","d":"open","e":{"PMK" : "secret"}}', 2),
        ("appliance.config.WIFI", '{"wifi":{"x":"secret","y":{"z":1}}}', 2),
    ],
)
def test_nested_values_of_secrets_are_blanked_and_others_are_not(namespace: str, payload: str, hidden: int) -> None:
    data = request("SET", namespace, payload.encode(), message_id="a" * 32, key=KEY, timestamp=1, from_="/x")
    blanked = FAMILY.redact(None, data)
    assert len(blanked) == len(data) and b"secret" not in blanked and blanked.count(b"open") == payload.count("open")
    old, new = (json.loads(one)["payload"] for one in (data, blanked))
    assert sum(a != b for a, b in zip(leaves(old), leaves(new), strict=True)) == hidden


def leaves(value: object) -> list[object]:
    """The values inside lists and objects, in order."""
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in leaves(inner)]
    return [value]


def test_what_is_no_secret_stays() -> None:
    for data in (ONE, TWO):
        assert FAMILY.redact(None, data) == data.replace(sign_of(data), STARS.encode())
        assert FAMILY.redact(None, FAMILY.redact(None, data)) == FAMILY.redact(None, data)


STARS = "*" * 32


def sign_of(data: bytes) -> bytes:
    return str(json.loads(data.decode("utf-8", "replace"))["header"]["sign"]).encode()


INNER = {"header": {"method": "GET", "namespace": "x", "sign": sign_of(ONE).decode()}, "payload": {}}


@pytest.mark.parametrize(
    "data",
    [
        ONE,
        b"\r\n" + ONE.replace(b'"sign":', b'"Sign" :\t"' + sign_of(ONE) + b'", "sign" : '),
        ONE.replace(b'"sign"', b'"s\\u0069gn"'),
        ONE.replace(b'{"electricity"', b'{"\xff":1,"electricity"'),
        ONE.replace(sign_of(ONE), sign_of(ONE).upper()),
        message("SET", "Control.Multiple", {"multiple": [INNER]}),
    ],
)
def test_a_signature_is_a_secret_since_weak_keys_can_be_guessed_from_it(data: bytes) -> None:
    sign = sign_of(ONE)
    assert sign in data.lower()
    hidden = FAMILY.redact("device", data)
    assert len(hidden) == len(data) and sign not in hidden.lower() and sign_of(hidden) == STARS.encode()
    assert [one.kind for one in pieces([hidden])] == ["frame"], "it stays a message"
    (piece,) = pieces([data])
    assert sign.decode() not in str(piece.message).lower() and STARS in str(piece.message)
    for cut in range(1, len(data)):
        assert sign not in FAMILY.redact(None, data[cut:]).lower()
        assert sign not in FAMILY.redact(None, data[:cut]).lower()


def recorded(pair: Pair, path: Path) -> Path:
    """What the pair sent, as a tap writes it."""
    recorder = Recorder(path, FAMILY, START_UNIX)
    for at, side, data in pair.sent:
        recorder.feed(START_UNIX + at, "device" if side == "device" else "controller", data, "http")
    recorder.close()
    return path


@pytest.mark.parametrize("join", [over_http, over_broker])
def test_a_capture_without_signatures_is_replayed_to_the_readings_that_it_was_recorded_with(
    join: Callable[[MerossController, MerossDevice], Pair], tmp_path: Path
) -> None:
    one, other = controller(), plug()
    other.submit(measures(), 0.0)
    pair = join(one, other)
    pair.run(until=20.0)
    pair.submit(WireCommand({"onoff": True}))
    pair.run(until=45.0)
    path = recorded(pair, tmp_path / "plug.jsonl")
    signs = [sign_of(data).decode() for data in pair.sent_by("device") if data]
    assert signs and not any(sign in path.read_text() for sign in signs)
    with path.open("rb") as lines:
        values = {one.point: one.value for one in CaptureReplay(lines, None, "kettle").readings()}
    values.pop("energy_import_Wh", None)
    assert values == {
        "on": True,
        "power_W": 67.379,
        "voltage_V": 238.7,
        "current_A": 0.418,
        "signal_percent": reported(pair)["runtime.signal"],
        "energy_today_Wh": reported(pair)["consumption.today"],
        "led": True,
    }


def test_the_replay_of_a_device_that_lacks_something_says_what_is_supported(tmp_path: Path) -> None:
    pair = Pair(controller(), CannedDevice(answers_of("mrs100")), path=HTTP, device_path=SERVED)
    pair.run(until=20.0)
    with recorded(pair, tmp_path / "shutter.jsonl").open("rb") as lines:
        notices = [one for one in CaptureReplay(lines, None, "shutter").facts() if isinstance(one, Notice)]
    assert [(one.kind, "Of this mrs100 is supported" in one.words) for one in notices] == [("unsupported", True)]


@pytest.mark.parametrize("path", ["", "http"])
def test_a_recorded_plug_is_online_when_it_identifies_itself_and_gets_no_request(path: str) -> None:
    pair = over_http(controller(), plug())
    pair.run(until=1.0)
    listener = controller(seed=9)
    listener.up(LinkPath(name=path, recorded=True), 0.0)
    sent = [FAMILY.redact(None, data) for data in pair.sent_by("device") if data]
    events = [event for data in sent for event in listener.receive(data, 0.0, path)]
    assert Online() in events and not any(isinstance(event, Rejected | Asked) for event in events)
    for now in range(600):
        assert not listener.outgoing(float(now)) and not any(isinstance(e, Offline) for e in listener.tick(float(now)))


def test_an_error_in_a_recording_is_reported_and_breaks_nothing() -> None:
    listener = controller()
    listener.up(LinkPath(recorded=True), 0.0)
    data = message("ERROR", "Control.ToggleX", {"error": {"code": 5000}})
    (event,) = listener.receive(FAMILY.redact(None, data), 0.0)
    assert event == Noticed("refused", "The plug refuses Appliance.Control.ToggleX with error 5000.")


@pytest.mark.parametrize("method", ["PUSH", "GETACK"])
def test_a_blanked_signature_is_believed_of_no_living_plug(method: str) -> None:
    for path in (BROKER, HTTP):
        live = controller()
        live.up(path, 0.0)
        data = message(method, "Control.ToggleX", {"togglex": [{"channel": 0, "onoff": 1}]})
        (event,) = live.receive(FAMILY.redact(None, data), 0.0, path.name)
        assert isinstance(event, Rejected)


def test_a_bad_message_is_handed_on_without_its_secrets() -> None:
    device = plug()
    device.up(SERVED, 0.0)
    data = message("SET", "Config.Key", {"key": {"key": "topsecret1", "gateway": {"host": "h"}}})
    (rejected,) = device.receive(data[:-9], 0.0, "http", 1)
    assert isinstance(rejected, Rejected) and b"secret" not in rejected.data


# --- the profile and the simulated world ----------------------------------------------------------------


def test_the_profile_gives_units() -> None:
    reader = Interpreter("kettle", profile(), DeviceEnergy("x", {}))
    counts = {"onoff": True, "electricity.power": 67_379, "electricity.voltage": 2387, "electricity.current": 418}
    values = {one.point: one.value for one in reader.readings(Reported({**counts, "runtime.signal": 86}), 1.0)}
    assert values == {"on": True, "power_W": 67.379, "voltage_V": 238.7, "current_A": 0.418, "signal_percent": 86}
    assert reader.command("on", "off").values == {"onoff": False}


def test_the_simulated_kind_takes_what_the_world_measures() -> None:
    kind = FAMILY.sim_kinds["mss310"]
    quantities: dict[str, bool | Fraction] = {
        "on": True,
        "power_W": Fraction(2000),
        "voltage_V": Fraction(230),
        "current_A": Fraction(87, 10),
    }
    device = kind.make(SimOptions(seed=3), ambient(memory={"key": KEY.encode()}))
    device.up(SERVED, 0.0)
    device.submit(Gauge(profile()).measure({**quantities, "energy_today_Wh": Fraction(55, 2)}), 0.0)
    ask = request("GET", "Appliance.Control.Electricity", b"{}", message_id="a", key=KEY, timestamp=1, from_="/x")
    device.receive(ask, 0.0, "http", 1)
    (out,) = device.outgoing(0.0)
    values = json.loads(out.data)["payload"]["electricity"]
    assert (values["power"], values["voltage"], values["current"]) == (2_000_000, 2300, 8700)


def test_the_kettle_is_measured_like_any_plug() -> None:
    device = plug()
    device.up(SERVED, 0.0)
    device.submit(measures(wh=12.9), 0.0)
    assert [day.value for day in device.plug.energy.days] == [13]
