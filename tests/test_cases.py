"""Cases from public reports of real devices (tests/cases/): each through `decode`, `replay` and the hub.

What is right was worked out independently of this program; tests/cases/README.md names it for each case.
"""

import asyncio
import json
from collections.abc import Awaitable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from families.meross.canned_device import CannedDevice
from families.meross.day_story import IMPORT, profile
from families.meross.meross_pair import HTTP, SERVED, settings
from pair import Pair, ambient, usual_answers
from unclouded.app.capture_replay import CaptureReplay
from unclouded.app.decoding.conversation_reader import DecodedPiece
from unclouded.app.decoding.input_chunks import one_file
from unclouded.app.decoding.line_decoding import decoding_of
from unclouded.app.family_guess import guess_family
from unclouded.app.protocols import profile_library
from unclouded.core.link import Link
from unclouded.core.model import Fact, Ledger, Reading, Status
from unclouded.core.session import (
    Ambient,
    Answer,
    AskClock,
    AskTime,
    Event,
    LinkPath,
    LocalTime,
    Noticed,
    Offline,
    Online,
    Question,
    Refusal,
    Remember,
    Reported,
    Session,
)
from unclouded.core.session_parts import succeed
from unclouded.families.meross import MerossController
from unclouded.families.tuya import FAMILY_WIFI
from unclouded.families.tuya.controller import controller
from unclouded.families.tuya.settings import LineSettings
from unclouded.hub.channel_spec import ChannelSpec
from unclouded.hub.clock import WallClock
from unclouded.hub.energy import DeviceEnergy
from unclouded.hub.hub import Hub
from unclouded.hub.interpret import Interpreter
from unclouded.hub.node import NodeSpec
from unclouded.hub.services import Services
from unclouded.links.replay import ReplayLink
from unclouded.recording.capture import CaptureReader
from virtual_loop import story

CASES = Path(__file__).parent / "cases"
STARTED = "2026-11-20T12:00:00.000Z"
NOON = 1_795_176_000.0  # the same in Unix seconds


def case(number: str) -> Path:
    [found] = CASES.glob(f"{number}-*")
    return found


# --- decode -----------------------------------------------------------------------------------------


def decoded(number: str, profile: str = "") -> tuple[list[DecodedPiece], str]:
    """The pieces of a case, and how its dialect was recognised."""
    with case(number).open("rb") as file:
        decoding = decoding_of("tuya_wifi", one_file(file, "auto"), "auto")
        reader = decoding.reader(profile or None)
        return [found for timed in decoding.pieces() if (found := reader.read_timed(timed))], decoding.detected


def texts(number: str, profile: str = "") -> list[str]:
    pieces, _ = decoded(number, profile)
    assert {one.piece.kind for one in pieces} == {"frame"}, "no byte of a case is noise"
    return [f"{one.piece.name} {one.text}".strip() for one in pieces]


def test_04_the_other_phase_of_15_bytes_with_its_direction() -> None:
    first, second, *_ = texts("04", "tuya/meter_bidirectional")
    for expected in ("power_a_W -770.0 W", "power_factor_a 0.791", "current_a_A 4.181 A", "voltage_a_V 232.7 V"):
        assert expected in first
    for expected in ("power_a_W -664.0 W", "power_factor_a 0.827", "current_a_A 3.434 A", "voltage_a_V 233.8 V"):
        assert expected in second


def test_07_the_little_endian_phase_of_13_bytes() -> None:
    [only] = texts("07", "tuya/breaker")
    for expected in ("voltage_V 236.7 V", "current_A -4.031 A", "power_W -791.0 W"):
        assert expected in only


def test_09_a_record_with_unix_milliseconds_and_a_short_product_id() -> None:
    _, product, *_, record = texts("09")
    assert 'product="abcdefgh" version="1.0.0"' in product
    assert record == ('record report (Unix time) time="2024-11-13T04:36:25Z" 1 = 612, 2 = 365, 3 = 1, 4 = true, 5 = 97')


