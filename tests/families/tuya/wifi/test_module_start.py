"""How the module finds an MCU and notices that it is gone, whatever the MCU answers and leaves unanswered."""

import random
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pair import Pair, ambient, usual_answers
from unclouded.core.sessions.session import (
    Answer,
    AskNetwork,
    Event,
    Identified,
    LinkPath,
    Network,
    Offline,
    Online,
    Out,
    Question,
    Refusal,
    Reported,
    Settled,
    Waiting,
    WireCommand,
)
from unclouded.families.tuya.controller import controller
from unclouded.families.tuya.line.framing import Frame, Framer
from unclouded.families.tuya.settings import LineSettings
from unclouded.families.tuya.wifi.commands import WIFI
from unclouded.families.tuya.wifi.mcu.mcu import McuOptions, wifi_mcu
from unclouded.families.tuya.wifi.module.module import WifiSettings, wifi_module
from unclouded.families.tuya.wifi.module.network import ShownNetwork
from wrapped_session import Wrapped

CASE = Path(__file__).parents[3] / "captures" / "tuya" / "no_heartbeat_answer.jsonl"
PLUG = WireCommand({"1": True, "19": 673})
PRODUCT = b'{"p":"mmadeupthermo000","v":"1.1.5","c":0}'.hex()
NORMAL = LineSettings(dialect="normal")
NOT_FOUND = "The MCU does not answer heartbeats: is it powered, are RX and TX the right way round?"


def mcu_sends(command: int, payload: str = "", version: int = 3) -> bytes:
    return bytes(Frame(version, command, bytes.fromhex(payload)))


def line(*faults: str, dialect: LineSettings = NORMAL, **options: object) -> Pair:
    mcu = wifi_mcu(McuOptions(faults=frozenset(faults), **options))  # type: ignore[arg-type]  # McuOptions' own
    pair = Pair(controller(dialect, ambient()), mcu)
    pair.submit(PLUG, "device")
    return pair


def reasons(pair: Pair) -> list[str]:
    return [event.reason for event in pair.of("controller") if isinstance(event, Waiting | Offline)]


def statuses(pair: Pair, after: float = 0.0) -> list[int]:
    return [data[6] for t, side, data in pair.sent if side == "controller" and data[3] == 3 and t >= after]


def numbers(pair: Pair, after: float, side: str = "controller") -> list[int]:
    return [data[3] for t, who, data in pair.sent if who == side and t >= after]


def times(pair: Pair, command: int, after: float = 0.0) -> list[float]:
    return [t for t, side, data in pair.sent if side == "controller" and data[3] == command and t >= after]


def dead(data: bytes, rng: random.Random) -> bytes:
    """What the MCU sends is lost; it sends with version 3."""
    return b"" if data[2] == 3 else data


class Answering(Wrapped):
    """An MCU that answers these commands with these frames, and nothing else."""

    def __init__(self, **answers: list[bytes]) -> None:
        super().__init__(wifi_mcu(McuOptions(faults=frozenset({"sends-nothing"}))))
        self.answers = {int(name[1:], 16): frames for name, frames in answers.items()}
        self.outs: list[bytes] = []
        self._framer = Framer((WIFI.shapes,))

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> list[Event]:
        for piece in self._framer.feed(data, now):
            if isinstance(piece, Frame):
                self.outs += self.answers.get(piece.command, [])
        return []

    def outgoing(self, now: float) -> list[Out]:
        outs, self.outs = self.outs, []
        return [Out(data) for data in outs]


def recorded_mcu() -> Answering:
    """The MCU of the public report: what it answers there, and nothing else."""
    rows = [msgspec.json.decode(line) for line in CASE.read_text().splitlines()[1:]]
    answers: dict[str, list[bytes]] = {}
    asked = ""
    for row in rows:
        data = bytes.fromhex(row["hex"])
        if row["from"] == "controller":
            asked = f"x{data[3]:02x}"
        elif data not in answers.setdefault(asked, []):
            answers[asked].append(data)
    return Answering(**answers)


