"""The recorded cases of tests/captures: each is read as its entry in the index says (docs/test_cases.md).

Those of Tuya lines go through the hub as well, and those with the answers of a plug are played by such a plug.
"""

import asyncio
import ipaddress
import json
import re
from collections.abc import Awaitable, Iterator
from functools import partial
from io import BytesIO
from pathlib import Path

import msgspec
import pytest

from case_library import ANSWERS, CAPTURES, CASES, INDEX, path_of, recordings
from families.meross.canned_device import CannedDevice
from families.meross.day_story import IMPORT, profile
from families.meross.meross_pair import HTTP, SERVED, settings
from pair import Pair, ambient, usual_answers
from unclouded.app.cases.case_reading import DEVICE, capture_bytes, point_values, read_case
from unclouded.app.cases.draft import NOTES
from unclouded.app.cases.recorded_case import ExpectedResult, RecordedCase
from unclouded.app.decoding.input_chunks import one_file
from unclouded.app.decoding.line_decoding import LineDecoding, decoding_of
from unclouded.app.decoding.pieces import TimedPiece
from unclouded.app.protocols import profile_library
from unclouded.app.unknown.family_guess import guess_family
from unclouded.core.model import Fact, Ledger, Reading, Status
from unclouded.core.sessions.link import Link
from unclouded.core.sessions.session import (
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
from unclouded.core.sessions.session_parts import succeed
from unclouded.families.meross import MerossController
from unclouded.families.tuya import FAMILY_WIFI
from unclouded.families.tuya.controller import controller
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.settings import LineSettings
from unclouded.hub.channels.channel_spec import ChannelSpec
from unclouded.hub.clock import WallClock
from unclouded.hub.energy.ledger import DeviceEnergy
from unclouded.hub.hub import Hub
from unclouded.hub.node import NodeSpec
from unclouded.hub.readings.interpret import Interpreter
from unclouded.hub.services.services import Services
from unclouded.links.replay import ReplayLink
from unclouded.recording.capture import CaptureReader
from virtual_loop import story

NOON = 1_795_176_000.0  # Unix seconds, 2026-11-20T12:00:00Z: when inputs without a date begin
TOLERANCE_S = 0.002  # of the times of frames: programs round them
SOURCES = ("report: ", "published: ", "simulator: ", "made: ")
CLOCK_FROM_BOOT = {"plug_clock_from_boot"}  # the clock of the plug is wrong
AFTER = {"energy_morning": "energy_evening"}  # the case that a plug played before

# Signatures and addresses in the cases: all made up.
SIGNATURES = (b"6762f16815a7620e26b7449f79c397cf", b"5e529a98a36095747fcc552a2bbeca50")
ADDRESSES = (b"48:e1:e9:00:00:", b"02:00:00:00:00:", b"00:11:22:33:44:55")  # how they begin
# Noise and cut frames in which something could be a secret, and is none.
HARMLESS = {"format_openbk_2026", "format_tasmota_truncated", "format_trap_time_55aa"}
ADDRESS = re.compile(rb"(?<![\w:-])(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}(?![\w:-])", re.IGNORECASE)
IP = re.compile(rb"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
SECRET = re.compile(
    rb"(?:pass(?:word|wd|phrase)?|psk|token|secret|pwd|ssid)[\"']?\s?[:=\[]\s?[\"']?[\w+/-]+", re.IGNORECASE
)


# --- the library ------------------------------------------------------------------------------------


def test_every_file_is_in_the_index_and_every_entry_has_its_file() -> None:
    files = [path.relative_to(CAPTURES).as_posix() for path in CAPTURES.rglob("*") if path.is_file() and path != INDEX]
    assert sorted(files) == sorted(case.file for case in CASES.values())


def test_ids_are_unique() -> None:
    assert INDEX.read_text("utf-8").count("[[case]]") == len(CASES)


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.id)
def test_an_entry_says_what_it_is_and_how_it_was_verified(case: RecordedCase) -> None:
    """A draft that no person has completed is refused."""
    assert re.fullmatch("[a-z0-9_]+", case.id)
    assert case.source.startswith(SOURCES) and case.source.partition(": ")[2].strip()
    assert case.shows.strip() and case.verified.strip()
    assert case.notes != NOTES
    assert "…" not in (case.shows, case.verified, case.device, case.firmware)
    folder = case.file.partition("/")[0]
    assert folder == "formats" or folder == case.family.partition("_")[0]


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.id)
def test_no_case_holds_a_secret_or_an_identity(case: RecordedCase) -> None:
    data = (CAPTURES / case.file).read_bytes()
    if case.format != ANSWERS and case.id not in HARMLESS:
        assert secret_pieces(data) == []
    if not case.file.startswith("formats/"):
        assert identities(data) == []
    assert SECRET.findall(data) == []