def test_15_the_line_of_a_zigbee_module() -> None:
    pieces, dialect = decoded("15")
    assert "the dialect of Zigbee modules" in dialect
    assert [one.piece.name for one in pieces] == ["report"] * 4
    assert [dict(one.piece.values) for one in pieces] == [{"1": True}, {"16": 225}, {"19": 355}, {"26": 10}]


def test_28_a_phase_of_8_bytes_that_goes_out() -> None:
    reports = [text for text in texts("28", "tuya/breaker_three_phase") if text.startswith("report")]
    assert len(reports) == 5
    for expected in ("voltage_b_V 226.6 V", "current_b_A 6.668 A", "power_b_W -1511.0 W"):
        assert all(expected in text for text in reports)


def test_39_the_direction_is_another_data_point() -> None:
    [only] = texts("39", "tuya/clamp_two_channels")
    assert "power_a_W -200.0 W" in only and "power_b_W 50.0 W" in only


def test_47_and_48_hex_with_separators() -> None:
    assert texts("47") == ["network status"]
    assert texts("48") == ["report 2 = 21981"]


def test_49_a_log_of_tasmota() -> None:
    pieces, _ = decoded("49")
    assert [(one.t, one.piece.sender, one.piece.name) for one in pieces] == [
        (0.0, "controller", "query all"),
        (0.047, "device", "report"),
        (1.777, "controller", "heartbeat"),
        (1.791, "device", "heartbeat"),
    ]
    assert dict(pieces[1].piece.values) == {"1": 1, "2": 0, "5": True, "10": 0}


def test_58_a_battery_device_that_answers_heartbeats() -> None:
    pieces, dialect = decoded("58")
    assert "the dialect of battery devices" in dialect
    reports = [one.piece for one in pieces if one.piece.name == "report" and one.piece.sender == "device"]
    assert [dict(piece.values) for piece in reports] == [{"1": False}, {"1": True}]


def test_59_an_mcu_that_is_deaf_to_heartbeats() -> None:
    pieces, dialect = decoded("59")
    assert "the ordinary dialect" in dialect
    reports = [one.piece for one in pieces if one.piece.name == "report"]
    assert [dict(piece.values) for piece in reports] == [{"1": True}, {"2": 1}]


# --- replay and hub ---------------------------------------------------------------------------------


def captured(number: str) -> bytes:
    """A case as a capture; frames without times are one second apart."""
    data = case(number).read_bytes()
    if data.startswith(b"{"):
        return data
    rows = [
        {"t": t, "from": "device", "hex": bytes.fromhex(line.decode()).hex()}
        for t, line in enumerate(data.splitlines())
    ]
    head = {"capture": 1, "family": "tuya_wifi", "started": STARTED}
    return b"".join(f"{json.dumps(row)}\n".encode() for row in (head, *rows))


RIGHT: list[tuple[str, str, dict[str, Any]]] = [  # the newest value of each point
    ("04", "tuya/meter_bidirectional", {"power_a_W": -664, "current_a_A": 3.434, "voltage_a_V": 233.8}),
    ("07", "tuya/breaker", {"voltage_V": 236.7, "current_A": -4.031, "power_W": -791}),
    ("09", "", {"dp_1": 612, "dp_2": 365, "dp_3": 1, "dp_4": True, "dp_5": 97}),
    ("28", "tuya/breaker_three_phase", {"voltage_b_V": 226.6, "current_b_A": 6.668, "power_b_W": -1511}),
    ("39", "tuya/clamp_two_channels", {"power_a_W": -200, "power_b_W": 50, "power_W": -150}),
    ("58", "tuya/door_sensor", {"open": True}),
    ("59", "", {"dp_1": True, "dp_2": 1}),
]


def newest(facts: list[Any], points: dict[str, Any]) -> dict[str, object]:
    return {one.point: one.value for one in facts if isinstance(one, Reading) and one.point in points}


@pytest.mark.parametrize(("number", "profile", "right"), RIGHT)
def test_the_readings_of_a_replay_are_right(number: str, profile: str, right: dict[str, Any]) -> None:
    facts = list(CaptureReplay(captured(number).splitlines(keepends=True), profile or None, "thing").facts())
    assert newest(facts, right) == right