# --- heartbeats are no precondition -------------------------------------------------------------------


@pytest.mark.parametrize("dialect", ["auto", "normal"])
def test_the_mcu_of_a_public_report_that_answers_no_heartbeat_is_online(dialect: str) -> None:
    """docs/protocols/tuya_wifi.md §2.6 item 18: esphome#11631. In the report no 02 was sent; this one ignores it."""
    line_settings = LineSettings(dialect=dialect)  # type: ignore[arg-type]  # one of them
    pair = Pair(controller(line_settings, ambient()), recorded_mcu())
    pair.run(until=60.0)
    assert pair.of("controller", Online) == [Online()]
    values = {key: value for event in pair.of("controller", Reported) for key, value in event.values.items()}
    assert values.keys() == {"1", "2"} and values["1"] is True
    assert pair.of("controller", Offline) == []
    assert pair.when("controller", Online)[0] < 12.0


@pytest.mark.parametrize("dialect", ["auto", "normal"])
def test_an_mcu_that_answers_all_but_heartbeats_is_online_and_can_be_set(dialect: str) -> None:
    pair = line("ignores-heartbeats", dialect=LineSettings(dialect=dialect))  # type: ignore[arg-type]  # one of them
    pair.run(until=6.0)
    assert pair.of("controller", Online) == [Online()]
    ticket = pair.submit(WireCommand({"1": False}))
    pair.run(until=120.0)
    assert pair.of("controller", Settled) == [Settled(ticket)]
    assert pair.of("controller", Offline) == []


def test_an_mcu_that_was_only_late_is_asked_for_a_heartbeat_at_once_and_started_as_any_other() -> None:
    """It was switched on when 01 was due; its first answer to a heartbeat is no restart."""
    mcu = wifi_mcu(McuOptions())
    pair = Pair(controller(NORMAL, ambient()), mcu, damage=lambda data, rng: b"")  # it is off
    pair.submit(PLUG, "device")
    pair.run(until=2.9)
    pair._damage = None
    pair.run(until=5.0)
    assert numbers(pair, 2.9) == [1, 0, 1, 2, 3, 3, 8]
    assert pair.stats("controller")["restarts"] == 0
    pair.send("device", mcu_sends(0, "00"))
    assert pair.of("controller", Online) == [Online()]
    pair.run(until=6.0)
    assert pair.stats("controller")["restarts"] == 1


def test_an_mcu_without_heartbeats_is_sent_one_from_time_to_time_that_holds_nothing_up() -> None:
    pair = line("ignores-heartbeats")
    pair.run(until=100.0)
    beats = times(pair, 0, after=10.0)
    assert 5 <= len(beats) <= 7  # one in 15 s
    assert len(times(pair, 1, after=10.0)) == len(beats) - 1  # and a 01, for it sends nothing by itself
    ticket = pair.submit(WireCommand({"1": False}))
    pair.run(until=100.5)
    assert pair.of("controller", Settled) == [Settled(ticket)]


def test_an_mcu_that_begins_to_answer_heartbeats_gets_them_as_any_other() -> None:
    pair = line()
    pair._damage = lambda data, rng: b"" if data[2:4] == b"\3\0" else data
    pair.run(until=20.0)
    assert pair.of("controller", Online) == [Online()]
    pair._damage = None
    pair.run(until=40.0)
    pair._damage = dead
    pair.run(until=70.0)
    assert reasons(pair)[-1] == "no heartbeat answer"


@pytest.mark.parametrize("fault", ["ignores-heartbeats", ""])
def test_an_mcu_without_heartbeats_that_dies_is_noticed_and_comes_back(fault: str) -> None:
    """By a question of our own after 15 to 30 s of silence; once by its nature, once because it wants none (25)."""
    pair = line(*filter(None, [fault]))
    pair.run(until=10.0)
    if not fault:
        pair.send("device", mcu_sends(0x25))
        pair.run(until=41.0)
        assert times(pair, 0, after=10.0) == []
    assert pair.of("controller", Offline) == []
    dies = pair.now
    pair._damage = dead
    pair.run(until=dies + 40.0)
    [offline] = [at for at in pair.events if isinstance(at.event, Offline)]
    assert offline.event == Offline("no answer to product info") and offline.t <= dies + 2 * 15.0 + 3.1
    refused = pair.submit(WireCommand({"1": False}))
    pair._damage = None
    pair.run(until=pair.now + 10.0)
    assert pair.of("controller", Settled) == [Settled(refused, "unreachable", "no answer to product info")]
    assert len(pair.of("controller", Online)) == 2


