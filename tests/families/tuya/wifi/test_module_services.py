"""What a module answers when its MCU asks, and what it says unasked: docs/protocols/tuya_wifi.md §2.4, §2.5."""

from collections.abc import Callable

import pytest

from pair import START_UNIX, Pair, ambient, usual_answers
from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Answer,
    Asked,
    AskStored,
    AskTime,
    AskWeather,
    Identified,
    LinkPath,
    LocalTime,
    Online,
    Question,
    Refusal,
    Rejected,
    Remember,
    Reported,
    WireCommand,
)
from unclouded.families.tuya.line.endpoint import QUESTIONS
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.wifi.mcu.mcu import McuOptions, wifi_mcu
from unclouded.families.tuya.wifi.module.module import WifiSettings, wifi_module

WEATHER = {"w.temp": 21, "w.pm25": 14, "w.thigh.2": 25.4, "w.windSpeed": 2}


def mcu_says(command: int, payload: str = "") -> bytes:
    return bytes(Frame(3, command, bytes.fromhex(payload)))


def knows_weather(side: str, question: Question) -> Answer | Refusal | None:
    return WEATHER if isinstance(question, AskWeather) else usual_answers(side, question)


def line(
    settings: WifiSettings | None = None,
    answers: Callable[..., Answer | Refusal | None] = knows_weather,
    faults: frozenset[str] = frozenset(),
) -> Pair:
    """A module and an MCU that are past the start."""
    mcu = wifi_mcu(McuOptions(faults=faults))
    pair = Pair(wifi_module(settings or WifiSettings(), ambient()), mcu, answers=answers)
    pair.run(until=5.0)
    return pair


def asked(pair: Pair, *said: bytes, for_s: float = 1.0) -> list[str]:
    """What the module says to these, payloads and all."""
    before = len(pair.sent_by("controller"))
    for data in said:
        pair.send("device", data)
    pair.run(until=pair.now + for_s)
    return [data.hex() for data in pair.sent_by("controller")[before:]]


# --- answered at once -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("55aa030f000011", "55aa000f00040000d05032"),  # docs/protocols/tuya_wifi.md §1.1: frame 26, corrected
        ("55aa03040000 06", "55aa0004000003"),
        ("55aa032500 0027", "55aa0025000024"),
        ("55aa032200050201000101 2e", "55aa002300010124"),
        ("55aa033400010 43b", "55aa00340002040039"),
        ("55aa03370021007b226d63755f6f7461223a302c22616276223a332c22627566223a313032347dac", "55aa0037000200 0038"),
        ("55aa032a00247b2273223a22787878222c2270223a223132333435363738222c2274223a227a7a7a227db7", "55aa002a0001012b"),
        ("55aa0334000e0b0102160212101b060101000101b1", "55aa003400020b0040"),
    ],
    ids=["memory", "reset", "no heartbeats", "synchronous", "reset notices", "features", "pairing", "record"],
)
def test_the_frames_of_the_seed_are_answered_as_it_prints_them(question: str, answer: str) -> None:
    sent_back = asked(line(), bytes.fromhex(question.replace(" ", "")))
    assert sent_back[0] == answer.replace(" ", "")


def test_the_wifi_test_is_the_signal_in_percent() -> None:
    assert asked(line(), mcu_says(0x0E)) == [bytes(Frame(0, 0x0E, b"\x01\x50")).hex()]
    no_signal = line(answers=lambda side, question: Refusal("none"))
    assert asked(no_signal, mcu_says(0x0E)) == [bytes(Frame(0, 0x0E, b"\x00\x00")).hex()]


def test_the_address_is_of_our_own_making_and_stays_the_same() -> None:
    pair = line()
    [first] = asked(pair, mcu_says(0x2D))
    address = bytes.fromhex(first)[7:13]
    assert address[0] & 3 == 2  # locally administered, one station
    assert pair.of("controller", Remember) == [Remember("mac", address)]
    again = Pair(wifi_module(WifiSettings(), ambient(7, {"mac": address})), wifi_mcu(McuOptions()))
    again.run(until=5.0)
    assert asked(again, mcu_says(0x2D)) == [first]
    given = line(WifiSettings(mac="02:00:5e:00:53:01"))
    assert asked(given, mcu_says(0x2D)) == [bytes(Frame(0, 0x2D, bytes.fromhex("0002005e005301"))).hex()]