def secret_pieces(data: bytes) -> list[TimedPiece]:
    """The frames and stretches of noise in which the family's redactor finds something."""
    decoding, pieces = decoded(data)
    return [one for one in pieces if redacted(decoding, one) != without_signatures(one.piece.data)]


def identities(data: bytes) -> list[bytes]:
    """Addresses that are not made up."""
    public = [one for one in IP.findall(data) if ipaddress.ip_address(one.decode()).is_global]
    return public + [one for one in ADDRESS.findall(data) if not one.lower().startswith(ADDRESSES)]


def test_the_scan_finds_what_must_not_be_there() -> None:
    credentials = bytes(Frame(3, 0x2C, b'{"ssid":"Attic 5G","password":"hunter2!"}'))
    assert secret_pieces(credentials.hex().encode())
    assert identities(b"8.8.8.8 192.0.2.1 10.0.0.1 a8:bb:50:01:02:03 02:00:00:00:00:07") == [
        b"8.8.8.8",
        b"a8:bb:50:01:02:03",
    ]
    assert len(SECRET.findall(b'password=hunter2 "ssid": "Attic" Using Pass [secret] psk:12345678')) == 4


def decoded(data: bytes) -> tuple[LineDecoding, list[TimedPiece]]:
    decoding = decoding_of(None, one_file(BytesIO(data)))
    return decoding, list(decoding.pieces())


def without_signatures(data: bytes) -> bytes:
    for one in SIGNATURES:
        data = data.replace(one, b"*" * len(one))
    return data


def redacted(decoding: LineDecoding, one: TimedPiece) -> bytes:
    return decoding.reading.redact(one.piece.sender, one.piece.data)


# --- each case, from detection to readings ----------------------------------------------------------


@pytest.mark.parametrize("case", recordings(), ids=lambda case: case.id)
def test_a_case_is_read_as_its_entry_says(case: RecordedCase) -> None:
    found = read_case((CAPTURES / case.file).read_bytes(), case.profile)
    assert (found.format, found.family, found.dialect) == (case.format, case.family, case.dialect)
    compare(found.result, case.expected)


def compare(result: ExpectedResult, expected: ExpectedResult) -> None:
    """Frames only where they are listed; notices by their beginnings; numbers of readings to nine digits."""
    if expected.frames:
        assert [parted(frame) for frame in result.frames] == [parted(frame) for frame in expected.frames]
    assert [text[: len(part)] for text, part in zip(result.notices, expected.notices, strict=True)] == [
        *expected.notices
    ]
    assert result.readings.keys() == expected.readings.keys()
    for name, point in expected.readings.items():
        found = result.readings[name]
        assert (name, found.unit, found.quality) == (name, point.unit, point.quality)
        assert (name, [*map(type, found.values)]) == (name, [*map(type, point.values)])
        assert (name, found.values) == (name, tuple(approximate(value) for value in point.values))
    assert rest_of(result) == rest_of(expected)


def parted(frame: str) -> tuple[object, str]:
    time, _, rest = frame.partition(" ")
    return (None if time == "-" else pytest.approx(float(time), abs=TOLERANCE_S)), rest


def approximate(value: object) -> object:
    return pytest.approx(value, rel=1e-9) if isinstance(value, float) else value


def rest_of(result: ExpectedResult) -> ExpectedResult:
    return msgspec.structs.replace(result, frames=(), notices=(), readings={})


# --- the hub ----------------------------------------------------------------------------------------


PLAYED = [one for one in recordings() if one.family == "tuya_wifi" and not one.file.startswith("formats/")]
WITH_READINGS = [case for case in PLAYED if case.expected.readings]


def captured(name: str) -> bytes:
    """A case as a capture; frames without times are one second apart."""
    return capture_bytes(*decoded(path_of(name).read_bytes()))


@pytest.mark.parametrize("case", WITH_READINGS, ids=lambda case: case.id)
@story
async def test_the_newest_values_in_the_hub_are_those_of_the_case(tmp_path: Path, case: RecordedCase) -> None:
    _, facts = await in_hub(tmp_path, case.id, case.profile)
    newest = {one.point: one.value for one in facts if isinstance(one, Reading)}
    expected = {name: point.values[-1] for name, point in case.expected.readings.items()}
    assert {name: newest[name] for name in expected} == expected


async def in_hub(tmp_path: Path, name: str, profile_name: str) -> tuple[Hub, list[Fact]]:
    """What the hub makes of a case that a device plays, and the hub 5 s after its end."""
    file = tmp_path / "case.jsonl"
    file.write_bytes(captured(name))
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
        for_product=lambda product: library.for_product("tuya_wifi", product),
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