def test_an_mcu_without_heartbeats_that_reports_by_itself_is_not_asked() -> None:
    pair = line("ignores-heartbeats")
    for second in range(10, 200, 5):
        pair.run(until=float(second))
        pair.submit(WireCommand({"19": second}), "device")
    assert times(pair, 1, after=10.0) == []


def test_an_mcu_that_answers_heartbeats_no_longer_but_all_else_stays_online() -> None:
    pair = line()
    pair.run(until=14.0)
    pair._damage = lambda data, rng: b"" if data[2:4] == b"\3\0" else data
    for second in range(14, 60):
        pair.run(until=float(second))
        pair.submit(WireCommand({"19": second}), "device")
    assert pair.of("controller", Offline) == []
    pair._damage = dead
    pair.run(until=120.0)
    assert reasons(pair) == ["no answer to product info"]


def test_one_report_between_the_heartbeats_does_not_keep_a_dead_mcu_online() -> None:
    pair = line()
    pair.run(until=15.5)
    pair._damage = dead
    pair.run(until=30.5)
    pair.send("device", mcu_sends(7, "1302000400000001", version=1))
    pair.run(until=45.0)
    assert reasons(pair) == ["no answer to product info"]
    assert pair.when("controller", Offline)[0] < 37.0


def test_while_it_is_not_known_that_the_dialect_is_the_ordinary_one_product_info_alone_begins_nothing() -> None:
    """A battery device answers 01 with version 0: it is not asked for its working mode, which is a status there."""
    module = wifi_module(WifiSettings(), ambient())
    module.role.recognise(False)
    module.up(LinkPath(), 0.0)
    module.receive(mcu_sends(1, PRODUCT, version=0), 0.5)
    sent = set()
    for quarter in range(60):
        module.tick(quarter / 4)
        sent |= {out.data[3] for out in module.outgoing(quarter / 4)}
    assert sent == {0}


# --- the reasons ----------------------------------------------------------------------------------------


def test_the_reason_why_no_mcu_is_found_is_renewed_by_what_is_received() -> None:
    pair = Pair(wifi_module(WifiSettings(), ambient()), wifi_mcu(McuOptions(faults=frozenset({"sends-nothing"}))))
    pair.run(until=20.0)
    pair.send("device", b"\xf8\x00\xfe" * 5)
    pair.run(until=40.0)
    pair.send("device", mcu_sends(7, "0101000101"))
    pair.run(until=60.0)
    pair.send("device", mcu_sends(1, PRODUCT))
    pair.run(until=130.0)
    assert reasons(pair) == [
        NOT_FOUND,
        "Only noise comes from the MCU (15 bytes): is the baud rate right (9600 or 115200)?",
        "The MCU sends frames, but answers neither heartbeats nor product info",
        "The MCU answers product info but not heartbeats, working mode, network status or query",
        "no answer to product info",
    ]
    assert pair.of("controller", Online) == []


def test_no_reason_is_repeated_however_long_it_lasts() -> None:
    pair = line("sends-nothing")
    pair.run(until=3600.0)
    assert reasons(pair) == [NOT_FOUND]
    stuck = line("ignores-product-query")
    stuck.run(until=3600.0)
    assert reasons(stuck) == ["The MCU answers heartbeats but not product info"]


def test_after_it_was_lost_the_reason_is_renewed_too() -> None:
    pair = line()
    pair.run(until=10.0)
    pair._damage = dead
    pair.run(until=60.0)
    pair.send("device", mcu_sends(7, "0101000101", version=1))  # it sends again, and answers nothing
    pair.run(until=80.0)
    assert reasons(pair) == [
        "no heartbeat answer",
        "The MCU sends frames, but answers neither heartbeats nor product info",
    ]


