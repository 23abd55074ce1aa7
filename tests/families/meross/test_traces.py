"""Three recordings of real plugs, read completely: hardware 1 across local midnight, hardware 2 and hardware 8.

They are other people's recordings and are not part of the project; headers were not recorded, so each payload is
wrapped in an envelope of our own.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from families.meross.meross_pair import HTTP, KEY
from pair import ambient
from unclouded.core.sessions.session import Event, Identified, Online, Rejected, Reported
from unclouded.families.meross import MerossController, MerossSettings
from unclouded.families.meross.controller.paths.request_window import WindowRequest
from unclouded.families.meross.wire.envelope import parse, reply, request
from unclouded.families.meross.wire.messages import Message, Nothing, Query, UnknownPayload
from unclouded.families.meross.wire.namespaces import read_message

FOLDER = Path(__file__).parents[4] / "shared" / "vectors" / "meross"
HW1, HW2, HW8 = "mss310_hw1_fw1.1.18.tsv", "mss310r_hw2_fw2.1.4.tsv", "mss305_hw8_fw8.3.15.tsv"
VERSIONS = {HW1: "1.1.18", HW2: "2.1.4", HW8: "8.3.15"}

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="these recordings are not part of the repository")


class Row(msgspec.Struct):
    at: str
    direction: str
    transport: str
    method: str
    namespace: str
    payload: bytes


def rows(name: str) -> list[Row]:
    lines = (FOLDER / name).read_text("utf-8").splitlines()
    cells = [line.split("\t", 5) for line in lines]
    found = [Row(at, way, wire, method, name, payload.encode()) for at, way, wire, method, name, payload in cells]
    return [row for row in found if row.method != "LOG"]


def answers(name: str) -> list[Row]:
    return [row for row in rows(name) if row.direction == "RX"]


def clock_of(row: Row) -> int:
    """The plug's clock in this recording: from the record's wall time and the first System.All."""
    return int(datetime.strptime(row.at, "%Y/%m/%d - %H:%M:%S").replace(tzinfo=UTC).timestamp())


OFFSETS = {HW1: -3600, HW2: 0, HW8: 0}  # the recording's local time, to UTC


def digest(name: str) -> list[Event]:
    """Every RX of the recording, given as the answer to the request that the controller really sends, or as a PUSH."""
    first = rows(name)[0]
    received = [msgspec.structs.replace(first, payload=b'{"all":%s}' % first.payload), *answers(name)]
    clocks = [clock_of(row) + OFFSETS[name] for row in received]
    now_of_the_hub = msgspec.structs.replace(ambient(), wall=lambda now: clocks[int(now)])
    one = MerossController(MerossSettings(key=KEY), now_of_the_hub)
    own = f"/appliance/{json.loads(first.payload)['system']['hardware']['uuid']}/publish"
    events = [*one.up(HTTP, 0.0)]
    for number, row in enumerate(received):
        now, clock = float(number), clocks[number]
        if row.method == "PUSH":
            data = request("PUSH", row.namespace, row.payload, message_id="a", key=KEY, timestamp=clock, from_=own)
            events += one.receive(data, now, "http")
            continue
        one._requests.clear()
        one._requests.add(_request(row))
        (out,) = one.outgoing(now)
        answer = reply(parse(out.data).header, row.payload, key=KEY, timestamp=clock, from_=own)
        events += one.receive(bytes(answer), now, "http", out.id)
    return events


def _request(row: Row) -> WindowRequest:
    is_all = row.namespace.endswith("System.All")
    return WindowRequest("request", row.method.removesuffix("ACK"), row.namespace, path="http" if is_all else "")


def typed(name: str) -> list[Message]:
    wrapped = {"Appliance.System.All": "all", "Appliance.System.Ability": "ability"}
    return [
        read_message(
            row.method,
            row.namespace,
            b'{"%s":%s}' % (wrapped[row.namespace].encode(), row.payload) if row.transport == "auto" else row.payload,
        )
        for row in rows(name)
    ]


@pytest.mark.parametrize(("name", "count"), [(HW1, 127), (HW2, 54), (HW8, 32)])
def test_every_row_is_a_typed_message(name: str, count: int) -> None:
    found = typed(name)
    assert len(found) == count
    assert not [message for message in found if isinstance(message, UnknownPayload)]
    queries = sum(row.method == "GET" for row in rows(name))
    assert sum(isinstance(message, Query) for message in found) == queries
    empty = sum(row.method == "SETACK" or (row.method == "PUSH" and row.payload == b"{}") for row in rows(name))
    assert sum(isinstance(message, Nothing) for message in found) == empty


@pytest.mark.parametrize("name", [HW1, HW2, HW8])
def test_the_controller_accepts_every_answer_and_push(name: str) -> None:
    events = digest(name)
    assert not [event for event in events if isinstance(event, Rejected) and "empty" not in event.reason]
    assert events.count(Online()) == 1
    assert {event.info["version"] for event in events if isinstance(event, Identified)} == {VERSIONS[name]}


@pytest.mark.parametrize("name", [HW1, HW2, HW8])
def test_readings_carry_the_values_that_the_trace_shows(name: str) -> None:
    shown = [json.loads(row.payload)["electricity"] for row in answers(name) if row.namespace.endswith("Electricity")]
    reported = [e.values for e in digest(name) if isinstance(e, Reported) and "electricity.power" in e.values]
    assert [{key: values[f"electricity.{key}"] for key in ("power", "voltage", "current")} for values in reported] == [
        {key: one[key] for key in ("power", "voltage", "current")} for one in shown
    ]


def test_hardware_1_counts_days_in_utc_so_local_midnight_starts_none() -> None:
    energy = [e for e in digest(HW1) if isinstance(e, Reported) and "consumption.counter" in e.values]
    assert [(e.values["consumption.counter"], e.at) for e in energy] == [
        (462, 1714431030.0),
        (463, 1714431210.0),
        (464, 1714431255.0),
        (465, 1714431301.0),
        (466, 1714431346.0),
        (467, 1714431436.0),
        (468, 1714431481.0),
    ]
    assert all(e.values["consumption.today"] == e.values["consumption.counter"] for e in energy)
    zeros = [e for e in digest(HW1) if isinstance(e, Reported) and e.values == {"consumption.today": 0}]
    assert not zeros, "23:00 UTC is midnight in Dublin, but this plug goes on"


def test_hardware_2_has_used_nothing_today_although_its_ring_holds_older_days() -> None:
    energy = [e for e in digest(HW2) if isinstance(e, Reported) and "consumption.today" in e.values]
    assert [(dict(e.values), e.at) for e in energy] == [
        ({"consumption.counter": 0, "consumption.today": 0}, 1676020378.0)
    ]


def test_the_settings_of_hardware_8_are_read_from_every_form_of_its_answers() -> None:
    reported: dict[str, object] = {}
    for event in digest(HW8):
        if isinstance(event, Reported):
            reported |= event.values
    assert {key: value for key, value in reported.items() if key.startswith(("over", "standby"))} == {
        "over_temperature.enable": True,
        "over_temperature.type": 0,
        "standby_killer.enable": False,
        "standby_killer.power": 0,
        "standby_killer.time": 300,
        "standby_killer.alert": False,
    }
    assert "consumption.hour" not in reported, "its last record is three days old"
    assert reported["consumption.today"] == 0 and reported["runtime.signal"] == 100


def test_the_push_of_the_switch_at_local_midnight_is_reported() -> None:
    pushes = [row for row in answers(HW1) if row.method == "PUSH"]
    relays = [e for e in digest(HW1) if isinstance(e, Reported) and "onoff" in e.values]
    assert len(pushes) == 1 and all(e.values == {"onoff": True} for e in relays)