def test_an_answer_never_overtakes_another() -> None:
    pair = line()
    sent_back = asked(pair, mcu_says(0x2D), mcu_says(0x1C), mcu_says(0x0F), mcu_says(0x24), mcu_says(0x60))
    assert [bytes.fromhex(data)[3] for data in sent_back] == [0x2D, 0x1C, 0x0F, 0x24, 0x60]


def test_credentials_are_taken_and_forgotten() -> None:
    secret = b'{"s":"home","p":"hushhush","t":"t"}'
    pair = line()
    assert asked(pair, mcu_says(0x2A, secret.hex()))[0][12:14] == "01"  # not in pairing mode
    asked(pair, mcu_says(4))
    sent_back = asked(pair, mcu_says(0x2A, secret.hex()))
    assert [data[6:8] + data[12:-2] for data in sent_back][:4] == ["2a00", "0302", "0303", "0304"]
    assert asked(pair, mcu_says(0x2A, secret[:-1].hex()))[0][12:14] == "02"
    assert asked(pair, mcu_says(0x2C, b'{"ssid":"home","password":"hushhush"}'.hex()))[0][12:14] == "01"
    assert asked(pair, mcu_says(0x2C, b"{".hex()))[0][12:14] == "00"
    assert "hush" not in repr(pair.events)


def test_module_info_has_no_secrets() -> None:
    everything = asked(line(), mcu_says(0x34, "07ff"))[0]
    assert bytes.fromhex(everything)[6:-1] == b'\x07\x00{"ap":"SmartLife","cc":0,"ffs":0,"sw":"1.0.0"}'
    [serial_number] = asked(line(), mcu_says(0x34, "0703"))
    assert bytes.fromhex(serial_number)[6:-1] == b"\x07\x01"


def test_a_map_is_taken_and_heartbeats_wait_for_it() -> None:
    pair = line()
    for block in range(8):
        pair.run(until=10.0 + block * 5)
        pair.send("device", mcu_says(0x28, f"0001{block:08x}010203"))
    pair.run(until=52.0)
    answers = [data for data in pair.sent_by("controller") if data[3] == 0x28]
    assert [data[6] for data in answers] == [0] * 8
    beats = [t for t, side, data in pair.sent if side == "controller" and data[3] == 0 and t > 5]
    assert len([event for event in pair.of("controller", Rejected) if "map" in event.reason]) == 1
    assert not [t for t in beats if t < 50]
    pair.run(until=61.0)
    assert [t for t, side, data in pair.sent if side == "controller" and data[3] == 0 and t > 50]


def test_an_mcu_that_wants_no_heartbeats_gets_none_until_it_starts_again() -> None:
    pair = line()
    asked(pair, mcu_says(0x25), for_s=60.0)
    assert [t for t, side, data in pair.sent if side == "controller" and data[3] == 0] == [0.0]
    pair.send("device", mcu_says(0, "00"))
    pair.run(until=90.0)
    beats = [t for t, side, data in pair.sent if side == "controller" and data[3] == 0]
    assert len(beats) == 2


def test_product_field_n_chooses_which_pairing_a_reset_begins() -> None:
    for n, status in ((b"", 0), (b',"n":0', 6), (b',"n":1', 1)):
        pair = line()
        pair.send("device", bytes(Frame(3, 1, b'{"p":"abcdefgh12345678","v":"1.0.0"' + n + b"}")))
        sent_back = asked(pair, mcu_says(4))
        assert [bytes.fromhex(data)[6] for data in sent_back if data[6:8] == "03"] == [status]