def test_joined_wires_that_were_mended_are_no_reason_any_more() -> None:
    pair = line("echoes-input")
    pair.run(until=10.0)
    other = Pair(pair._ends["controller"], wifi_mcu(McuOptions(faults=frozenset({"sends-nothing"}))), start=False)
    other.now = 10.0
    other.mend()
    other.run(until=30.0)
    assert reasons(pair) == ["What is sent comes straight back: TX and RX are joined, and no MCU answers"]
    assert reasons(other) == [NOT_FOUND]


def test_one_that_answers_product_info_and_then_nothing_more_is_stuck_then_gone() -> None:
    mcu = Answering(x00=[mcu_sends(0, "01")], x01=[mcu_sends(1, PRODUCT)])
    pair = Pair(wifi_module(WifiSettings(), ambient()), mcu)
    pair.run(until=60.0)
    text = "The MCU answers heartbeats and product info but not working mode, network status or query"
    assert reasons(pair) == [text] and pair.of("controller", Online) == []
    mcu.answers[3] = [mcu_sends(3)]
    pair.run(until=90.0)
    assert pair.of("controller", Online) == [Online()]


def test_reports_beside_product_info_are_enough_whether_they_were_requested_or_not() -> None:
    mcu = Answering(x01=[mcu_sends(1, PRODUCT)])
    pair = Pair(wifi_module(WifiSettings(), ambient()), mcu)
    pair.run(until=60.0)
    assert len(pair.of("controller", Waiting)) == 1 and pair.of("controller", Online) == []
    pair.send("device", mcu_sends(7, "0101000101"))
    pair.run(until=61.0)
    assert pair.of("controller", Online) == [Online()]
    assert times(pair, 2, after=60.0)  # the rest of the start is tried again
    ticket = pair.submit(WireCommand({"1": True}))
    pair.send("device", mcu_sends(7, "0101000101"))
    pair.run(until=80.0)
    assert pair.of("controller", Settled) == [Settled(ticket, "timeout", "no report within 5 s")]


def test_reports_without_product_info_are_not_enough() -> None:
    pair = Pair(wifi_module(WifiSettings(), ambient()), Answering(x00=[mcu_sends(0, "01")]))
    for second in range(1, 40):
        pair.run(until=float(second))
        pair.send("device", mcu_sends(7, "0101000101"))
    assert pair.of("controller", Online) == []
    assert len(pair.of("controller", Reported)) == 39 - 1
    assert reasons(pair) == ["The MCU answers heartbeats but not product info; it reports values"]


def test_what_it_answered_before_it_was_started_anew_is_no_part_of_the_reason() -> None:
    """Stuck, online, and stuck again: each time reported, and with what it answers now."""
    mcu = Answering(x00=[mcu_sends(0, "01")])
    pair = Pair(wifi_module(WifiSettings(), ambient()), mcu)
    pair.run(until=20.0)
    mcu.answers |= {1: [mcu_sends(1, PRODUCT)], 2: [mcu_sends(2)]}
    pair.run(until=50.0)
    del mcu.answers[1], mcu.answers[2]
    pair.send("device", mcu_sends(0, "00"))
    pair.run(until=70.0)
    assert reasons(pair) == ["The MCU answers heartbeats but not product info"] * 2
    assert pair.of("controller", Online) == [Online()]


def test_heartbeats_that_are_answered_no_longer_are_part_of_the_reason() -> None:
    mcu = Answering(x00=[mcu_sends(0, "01")], x01=[mcu_sends(1, PRODUCT)], x02=[mcu_sends(2)])
    pair = Pair(wifi_module(WifiSettings(), ambient()), mcu)
    pair.run(until=20.0)
    mcu.answers = {2: [mcu_sends(2)], 1: [mcu_sends(1, PRODUCT)]}
    for second in range(20, 40):
        pair.run(until=float(second))
        pair.send("device", mcu_sends(7, "0101000101"))
    del mcu.answers[1]
    pair.send("device", mcu_sends(4))
    pair.run(until=47.0)
    assert reasons(pair) == ["The MCU sends frames, but answers neither heartbeats nor product info"]


