"""The recent frames of a wire as clients see them: conversations of every family, cut and chunked in any way."""

import json
import random
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from families.emporia import emporia_pair
from families.emporia.emporia_examples import CODE
from families.meross import meross_pair
from links.text_line_family import LINES
from pair import Pair, ambient
from unclouded import families
from unclouded.app.protocols import settings_of
from unclouded.core.family import MASKED, Family
from unclouded.core.frame_part import leaves
from unclouded.core.model import NamedValue, WireEntry
from unclouded.core.sessions.recent_chunks import RecentChunks
from unclouded.core.sessions.session import WireCommand
from unclouded.families.emporia.frame import EmporiaFrame
from unclouded.families.meross.wire.envelope import request
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.wifi.mcu.mcu import McuOptions, wifi_mcu
from unclouded.families.tuya.wifi.module.module import WifiSettings, wifi_module
from unclouded.families.tuya.zigbee_module.framing import SequencedFrame
from unclouded.hub.readings.naming import ValueNames
from unclouded.hub.readings.recent_frames import PAUSE_S, RecordedWire
from unclouded.profiles import ProfileLibrary

NOON = 1_795_262_400.0
EVER = 1_000

Sent = tuple[float, str, bytes]


def wire(family: Family, chunks: RecentChunks, channel: str = "") -> RecordedWire:
    return RecordedWire(chunks=chunks, family=family, wall=lambda now: NOON + now, channel=channel)


def recorded(sent: Sequence[Sent], chunks: RecentChunks | None = None, path: str = "") -> RecentChunks:
    chunks = chunks or RecentChunks()
    for at, side, data in sent:
        chunks.put((at, side == "controller", path, data))
    return chunks


def entries_of(family: Family, sent: Sequence[Sent], now: float = 0.0, limit: int = EVER) -> list[WireEntry]:
    return wire(family, recorded(sent)).entries(limit, now)


def shown_bytes(entry: WireEntry) -> bytes:
    """With NUL where a byte is hidden."""
    return bytes.fromhex(entry.hex.replace(MASKED, "00"))


def device(*data: bytes) -> list[Sent]:
    return [(0.0, "device", one) for one in data]


# --- every family -----------------------------------------------------------------------------------


def tuya_conversation() -> list[Sent]:
    pair = Pair(wifi_module(WifiSettings(), ambient()), wifi_mcu(McuOptions()))
    pair.submit(WireCommand({"1": True, "19": 673}), "device")
    pair.run(until=20.0)
    return pair.sent


def emporia_conversation() -> list[Sent]:
    pair = emporia_pair.joined()
    pair.run(until=70.0)
    return pair.sent


def meross_conversation() -> list[Sent]:
    one, other = meross_pair.controller(), meross_pair.plug()
    other.submit(meross_pair.measures(), 0.0)
    pair = meross_pair.over_http(one, other)
    pair.run(until=20.0)
    return pair.sent


def gateway_conversation() -> list[Sent]:
    """Both ends of docs/protocols/tuya_gateway.md §2.1, §2.6: product info, network status, the time."""
    frames = ("55AA0001000000", "55AA000300010003", "55AA0003000002", "55AA001000000F", "55AA001000070110041305060750")
    sides = ("controller", "controller", "device", "device", "controller")
    return [(float(at), side, bytes.fromhex(text)) for at, (side, text) in enumerate(zip(sides, frames, strict=True))]


def chip_conversation() -> list[Sent]:
    """A metering chip only sends: the first vector of docs/protocols/hlw8032.md §5, twice."""
    frame = bytes.fromhex("555A02DCD00005FF003CD70020514DE56800624371023C24")
    return [(0.0, "device", frame), (0.1, "device", frame)]


def console_conversation() -> list[Sent]:
    """A command on the console of a plug, and lines that the plug prints."""
    log = b"[T: 152 M: mrs_timer C: info F: mrs_timer_nvdm_load_rules L: 556]: load 0 rules\r\n"
    return [(0.0, "controller", b"meross mem\r\n"), (0.1, "device", log), (0.2, "device", b"NOR_init\r\n")]