def test_product_field_n_goes_before_the_way_that_a_reset_chooses() -> None:
    """docs/protocols/tuya_wifi.md §2.4.3, §2.4.7: n overrides the mode that 05 asks for."""
    for fields, statuses in (({}, [0, 1]), ({"n": 0}, [6, 6]), ({"n": 1}, [1, 1])):
        pair = Pair(wifi_module(WifiSettings(), ambient()), wifi_mcu(McuOptions(fields=fields)))
        pair.run(until=5.0)
        sent_back = [data for mode in ("00", "01") for data in asked(pair, mcu_says(5, mode), for_s=8.0)]
        assert [bytes.fromhex(data)[6] for data in sent_back if data[6:8] == "03"] == statuses


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("55aa032000100677" + "2e68756d6964697479", None),  # a length that lies is no frame
        (bytes(Frame(3, 0x20, b"\x05ab")).hex(), bytes(Frame(0, 0x20, b"\x00\x01"))),
        (bytes(Frame(3, 0x34, b"\x07")).hex(), bytes(Frame(0, 0x34, b"\x07\x01"))),
        (
            bytes(Frame(3, 0x34, bytes.fromhex("0b010216021210 1b060101000101"[:-2]))).hex(),
            bytes(Frame(0, 0x34, b"\x0b\x03")),
        ),
        (bytes(Frame(3, 0x63, b"\x01")).hex(), bytes(Frame(0, 0x63, b"\x00"))),
        (bytes(Frame(3, 0x65, b"\x02{}")).hex(), bytes(Frame(0, 0x65, b"\x02\x01"))),
        (bytes(Frame(3, 0x05, b"\x07")).hex(), None),
    ],
    ids=["no frame", "weather", "module info", "record", "audio test", "voice", "reset of no kind"],
)
def test_what_is_not_as_it_should_be_is_answered_by_a_failure(question: str, answer: bytes | None) -> None:
    sent_back = asked(line(), bytes.fromhex(question))
    assert sent_back == ([answer.hex()] if answer else [])


def test_an_mcu_whose_module_drives_the_led_need_not_take_the_network_status() -> None:
    """docs/protocols/tuya_wifi.md §2.4.5: with pins, the module processes by itself."""

    mcu = wifi_mcu(McuOptions(pins=b"\x0c\x0d"))
    pair = Pair(wifi_module(WifiSettings(), ambient()), mcu, answers=usual_answers)
    pair._damage = lambda data, rng: b"" if data[2:4] == b"\x03\x03" else data  # its 03 is lost
    pair.run(until=1.0)
    assert Online() in pair.of("controller", Online)
    assert pair.of("controller", Identified)[-1].info["mode"] == "the module drives LED at pin 12, key at pin 13"
    assert len([data for data in pair.sent_by("controller") if data[3] == 0x03]) == 2  # 03, 04: each once


def test_further_mcus_are_identified_with_their_versions() -> None:
    pair = line()
    pair.send("device", bytes(Frame(3, 1, b'{"p":"abcdefgh12345678","v":"1.0.0","ma":[{"t":10,"v":"2.0.1"}]}')))
    pair.run(until=6.0)
    assert pair.of("controller", Identified)[-1].info["version_10"] == "2.0.1"


def test_the_features_that_it_reports_are_identified_as_text() -> None:
    pair = line()
    fields = b'"m":0,"mt":10,"ir":"5.12","low":1,"sm":1'
    pair.send("device", bytes(Frame(3, 1, b'{"p":"abcdefgh12345678","v":"1.0.0",' + fields + b"}")))
    pair.run(until=6.0)
    assert pair.of("controller", Identified)[-1].info["features"] == "infrared, low power, deep sleep"
    asked(pair, bytes(Frame(3, 0x37, b'\0{"mcu_ota":0,"abv":10,"buf":1024}')))
    words = "infrared, low power, deep sleep, radio remote control, status queries"
    assert pair.of("controller", Identified)[-1].info == {"features": words}


@pytest.mark.parametrize("settings", [b'{"abv":"3"}', b'{"abv":192}', b'{"abv":null}', b"[]", b"{}"])
def test_settings_that_name_nothing_add_no_words(settings: bytes) -> None:
    pair = line()
    before = len(pair.of("controller", Identified))
    asked(pair, bytes(Frame(3, 0x37, b"\0" + settings)))
    assert len(pair.of("controller", Identified)) == before


@pytest.mark.parametrize("features", ["", '{"abv":8}'])
def test_an_mcu_that_was_restarted_is_asked_for_everything_whether_it_enabled_that_or_not(features: str) -> None:
    """A module asks again only if bit 3 of abv is set (docs/protocols/tuya_wifi.md §2.4.10); this one always asks."""
    pair = line()
    if features:
        asked(pair, bytes(Frame(3, 0x37, b"\0" + features.encode())))
    sent_back = asked(pair, mcu_says(0x00, "00"), for_s=3.0)
    assert "55aa0008000007" in sent_back