@pytest.mark.parametrize("answers", [{"x02": ""}, {"x03": ""}, {"x08": "0101000101"}])
def test_beside_product_info_one_answer_of_three_is_enough(answers: dict[str, str]) -> None:
    frames = {name: [mcu_sends(7 if name == "x08" else int(name[1:], 16), text)] for name, text in answers.items()}
    mcu = Answering(x01=[mcu_sends(1, PRODUCT)], **frames)
    pair = Pair(wifi_module(WifiSettings(), ambient()), mcu)
    pair.run(until=40.0)
    assert pair.of("controller", Online) == [Online()] and pair.of("controller", Waiting) == []


# --- 25 -------------------------------------------------------------------------------------------------


def test_heartbeats_stay_off_while_the_same_firmware_runs_and_are_on_again_with_another() -> None:
    pair = line()
    pair.run(until=5.0)
    pair.send("device", mcu_sends(0x25))
    pair.run(until=100.0)
    product = b'{"p":"uncloudedplugsim","v":"%s","m":0}'
    pair.send("device", mcu_sends(1, (product % b"1.0.0").hex()))
    pair.run(until=200.0)
    assert times(pair, 0, after=5.0) == []
    pair.send("device", mcu_sends(1, (product % b"1.0.1").hex()))
    pair.run(until=300.0)
    assert len(times(pair, 0, after=200.0)) == 7


def test_heartbeats_that_are_switched_off_in_the_start_go_on_until_it_is_over() -> None:
    """docs/protocols/tuya_wifi.md §2.4.17: the start needs them."""
    pair = line()
    pair._damage = lambda data, rng: b"" if data[2:4] == b"\3\1" else data  # its product info is lost
    pair.run(until=10.0)
    pair.send("device", mcu_sends(0x25))
    pair.run(until=50.0)
    assert len(times(pair, 0, after=10.0)) == 3 and pair.of("controller", Online) == []
    pair._damage = None
    pair.run(until=70.0)
    assert pair.of("controller", Online) == [Online()]
    pair.run(until=200.0)
    assert times(pair, 0, after=70.0) == []
    pair._damage = dead
    pair.run(until=250.0)
    assert reasons(pair)[-1] == "no answer to product info"


def test_one_that_answers_product_info_alone_stays_stuck_and_is_not_called_gone() -> None:
    pair = Pair(wifi_module(WifiSettings(), ambient()), Answering(x01=[mcu_sends(1, PRODUCT)]))
    pair.run(until=600.0)
    assert reasons(pair) == ["The MCU answers product info but not heartbeats, working mode, network status or query"]


# --- the network and resets -----------------------------------------------------------------------------


def test_the_network_status_is_right_when_the_hub_answers_late() -> None:
    """The answer comes after the status was sent, but before the start is over."""
    for late in (0.0, 0.006, 0.012, 0.5):
        pair = Pair(
            wifi_module(WifiSettings(), ambient()),
            wifi_mcu(McuOptions()),
            answers=lambda side, question: None if question == AskNetwork() else usual_answers(side, question),
        )
        pair.run(until=late)
        pair._take("controller", pair._ends["controller"].answer(1, Network.NO_ROUTER.value, pair.now))
        pair.run(until=10.0)
        assert statuses(pair)[-1] == Network.NO_ROUTER.value


def test_a_network_status_that_changes_before_the_old_one_is_acknowledged_is_the_last_that_is_sent() -> None:
    pair = Pair(
        wifi_module(WifiSettings(), ambient()),
        wifi_mcu(McuOptions()),
        answers=lambda side, question: None if question == AskNetwork() else usual_answers(side, question),
        damage=lambda data, rng: b"" if data[2:4] == b"\3\3" else data,
    )
    pair.run(until=1.5)
    pair._take("controller", pair._ends["controller"].answer(1, Network.NO_ROUTER.value, pair.now))
    pair.run(until=30.0)
    assert statuses(pair)[:2] == [3, 3] and set(statuses(pair, 1.5)) == {2}