CONVERSATIONS = {
    "tuya_wifi": (tuya_conversation(), {"heartbeat", "product info", "report"}),
    "emporia": (emporia_conversation(), {"meter reading", "firmware version"}),
    "meross": (meross_conversation(), {"GET electricity", "GETACK electricity"}),
    "hlw8032": (chip_conversation(), {"measurement"}),
    "meross_console": (console_conversation(), {"command", "log", "boot loader"}),
    "tuya_gateway": (gateway_conversation(), {"product info", "time (GMT)"}),
}


@pytest.mark.parametrize("name", families.NAMES)
def test_a_conversation_is_listed_with_names_times_and_sides(name: str) -> None:
    sent, names = CONVERSATIONS[name]
    entries = entries_of(families.family(name), sent)
    assert names <= {entry.name for entry in entries}
    shown = [entry for entry in entries if entry.kind == "frame"]
    assert [entry.sender for entry in shown] == [side for _, side, data in sent if data]
    assert [entry.at - NOON for entry in shown] == pytest.approx([at for at, _, data in sent if data], abs=1e-6)
    assert [entry.length for entry in entries] == [len(shown_bytes(entry)) for entry in entries]
    for entry in entries:
        places = [(part.start, part.end) for part in leaves(entry.parts())]
        ends = [end for _, end in places]
        assert [start for start, _ in places] == [0, *ends[:-1]] and ends[-1] == entry.length


@pytest.mark.parametrize("name", families.NAMES)
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_any_chunking_gives_the_same_entries(name: str, seed: int) -> None:
    sent = CONVERSATIONS[name][0][:60]
    rng = random.Random(seed)
    pieces: list[Sent] = []
    for at, side, data in sent:
        while data:
            size = rng.randrange(1, 40)
            pieces.append((at, side, data[:size]))
            data = data[size:]
    family = families.family(name)
    assert entries_of(family, pieces) == entries_of(family, sent)


# --- pieces -----------------------------------------------------------------------------------------

TUYA = families.family("tuya_wifi")
REPORT = bytes(Frame(3, 7, bytes.fromhex("13020004000002a1")))


def test_a_frame_has_the_time_of_the_chunk_that_completed_it() -> None:
    (entry,) = entries_of(TUYA, [(at / 10, "device", REPORT[at : at + 1]) for at in range(len(REPORT))])
    assert (entry.at, entry.name) == (NOON + (len(REPORT) - 1) / 10, "report")
    assert entry.words == "19 = 673"


def test_values_have_the_names_of_the_profile_and_their_values_on_the_wire() -> None:
    names = ValueNames(ProfileLibrary(settings_of).get("tuya/plug_metering"), TUYA.decoders)
    named = msgspec.structs.replace(wire(TUYA, recorded(device(REPORT))), names_of=lambda part: names)
    (entry,) = named.entries(EVER, 0.0)
    assert entry.words == "power_W 67.3 W"
    assert entry.points == [NamedValue(id="19", raw=673, key="power_W", reading=67.3, unit="W")]


def test_a_battery_device_is_decoded_in_its_own_dialect() -> None:
    """A 05 with data points is a report there; on the ordinary line 05 would reset the network."""
    family = TUYA
    report = bytes(Frame(0, 5, bytes.fromhex("0101000101")))
    chunks = recorded([(0.0, "controller", bytes(Frame(0, 0))), *device(report)])
    detected = wire(family, chunks)
    assert [entry.name for entry in detected.entries(EVER, 0.0)][-1] == "report"
    recorded([(at, "controller", bytes(Frame(0, 1))) for at in range(500)], chunks)
    assert detected.entries(EVER, 500.0)[1].name == "report", "also while it sleeps and its module gets no answer"


@pytest.mark.parametrize("family", ["tuya_wifi", "tuya_gateway"])
def test_a_gateway_and_a_zigbee_module_are_decoded_whatever_is_configured(family: str) -> None:
    points = bytes.fromhex("0101000101")
    gateway = entries_of(families.family(family), device(bytes(Frame(0, 0x0D, b"\x041234" + points))))
    assert [(entry.kind, entry.name) for entry in gateway] == [("frame", "report")]
    zigbee = entries_of(families.family(family), device(bytes(SequencedFrame(2, 6, points, 37))))
    assert [(entry.kind, entry.words) for entry in zigbee] == [("frame", "sequence=37 1 = true")]