@story
async def test_a_device_that_answers_heartbeats_is_a_battery_device_in_the_hub(tmp_path: Path) -> None:
    hub, facts = await in_hub(tmp_path, "battery_with_heartbeats", "tuya/door_sensor")
    assert "battery dialect (reports with 05 and version 0)" in hub.devices()[0].info["dialect"]
    assert "online" in [fact.state for fact in facts if isinstance(fact, Status)]
    names = [entry.name for entry in hub.frames("thing", 200) if entry.sender == "device"]
    assert names.count("report") == 2, "the page names its frames in that dialect too"


def test_a_session_is_online_with_an_mcu_that_answers_no_heartbeat() -> None:
    """A capture is played without regard to what is asked; here each frame of the case answers what it did there."""
    answers: dict[bytes, list[bytes]] = {}
    asked = b""
    for line in CaptureReader(captured("no_heartbeat_answer").splitlines(keepends=True)):
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
async def test_a_zigbee_module_in_the_hub_has_its_frames_named_and_a_notice(tmp_path: Path) -> None:
    hub, facts = await in_hub(tmp_path, "zigbee_module_reports", "")
    frames = [entry for entry in hub.frames("thing", 200) if entry.sender == "device"]
    assert [entry.name for entry in frames] == ["report"] * 4
    assert "16 = 225" in frames[1].words
    assert [fact for fact in facts if "Devices with a Zigbee module are decoded" in getattr(fact, "words", "")]


# --- Meross -----------------------------------------------------------------------------------------


class PlugOfACase:
    """A plug with the answers of a case, and a hub with the same clock. ``ledgers``, ``memory``: of an earlier run."""

    def __init__(self, name: str, wall: float | None = None, before: "PlugOfACase | None" = None) -> None:
        self.table = json.loads(path_of(name).read_text("utf-8"))
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
        energy = DeviceEnergy(DEVICE, self.ledgers)
        reader = Interpreter(DEVICE, profile(), energy)
        for at in self.pair.events:
            if at.side == "controller" and isinstance(at.event, Reported):
                self.readings += reader.readings(at.event, self.wall + at.t)
            if at.side == "controller" and isinstance(at.event, Remember):
                self.memory[at.event.key] = at.event.value
        self.ledgers |= {ledger.point: ledger for ledger in energy.changed()}

    def notices(self) -> Iterator[str]:
        return (f"{event.kind}: {event.reason}" for event in self.pair.of("controller", Noticed))

    def newest(self, point: str) -> Reading:
        return [one for one in self.readings if one.point == point][-1]


def played(name: str) -> PlugOfACase:
    """An hour of a plug with these answers, after the case that it follows. The computer's clock is right."""
    before = played(AFTER[name]) if name in AFTER else None
    plug = PlugOfACase(name, wall=NOON if name in CLOCK_FROM_BOOT else None, before=before)
    plug.run(3600)
    return plug


@pytest.mark.parametrize("case", [one for one in CASES.values() if one.format == ANSWERS], ids=lambda case: case.id)
def test_a_plug_with_the_answers_of_a_case_has_its_readings(case: RecordedCase) -> None:
    plug = played(case.id)
    compare(ExpectedResult(readings=point_values(plug.readings), notices=tuple(plug.notices())), case.expected)


def test_zeros_are_marked_and_say_what_to_do() -> None:
    plug = PlugOfACase("plug_without_values")
    plug.run(120)
    for point in ("power_W", "current_A"):
        reading = plug.newest(point)
        assert (reading.value, reading.quality) == (0, "suspect")
    assert any("measures nothing" in text and "bind the plug" in text for text in plug.notices())


def test_the_clock_is_set_and_nothing_is_stored_at_the_plugs_wrong_time() -> None:
    plug = PlugOfACase("plug_clock_from_boot", wall=NOON)
    plug.run(120)
    assert plug.device.set_time and abs(plug.device.set_time[0]["timestamp"] - NOON) < 60
    assert any("has set its time" in text for text in plug.notices())
    assert plug.readings and min(one.at for one in plug.readings) >= NOON


def test_the_energy_of_a_night_without_a_hub() -> None:
    evening = PlugOfACase("energy_evening")
    evening.run(3600)
    assert evening.newest(IMPORT).value == 950
    morning = PlugOfACase("energy_morning", before=evening)
    morning.run(3600)
    totals = {one.at: one.value for one in morning.readings if one.point == IMPORT}
    assert totals[1_646_640_120] == 2520, "1000 of the first day and 1520 of the second"
    days = morning.ledgers[IMPORT].days
    assert days["2022-03-06"].counted == 1_000_000
    assert days["2022-03-07"].counted == float(morning.newest(IMPORT).value) * 1000 - 1_000_000