def test_what_has_no_known_meaning_is_not_answered_and_reported_once() -> None:
    pair = line()
    assert asked(pair, mcu_says(0x33, "01aabb"), mcu_says(0x33, "01"), mcu_says(0x38, "01"), mcu_says(0x72, "01")) == []
    reasons = [event.reason for event in pair.of("controller", Rejected)]
    assert reasons == [
        "unknown command 0x33 (radio remote)",
        "unknown command 0x38 (infrared thermostat)",
        "unknown command 0x72 (fan test)",
    ]
    assert pair.stats("controller")["unknown"] == 4


# --- reports that want more -------------------------------------------------------------------------


def test_a_synchronous_report_is_reported_before_it_is_acknowledged() -> None:
    pair = line()
    sent_back = asked(pair, mcu_says(0x22, "13020004000002a1"))
    assert pair.of("controller", Reported)[-1].values == {"19": 673}
    assert sent_back == ["55aa002300010124"]


def test_a_synchronous_report_is_not_acknowledged_before_it_is_stored() -> None:
    module = wifi_module(WifiSettings(), ambient())
    module.up(LinkPath(), 0.0)
    module.outgoing(0.0)
    reported, kept = module.receive(mcu_says(0x22, "13020004000002a1"), 1.0)
    assert reported == Reported({"19": 673}) and isinstance(kept, Asked) and kept.question == AskStored()
    assert module.outgoing(2.0) == []
    module.answer(kept.id, True, 3.0)
    assert [out.data.hex() for out in module.outgoing(3.0)] == ["55aa002300010124"]


def test_a_synchronous_report_that_the_hub_did_not_store_in_time_is_answered_as_failed() -> None:
    """The MCU keeps it then, and says it again."""
    module = wifi_module(WifiSettings(), ambient())
    module.up(LinkPath(), 0.0)
    for second in range(1, QUESTIONS + 3):
        module.receive(mcu_says(0x22, "13020004000002a1"), float(second))
    sent_back = [out.data.hex() for out in module.outgoing(60.0) + module.outgoing(61.0) if out.data[3] == 0x23]
    assert sent_back == ["55aa002300010023"] * 2


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_a_record_is_not_acknowledged_before_it_is_stored(kind: int) -> None:
    module = wifi_module(WifiSettings(), ambient())
    module.up(LinkPath(), 0.0)
    module.outgoing(0.0)
    events = module.receive(mcu_says(0x34, f"0b01{kind:02x}160212101b060101000101"), 1.0)
    if kind != 2:
        [time] = events
        assert isinstance(time, Asked)
        events = module.answer(time.id, LocalTime(START_UNIX, 3600), 1.1)
    reported, kept = events
    assert isinstance(reported, Reported) and isinstance(kept, Asked) and kept.question == AskStored()
    assert module.outgoing(2.0) == []
    module.answer(kept.id, True, 3.0)
    assert [out.data.hex() for out in module.outgoing(3.0)] == ["55aa003400020b0040"]


@pytest.mark.parametrize(("kind", "at"), [(2, 1645201626.0), (1, 1645201626.0 - 3600), (0, START_UNIX)])
def test_a_record_is_reported_with_its_own_time(kind: int, at: float) -> None:
    """GMT as it stands, local less the zone's hour, and the module's own time where the MCU has none."""
    pair = line()
    assert asked(pair, mcu_says(0x34, f"0b01{kind:02x}160212101b060101000101")) == ["55aa003400020b0040"]
    assert pair.of("controller", Reported)[-1] == Reported({"1": True}, at=at)


def test_a_record_of_the_summer_that_comes_in_winter_is_of_the_summer() -> None:
    winter = LocalTime(1645201626.0, 3600, changes=((1616893200.0, 7200), (1635642000.0, 3600)))
    pair = line(answers=lambda side, question: winter if question == AskTime() else usual_answers(side, question))
    for month in ("07", "0c"):
        asked(pair, mcu_says(0x34, f"0b010115{month}010c0000" + "0101000101"))
    july, december = (event.at for event in pair.of("controller", Reported)[-2:])
    assert (july, december) == (1625133600.0, 1638356400.0)  # 2021-07-01 10:00, 2021-12-01 11:00 UTC