def test_secrets_are_dots_and_everything_else_is_what_was_on_the_wire() -> None:
    """Also in noise: 2a bytes that were never sent must not be shown."""
    pairing = bytes(Frame(0, 0x2A, b'{"s":"home","p":"12345678","t":"x"}'))
    text = b"plain text of a boot loader"
    shown = entries_of(TUYA, [*device(text, REPORT), (0.1, "controller", pairing[:20])], now=PAUSE_S + 1)
    assert [(entry.kind, entry.hex) for entry in shown[:2]] == [("noise", text.hex()), ("frame", REPORT.hex())]
    whole = entries_of(TUYA, [(0.1, "controller", pairing)])[0]
    for entry in (shown[2], whole):
        assert entry.hex.startswith("55aa002a00") and "··" in entry.hex and len(entry.hex) == 2 * entry.length
        assert "2a2a" not in entry.hex and b"12345678".hex() not in entry.hex and b"home".hex() not in entry.hex


def test_noise_has_its_reason_and_a_frame_what_is_irregular() -> None:
    bad = REPORT[:-1] + bytes([REPORT[-1] ^ 1])
    entries = entries_of(TUYA, device(b"\x01\x02", bad, REPORT, bytes(Frame(3, 7, bytes.fromhex("1302000105")))))
    assert [(entry.kind, entry.reason) for entry in entries[1:]] == [
        ("noise", "bad checksum"),
        ("frame", ""),
        ("frame", entries[-1].reason),
    ]
    assert entries[0].kind == "noise" and "data point 19" in entries[-1].reason


def test_the_end_of_a_frame_that_begins_before_the_chunks_is_left_out() -> None:
    chunks = recorded(
        device(*(REPORT[at : at + 1] for _ in range(10) for at in range(len(REPORT)))), RecentChunks(most_chunks=35)
    )
    entries = wire(TUYA, chunks).entries(EVER, 0.0)
    assert chunks.cut and [entry.kind for entry in entries] == ["frame", "frame"]


def test_a_line_of_noise_only_is_shown_though_older_chunks_are_gone() -> None:
    chunks = recorded(device(*[b"\xf0" * 50] * 20), RecentChunks(most_chunks=10))
    entries = wire(TUYA, chunks).entries(EVER, now=PAUSE_S + 1)
    assert {entry.kind for entry in entries} == {"noise"} and sum(entry.length for entry in entries) == 500


def test_an_incomplete_frame_is_noise_after_a_pause() -> None:
    half = recorded(device(REPORT[:9]))
    assert wire(TUYA, half).entries(EVER, now=PAUSE_S / 2) == []
    (entry,) = wire(TUYA, half).entries(EVER, now=PAUSE_S * 2)
    assert (entry.kind, entry.length, entry.at) == ("noise", 9, NOON)


def test_an_incomplete_frame_ends_with_its_connection() -> None:
    chunks = recorded([*device(REPORT[:9]), (0.1, "device", b""), (0.2, "device", REPORT)])
    assert [entry.kind for entry in wire(TUYA, chunks).entries(EVER, 0.3)] == ["noise", "frame"]


def test_only_the_last_entries_are_listed() -> None:
    sent = device(*(bytes(Frame(3, 7, bytes([19, 2, 0, 4]) + number.to_bytes(4))) for number in range(300)))
    entries = entries_of(TUYA, sent, limit=200)
    assert [entry.words for entry in entries] == [f"19 = {number}" for number in range(100, 300)]
    assert entries_of(TUYA, sent, limit=0) == []


def test_each_path_is_decoded_by_itself() -> None:
    chunks = RecentChunks()
    chunks.put((0.0, False, "broker", b"half "))
    chunks.put((0.1, False, "http", b"whole\n"))
    chunks.put((0.2, False, "broker", b"line\n"))
    assert [(entry.path, entry.length) for entry in wire(LINES, chunks).entries(EVER, 0.2)] == [
        ("http", 6),
        ("broker", 10),
    ]