def test_a_reset_that_is_followed_by_pairing_at_once_sends_each_state_once() -> None:
    pair = line()
    pair.run(until=5.0)
    pair.send("device", mcu_sends(4) + mcu_sends(0x2A, b'{"s":"home","p":"hushhush","t":"token"}'.hex()))
    pair.run(until=300.0)
    assert statuses(pair, 5.0) == [3, 4]


def test_a_reset_of_an_mcu_that_answers_heartbeats_no_longer_begins_the_start_too() -> None:
    pair = line()
    pair.run(until=10.0)
    pair._damage = lambda data, rng: b"" if data[2:4] == b"\3\0" else data
    pair.send("device", mcu_sends(4))
    pair.run(until=11.0)
    pair.submit(WireCommand({"19": 5}), "device")
    pair.run(until=20.0)
    assert statuses(pair, 10.0) == [0] and pair.of("controller", Offline) == []


@pytest.mark.parametrize(
    ("fields", "minutes"),
    [({}, 3), ({"m": 2, "mt": 5}, 5), ({"m": 2, "mt": 10}, 10), ({"m": 2, "mt": 60}, 3), ({"m": 1, "mt": 5}, 3)],
)
@pytest.mark.parametrize(("request_", "status"), [(mcu_sends(4), 0), (mcu_sends(5, "01"), 1)])
def test_a_reset_begins_the_start_again_and_the_mcu_sees_pairing_for_its_minutes(
    fields: dict[str, int], minutes: int, request_: bytes, status: int
) -> None:
    """docs/protocols/tuya_wifi.md §2.4.7."""
    pair = line(fields=fields, pairing=fields.get("m", 0))
    pair.run(until=20.0)
    pair.send("device", request_)
    pair.run(until=30.0)
    assert numbers(pair, 20.0) == [request_[3], 0, 1, 2, 3, 8]
    assert statuses(pair, 20.0) == [status]
    pair.run(until=20.0 + 60.0 * minutes - 1)
    pair.send("device", mcu_sends(0x2B))
    pair.run(until=20.0 + 60.0 * minutes - 0.5)
    assert statuses(pair, 20.0) == [status]
    assert pair.sent_by("controller")[-1] == bytes(Frame(0, 0x2B, bytes((status,))))
    pair.run(until=20.0 + 60.0 * minutes + 2)
    assert statuses(pair, 20.0) == [status, 2, 3, 4]
    assert pair.of("controller", Offline) == [] and pair.of("controller", Online) == [Online()]


@pytest.mark.parametrize("fault", ["", "ignores-heartbeats"])
def test_a_reset_in_the_start_or_of_an_mcu_without_heartbeats_begins_it_again_too(fault: str) -> None:
    pair = line(*filter(None, [fault]))
    pair.run(until=0.02 if not fault else 10.0)
    pair.send("device", mcu_sends(4))
    pair.run(until=20.0)
    assert statuses(pair)[-1] == 0 and pair.of("controller", Online) == [Online()]
    pair.run(until=200.0)
    assert statuses(pair)[-3:] == [2, 3, 4]


def test_a_reset_switches_heartbeats_on_again() -> None:
    """The module starts again: it does not know that the MCU wanted none."""
    pair = line()
    pair.run(until=5.0)
    pair.send("device", mcu_sends(0x25))
    pair.run(until=10.0)
    pair.send("device", mcu_sends(4))
    pair.run(until=60.0)
    assert len(times(pair, 0, after=10.0)) == 4


def test_pairing_over_the_line_ends_the_pairing_for_good() -> None:
    pair = line()
    pair.run(until=5.0)
    pair.send("device", mcu_sends(4))
    pair.run(until=10.0)
    pair.send("device", mcu_sends(0x2A, b'{"s":"home","p":"hushhush","t":"token"}'.hex()))
    pair.run(until=300.0)
    assert statuses(pair, 5.0) == [0, 2, 3, 4]