def test_a_record_that_comes_again_because_its_answer_was_lost_is_marked() -> None:
    """What it counts is not counted twice. Without a time of its own it cannot be distinguished from a new one."""
    pair = line()
    once, later, untimed = (f"0b01{head}11020004{5:08x}" for head in ("02160212101b06", "02160212101b07", "00" * 7))
    for record in (once, later, once, untimed, untimed):
        assert asked(pair, mcu_says(0x34, record)) == ["55aa003400020b0040"]
    reports = [event for event in pair.of("controller", Reported) if "17" in event.values and event.at is not None]
    assert [event.repeated for event in reports] == [False, False, True, False, False]


def test_a_record_that_cannot_be_placed_is_refused_with_the_reason_of_the_seed() -> None:
    assert asked(line(), mcu_says(0x34, "0b0102160d12101b060101000101")) == ["55aa003400020b0343"]  # month 13
    pair = line()
    assert asked(pair, mcu_says(0x34, "0b0102160212101b06")) == ["55aa003400020b0343"]  # nothing in it
    assert [event for event in pair.of("controller", Reported) if event.at is not None] == []
    lost = line(answers=lambda side, question: LocalTime(0.0, trusted=False))
    assert asked(lost, mcu_says(0x34, "0b0101160212101b060101000101")) == ["55aa003400020b0242"]
    assert [event for event in lost.of("controller", Reported) if event.at is not None] == []


# --- unasked ----------------------------------------------------------------------------------------