def test_15_in_a_replay_is_named() -> None:
    [notice] = CaptureReplay(captured("15").splitlines(keepends=True), None, "thing").facts()
    assert "Devices with a Zigbee module are decoded" in getattr(notice, "words", "")


async def in_hub(tmp_path: Path, number: str, profile_name: str) -> tuple[Hub, list[Fact]]:
    """What the hub makes of a case that a device plays, and the hub 5 s after its end."""
    file = tmp_path / "case.jsonl"
    file.write_bytes(captured(number))
    link = ReplayLink(file)
    return await hub_with(link, link.ended.wait(), profile_name)


async def hub_with(link: Link, end: Awaitable[object], profile_name: str = "") -> tuple[Hub, list[Fact]]:
    """A hub with one Tuya device behind a link, until 5 s after ``end``, and its facts."""
    loop, library = asyncio.get_running_loop(), profile_library()
    spec = ChannelSpec(
        family="tuya_wifi",
        link="replay:",
        generic=library.get("tuya/generic"),
        profile=library.get(profile_name) if profile_name else None,
        open_link=lambda: link,
        make_session=lambda profile, ambient: controller(LineSettings(), ambient),
        reading=FAMILY_WIFI,
        decoders=FAMILY_WIFI.decoders,
        guess=partial(guess_family, "tuya_wifi"),
    )
    clock = WallClock(loop.time, lambda: NOON + loop.time())
    hub = Hub([NodeSpec(id="thing", channels=(spec,))], Services(lambda: NOON + loop.time()), clock, bytes)
    facts: list[Fact] = []
    hub.subscribe(facts.extend)
    running = asyncio.create_task(hub.run(), name="hub")
    await end
    await asyncio.sleep(5)
    running.cancel()
    await asyncio.wait([running])
    return hub, facts


@pytest.mark.parametrize(("number", "profile", "right"), RIGHT)
@story
async def test_the_readings_of_the_hub_are_right(
    tmp_path: Path, number: str, profile: str, right: dict[str, Any]
) -> None:
    _, facts = await in_hub(tmp_path, number, profile)
    assert newest(facts, right) == right


@story
async def test_58_in_the_hub_is_a_battery_device(tmp_path: Path) -> None:
    hub, facts = await in_hub(tmp_path, "58", "tuya/door_sensor")
    assert "battery dialect (reports with 05 and version 0)" in hub.devices()[0].info["dialect"]
    assert "online" in [fact.state for fact in facts if isinstance(fact, Status)]
    names = [entry.name for entry in hub.frames("thing", 200) if entry.sender == "device"]
    assert names.count("report") == 2, "the page names its frames in that dialect too"


def test_59_the_hubs_session_is_online_with_an_mcu_that_answers_so() -> None:
    """A capture is played without regard to what is asked; here each frame of the case answers what it did there."""
    answers: dict[bytes, list[bytes]] = {}
    asked = b""
    for line in CaptureReader(captured("59").splitlines(keepends=True)):
        if line.sender == "controller":
            asked = line.data
            answers.setdefault(asked[3:4], [])
        else:
            answers[asked[3:4]].append(line.data)
    assert answers[b"\0"] == []
    session: Session = controller(LineSettings(), ambient())
    events: list[Event] = [*session.up(LinkPath(), 0.0)]
    for step in range(1, 601):
        now = step / 10
        session, found = succeed(session, session.tick(now))
        events += found
        for data in [one for out in session.outgoing(now) for one in answers.get(out.data[3:4], [])]:
            session, found = succeed(session, session.receive(data, now + 0.05))
            events += found
    assert Online() in events and not any(isinstance(event, Offline) for event in events)
    values = {key: value for event in events if isinstance(event, Reported) for key, value in event.values.items()}
    assert values == {"1": True, "2": 1}