def test_a_new_connection_ends_the_pairing() -> None:
    pair = line()
    pair.run(until=5.0)
    pair.send("device", mcu_sends(4))
    pair.run(until=10.0)
    pair.cut()
    pair.mend()
    pair.run(until=300.0)
    assert statuses(pair, 10.0) == [3, 4]


def test_an_mcu_that_restarts_while_it_pairs_is_sent_pairing_again() -> None:
    pair = line()
    pair.run(until=5.0)
    pair.send("device", mcu_sends(4))
    pair.run(until=10.0)
    pair.send("device", mcu_sends(0, "00"))
    pair.run(until=20.0)
    assert statuses(pair, 10.0) == [0]


def test_the_real_network_is_not_shown_while_it_pairs_but_afterwards() -> None:
    network = [Network.CLOUD.value]

    def changing(side: str, question: Question) -> Answer | Refusal | None:
        return network[0] if isinstance(question, AskNetwork) else usual_answers(side, question)

    pair = Pair(wifi_module(WifiSettings(), ambient()), wifi_mcu(McuOptions()), answers=changing)
    pair.run(until=5.0)
    pair.send("device", mcu_sends(4))
    pair.run(until=10.0)
    network[0] = Network.ROUTER.value
    pair.send("device", mcu_sends(0x2B))
    pair.run(until=20.0)
    assert statuses(pair, 5.0) == [0]
    pair.run(until=200.0)
    assert statuses(pair, 5.0) == [0, 2, 3]


def test_identification_is_not_repeated_by_questions_whether_it_is_there() -> None:
    pair = line("ignores-heartbeats")
    pair.run(until=300.0)
    assert len(pair.of("controller", Identified)) == 1


# --- any MCU ----------------------------------------------------------------------------------------------

ANSWERS = {0: "01", 1: PRODUCT, 2: "", 3: "", 8: "0101000101"}


@given(st.sets(st.sampled_from(sorted(ANSWERS))), st.booleans(), st.floats(0.0, 60.0))
@settings(max_examples=60, deadline=None)
def test_an_mcu_is_online_if_it_answers_what_is_needed_and_offline_once_it_answers_nothing(
    answered: set[int], stops_heartbeats: bool, dies_after_s: float
) -> None:
    frames = {f"x{command:02x}": [mcu_sends(7 if command == 8 else command, ANSWERS[command])] for command in answered}
    mcu = Answering(**frames)
    pair = Pair(wifi_module(WifiSettings(), ambient()), mcu)
    pair.run(until=45.0)
    usable = 1 in answered and bool(answered & {2, 3, 8})
    assert pair.of("controller", Online) == [Online()] * usable
    assert pair.of("controller", Offline) == []
    if stops_heartbeats:
        pair.send("device", mcu_sends(0x25))
    pair.run(until=45.0 + dies_after_s)
    assert len(pair.of("controller", Online)) == usable
    said = reasons(pair)
    assert len(said) == len(set(said))
    mcu.answers.clear()
    pair.run(until=pair.now + 60.0)
    assert len(pair.of("controller", Offline)) == bool(answered & {0, 1})
    mcu.answers = {int(name[1:], 16): data for name, data in frames.items()}
    pair.run(until=pair.now + 45.0)
    assert len(pair.of("controller", Online)) == 2 * usable


# --- the states of the network ----------------------------------------------------------------------------


@given(st.sampled_from(Network), st.lists(st.sampled_from([network.value for network in Network]), max_size=6))
def test_no_state_before_the_real_one_is_the_real_one_or_better(real: Network, first: list[int]) -> None:
    shown = ShownNetwork()
    shown.change(real.value)
    before = shown.before(first)
    assert real.value not in before
    assert Network.ROUTER.value not in before or real is Network.CLOUD
    shown.pairing = Network.PAIRING_EZ.value
    connecting = shown.connect()
    assert connecting[-1] == real.value and len(set(connecting)) == len(connecting)
    assert [shown.pairing, shown.status] == [None, real.value]