def test_recent_chunks_are_bounded_by_bytes_and_by_number() -> None:
    chunks = RecentChunks(most_bytes=100, most_chunks=5)
    for _ in range(50):
        chunks.put((0.0, True, "", b"x" * 30))
    assert len(chunks.chunks()) == 3 and chunks.cut
    for _ in range(50):
        chunks.put((0.0, True, "", b"x"))
    assert len(chunks.chunks()) == 5
    chunks.put((0.0, True, "", b"x" * 101))
    assert chunks.chunks() == []


# --- secrets ----------------------------------------------------------------------------------------


def all_of(entries: Sequence[WireEntry]) -> str:
    """Everything that a client may see of them, and their representation."""
    texts = [f"{entry!r} {entry.reason} {entry.hex} {shown_bytes(entry)!r} {entry.parts()!r}" for entry in entries]
    return " ".join(texts)


KEY, PASSWORD, SSID = "the-owners-own-key", "correct horse", "HomeNet24"
SET_KEY = {"key": {"key": KEY, "userId": "7", "gateway": {"host": "192.0.2.1", "port": 8883}}}
SET_WIFI = {"wifi": {"ssid": SSID, "password": PASSWORD, "bssid": "02:00:00:00:00:01", "channel": 6}}


def meross(namespace: str, payload: object) -> bytes:
    return request(
        *("SET", f"Appliance.Config.{namespace}", json.dumps(payload).encode()),
        message_id="0" * 32,
        key=KEY,
        timestamp=1_795_262_400,
        from_="/app/0-unclouded/subscribe",
    )


@pytest.mark.parametrize("cut", range(0, 400, 23))
def test_no_meross_entry_shows_a_key_or_a_password_wherever_it_is_cut(cut: int) -> None:
    sent = [meross("Key", SET_KEY), meross("Wifi", SET_WIFI)]
    chunks = recorded(
        [(0.0, "controller", sent[0][:cut]), (0.1, "controller", sent[0][cut:]), (0.2, "controller", sent[1])]
    )
    shown = all_of(wire(families.family("meross"), chunks).entries(EVER, PAUSE_S * 2))
    cut_off = recorded(
        [(0.0, "controller", sent[0][cut:]), (0.1, "controller", b""), (0.2, "controller", sent[1][cut:])]
    )
    shown += all_of(wire(families.family("meross"), cut_off).entries(EVER, PAUSE_S * 2))
    assert "Config.Key" in shown
    assert KEY not in shown and PASSWORD not in shown and SSID not in shown


def test_no_meross_entry_shows_a_signature_as_text_or_in_hex() -> None:
    sent = meross_conversation()
    signs = [json.loads(data)["header"]["sign"] for _, _, data in sent if data]
    shown = all_of(entries_of(families.family("meross"), sent))
    assert len(signs) > 5 and "GETACK electricity" in shown and not [sign for sign in signs if sign in shown]


@pytest.mark.parametrize("cut", range(0, 60, 3))
def test_no_tuya_entry_shows_a_wifi_password_wherever_it_is_cut(cut: int) -> None:
    text = json.dumps({"ssid": SSID, "password": PASSWORD}).encode()
    sent = b"".join(
        bytes(frame)
        for frame in (
            Frame(3, 0x2A, text),
            Frame(0, 0x34, b"\x07\x00" + json.dumps({"ap": SSID, "wcfg": {"ssid": SSID, "pwd": PASSWORD}}).encode()),
            Frame(3, 0x2C, text),
        )
    )
    for sender in ("controller", "device"):
        shown = all_of(entries_of(TUYA, [(0.0, sender, sent[cut:])], now=PAUSE_S * 2))
        assert PASSWORD not in shown and SSID not in shown


def test_no_emporia_entry_shows_an_install_code() -> None:
    sent = bytes(EmporiaFrame("device", "i", CODE))
    shown = entries_of(families.family("emporia"), device(sent, sent[:-1]), now=PAUSE_S * 2)
    assert len(shown) == 2 and CODE[:6].hex() not in all_of(shown) and repr(CODE[:6])[2:-1] not in all_of(shown)
