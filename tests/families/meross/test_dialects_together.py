"""The controller with each simulated generation, over HTTP and over the broker: chosen by ability, never by model."""

import pytest

from families.meross.meross_pair import (
    KEY,
    UUID,
    controller,
    measures,
    messages_of,
    over_broker,
    over_http,
    plug,
    reported,
)
from pair import ambient
from unclouded.core.sessions.session import (
    Identified,
    Noticed,
    Offline,
    Online,
    Rejected,
    Settled,
    WireCommand,
    WireValue,
)
from unclouded.families.meross import MerossDevice, PlugOptions
from unclouded.families.meross.plug.state.dialects import DIALECTS
from unclouded.families.meross.wire.lan_encryption import is_clear

METER = {"electricity.power", "electricity.voltage", "electricity.current", "consumption.counter", "runtime.signal"}
HAS = {
    "hw1": {"led"},
    "hw2": {"led"},
    "hw2.1.7": {"led"},
    "hw6": {"led"},
    "hw6.3": {"led", "over_temperature.enable", "over_temperature.type"},
    "hw8": {"led", "over_temperature.enable", "standby_killer.power", "standby_killer.time"},
}


def device(dialect: str, *faults: str) -> MerossDevice:
    return MerossDevice(PlugOptions(uuid=UUID, key=KEY, dialect=dialect, faults=frozenset(faults)), ambient(2))


@pytest.mark.parametrize("wire", [over_http, over_broker])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_generation_is_read_and_set(wire: object, dialect: str) -> None:
    pair = wire(controller(), device(dialect))  # type: ignore[operator]
    pair.run(until=5.0)
    pair.submit(measures(), "device")
    pair.run(until=80.0)
    values = reported(pair)
    assert values["electricity.power"] == 67_379
    assert METER | HAS[dialect] <= values.keys()
    who = pair.of("controller", Identified)[-1]
    assert not who.lacks & (METER | HAS[dialect])
    assert who.info["hardware"] == DIALECTS[dialect].hardware and who.info["server_in_use"]
    commands: list[tuple[str, WireValue]] = [("onoff", True), *((key, 0) for key in sorted(HAS[dialect]))]
    tickets = [pair.submit(WireCommand({key: value})) for key, value in commands]
    pair.run(until=120.0)
    assert [(one.ticket, one.result) for one in pair.of("controller", Settled)] == [(t, "confirmed") for t in tickets]
    assert pair.of("controller", Online) == [Online()] and not pair.of("controller", Rejected)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_hours_of_polls_and_a_midnight_lead_to_no_rejection_and_no_notice_of_a_defect(dialect: str) -> None:
    pair = over_broker(controller(), device(dialect))
    pair.run(until=10.5 * 3600.0)  # from 14:13 UTC
    assert not pair.of("controller", Rejected) and not pair.of("controller", Offline)
    assert {event.kind for event in pair.of("controller", Noticed)} <= {"clock"}


def test_only_the_newest_generation_encrypts_http() -> None:
    for dialect, row in DIALECTS.items():
        pair = over_http(controller(), device(dialect))
        pair.run(until=60.0)
        sent = [data for data in pair.sent_by("controller") if data]
        assert all(map(is_clear, sent)) != row.encrypts
        info = pair.of("controller", Identified)[-1].info
        assert info.get("http", "") == ("encrypted" if row.encrypts else "")


def test_hardware_8_with_another_key_is_refused_in_words_over_http() -> None:
    pair = over_http(controller(key="another"), device("hw8"))
    pair.run(until=120.0)
    assert not pair.of("controller", Online)


def test_the_first_reads_of_hardware_2_take_half_the_requests_of_hardware_1() -> None:
    counts = {}
    for hardware in (1, 2):
        pair = over_http(controller(), plug(hardware=hardware))
        pair.run(until=9.0)
        counts[hardware] = len(messages_of(pair, "controller"))
    assert counts[2] < counts[1]