def test_time_notices_come_at_once_and_each_hour() -> None:
    pair = line()
    first = asked(pair, mcu_says(0x34, "0101"))
    assert first[0] == bytes(Frame(0, 0x34, b"\x01\x00")).hex()
    pair.run(until=2 * 3600.0)
    notices = [data for data in pair.sent_by("controller") if data[3] == 0x34 and data[6] == 2]
    assert notices[0][7] == 1 and len(notices[0]) == 16
    assert len({t // 3600 for t, side, data in pair.sent if data in notices}) == 2


def test_an_unanswered_notice_is_sent_again_and_an_answered_one_is_not() -> None:
    pair = line(faults=frozenset({"acks-no-notices"}))
    asked(pair, mcu_says(0x34, "0100"), for_s=1.5)
    pair.send("device", mcu_says(0x34, "02"))
    pair.run(until=20.0)
    assert len([data for data in pair.sent_by("controller") if data[3] == 0x34 and data[6] == 2]) == 2


def test_weather_is_acknowledged_then_sent_then_sent_again() -> None:
    pair = line()
    sent_back = asked(pair, bytes.fromhex("55aa0320001b0a772e68756d696469747906772e706d323508772e646174652e37f8"))
    assert sent_back[0] == bytes(Frame(0, 0x20, b"\x01\x00")).hex()
    assert bytes.fromhex(sent_back[1])[6:-1] == (
        b"\x01\x08w.temp.0\x00\x04\x00\x00\x00\x15\x08w.pm25.0\x00\x04\x00\x00\x00\x0e"
        b"\x09w.thigh.2\x00\x04\x00\x00\x00\x19\x0dw.windSpeed.0\x01\x032.0"
    )
    pair.send("device", mcu_says(0x21))
    pair.run(until=1900.0)
    assert len([t for t, side, data in pair.sent if data[3] == 0x21 and side == "controller" and t > 1800]) >= 1


def test_unknown_weather_is_answered_as_unknown() -> None:
    sent_back = asked(line(answers=usual_answers), mcu_says(0x34, "03"))
    assert sent_back[:2] == [bytes(Frame(0, 0x34, b"\x03\x00")).hex(), bytes(Frame(0, 0x21, b"\x00\x01")).hex()]


def test_the_time_is_sent_again_after_the_mcu_was_silent() -> None:
    pair = line(WifiSettings(push_time_s=60.0))
    pair.run(until=130.0)
    pair._damage = lambda data, rng: b""
    pair.run(until=400.0)
    pair._damage = None
    pair.run(until=700.0)
    pushed = [t for t, side, data in pair.sent if side == "controller" and data[3] == 0x1C]
    assert pushed == [60.0, 120.0, 420.0, 480.0, 540.0, 600.0, 660.0]


def test_a_reset_notice_comes_where_it_was_wanted() -> None:
    pair = line()
    asked(pair, mcu_says(0x34, "04"))
    sent_back = asked(pair, mcu_says(4))
    assert sent_back[1] == "55aa003400020500" + "3a"


# --- the MCU's buffer -------------------------------------------------------------------------------


def test_a_command_is_cut_to_the_buffer_that_the_mcu_names() -> None:
    pair = line()
    asked(pair, mcu_says(0x37, b'\0{"buf":24}'.hex()))
    before = len(pair.sent_by("controller"))
    pair.submit(WireCommand({"1": True, "9": 5, "10": 6, "2": False}))
    pair.run(until=8.0)
    assert [len(data) for data in pair.sent_by("controller")[before:]] == [20, 20]
    with pytest.raises(CommandError, match="Data point 11 needs 24 bytes"):
        pair.submit(WireCommand({"11": bytes(20)}))


@pytest.mark.parametrize("size", ["true", "3", "-1", '"256"', "1e9"])
def test_a_buffer_that_holds_no_number_is_a_slip_of_the_mcu(size: str) -> None:
    pair = line()
    asked(pair, bytes(Frame(3, 0x37, b'\0{"buf":' + size.encode() + b"}")))
    pair.submit(WireCommand({"1": True}))
    pair.run(until=8.0)
    assert [data for data in pair.sent_by("controller") if data[3] == 0x06] == [
        bytes(Frame(0, 0x06, bytes.fromhex("0101000101")))
    ]


# --- bitmaps ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [0x07, 0x22])
def test_a_bitmap_is_set_as_wide_as_the_mcu_reported_it(command: int) -> None:
    """docs/protocols/tuya_wifi.md §2.2: an MCU with a fixed width need not understand a shorter one."""
    pair = line()
    asked(pair, mcu_says(command, "09050004" + "00000001" + "0a050002" + "0001"))
    pair.submit(WireCommand({"9": 2, "10": 0x12345}))
    pair.run(until=pair.now + 1.0)
    [sent] = [data for data in pair.sent_by("controller") if data[3] == 0x06]
    assert sent[6:-1].hex() == "09050004" + "00000002" + "0a050004" + "00012345"


# --- invalid requests ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [0, 1, 2, 3, 255])
def test_time_notices_of_an_unknown_kind_fail(kind: int) -> None:
    pair = line()
    sent_back = asked(pair, mcu_says(0x34, f"01{kind:02x}"))
    assert bytes.fromhex(sent_back[0])[6:-1] == bytes((0x01, kind > 1))
    assert len(sent_back) == (1 if kind > 1 else 2)  # a notice follows, or none ever does
    pair.run(until=pair.now + 7300.0)
    notices = [data for data in pair.sent_by("controller") if data[3] == 0x34 and data[6] == 2]
    assert len(notices) == (0 if kind > 1 else 3)


@pytest.mark.parametrize(
    ("fields", "result"),
    [
        ('{"s":"home","p":"hushhush","t":"token"}', 0),
        ('{"s":"home","p":"","t":"token"}', 0),  # an open network
        ('{"s":"home","p":"hushhush"}', 2),
        ('{"s":"home","p":"hushhush","t":""}', 2),
        ('{"s":"home","p":"hushhush","t":5}', 2),
        ('{"s":"","p":"hushhush","t":"token"}', 2),
        ('{"p":"hushhush","t":"token"}', 2),
        ('["home","hushhush","token"]', 2),
    ],
)
def test_pairing_over_the_line_needs_network_password_and_token(fields: str, result: int) -> None:
    pair = line()
    asked(pair, mcu_says(4))
    sent_back = asked(pair, mcu_says(0x2A, fields.encode().hex()))
    assert [data[12:14] for data in sent_back if data[6:8] == "2a"] == [f"{result:02x}"]


def test_a_connection_test_needs_no_token() -> None:
    for fields, result in (('{"ssid":"home","password":"x"}', "01"), ('{"ssid":"","password":"x"}', "00")):
        assert asked(line(), mcu_says(0x2C, fields.encode().hex()))[0][12:14] == result