@story
async def test_15_in_the_hub_has_its_frames_named_and_a_notice(tmp_path: Path) -> None:
    hub, facts = await in_hub(tmp_path, "15", "")
    frames = [entry for entry in hub.frames("thing", 200) if entry.sender == "device"]
    assert [entry.name for entry in frames] == ["report"] * 4
    assert "16 = 225" in frames[1].words
    assert [fact for fact in facts if "Devices with a Zigbee module are decoded" in getattr(fact, "words", "")]


# --- Meross -----------------------------------------------------------------------------------------


class PlugOfACase:
    """A plug with the answers of a case, and a hub with the same clock. ``ledgers``, ``memory``: of an earlier run."""

    def __init__(self, number: str, wall: float | None = None, before: "PlugOfACase | None" = None) -> None:
        self.table = json.loads(case(number).read_text("utf-8"))
        self.wall = self.table["clock"] if wall is None else wall
        self.ledgers: dict[str, Ledger] = dict(before.ledgers) if before else {}
        self.memory: dict[str, bytes] = dict(before.memory) if before else {}
        self.readings: list[Reading] = []
        self.device = CannedDevice(self.table["ns"], unix=self.table["clock"], uuid=self.table["uuid"], key="")
        ambient = Ambient(wall=lambda now: self.wall + now, token=bytes, memory=self.memory)
        session = MerossController(settings(key="", uuid=self.table["uuid"]), ambient)
        self.pair = Pair(session, self.device, path=HTTP, device_path=SERVED, answers=self.answer)

    def answer(self, side: str, question: Question) -> Answer | Refusal | None:
        if isinstance(question, AskClock | AskTime):
            return LocalTime(self.wall + self.pair.now, 0)
        return usual_answers(side, question)

    def run(self, seconds: float) -> None:
        self.pair.run(until=seconds)
        energy = DeviceEnergy("plug", self.ledgers)
        reader = Interpreter("plug", profile(), energy)
        for at in self.pair.events:
            if at.side == "controller" and isinstance(at.event, Reported):
                self.readings += reader.readings(at.event, self.wall + at.t)
            if at.side == "controller" and isinstance(at.event, Remember):
                self.memory[at.event.key] = at.event.value
        self.ledgers |= {ledger.point: ledger for ledger in energy.changed()}

    def notices(self) -> Iterator[str]:
        return (event.reason for event in self.pair.of("controller", Noticed))

    def newest(self, point: str) -> Reading:
        return [one for one in self.readings if one.point == point][-1]


def test_31_zeros_are_marked_and_say_what_to_do() -> None:
    plug = PlugOfACase("31")
    plug.run(120)
    for point in ("power_W", "current_A"):
        reading = plug.newest(point)
        assert (reading.value, reading.quality) == (0, "suspect")
    assert any("measures nothing" in text and "bind the plug" in text for text in plug.notices())


def test_32_the_clock_is_set_and_nothing_is_stored_at_the_plugs_wrong_time() -> None:
    plug = PlugOfACase("32", wall=NOON)
    plug.run(120)
    assert plug.device.set_time and abs(plug.device.set_time[0]["timestamp"] - NOON) < 60
    assert any("has set its time" in text for text in plug.notices())
    assert plug.readings and min(one.at for one in plug.readings) >= NOON


def test_33_the_energy_of_a_night_without_a_hub() -> None:
    evening = PlugOfACase("33a")
    evening.run(3600)
    assert evening.newest(IMPORT).value == 950
    morning = PlugOfACase("33b", before=evening)
    morning.run(3600)
    totals = {one.at: one.value for one in morning.readings if one.point == IMPORT}
    assert totals[1_646_640_120] == 2520, "1000 of the first day and 1520 of the second"
    days = morning.ledgers[IMPORT].days
    assert days["2022-03-06"].counted == 1_000_000
    assert days["2022-03-07"].counted == morning.newest(IMPORT).value * 1000 - 1_000_000


def test_every_case_has_a_test() -> None:
    source = Path(__file__).read_text("utf-8")
    numbers = {path.name.partition("-")[0] for path in CASES.iterdir() if path.name != "README.md"}
    assert [number for number in numbers if f'"{number}"' not in source] == []
