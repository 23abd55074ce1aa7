"""What a sniffer remarks on: bytes of docs/protocols/tuya_wifi.md §1 and §2.6 and of the captures."""

import itertools
import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pair import Pair, ambient
from unclouded.core.family import Comment, Sender
from unclouded.core.sessions.session import WireCommand
from unclouded.families.tuya import FAMILY_WIFI
from unclouded.families.tuya.analysis.conversation import ordinal, span
from unclouded.families.tuya.analysis.timing import LOW_POWER_RULES, NORMAL
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.low_power.mcu import LowOptions, low_mcu
from unclouded.families.tuya.low_power.module import low_module
from unclouded.families.tuya.settings import LineSettings
from unclouded.families.tuya.wifi.mcu.mcu import McuOptions, wifi_mcu
from unclouded.families.tuya.wifi.module.module import WifiSettings, wifi_module

CAPTURES = Path(__file__).parents[3] / "captures/tuya"
WHO: dict[str, Sender | None] = {"W": "controller", "M": "device", "?": None}

SentChunk = tuple[float | None, str, bytes]

ASKS_BEAT = bytes.fromhex("55 aa 00 00 00 00 ff")
STARTED = bytes.fromhex("55 aa 03 00 00 01 00 03")
BEATS = bytes.fromhex("55 aa 03 00 00 01 01 04")
ASKS_PRODUCT = bytes.fromhex("55 aa 00 01 00 00 00")
PRODUCT = bytes(Frame(3, 1, b'{"p":"uncloudedplugsim","v":"1.0.0","m":0}'))
ASKS_MODE = bytes.fromhex("55 aa 00 02 00 00 01")
MODE = bytes.fromhex("55 aa 03 02 00 00 04")
ASKS_ALL = bytes.fromhex("55 aa 00 08 00 00 07")
SWITCH_ON = bytes.fromhex("55 aa 00 06 00 05 01 01 00 01 01 0e")
IS_ON = bytes.fromhex("55 aa 03 07 00 05 01 01 00 01 01 12")
IS_OFF = bytes.fromhex("55 aa 03 07 00 05 01 01 00 01 00 11")
POWER = bytes(Frame(3, 7, bytes.fromhex("13020004000002a1")))


def talk(sent: Iterable[SentChunk], dialect: str = "normal", until: float | None = None) -> list[Comment]:
    """Everything that is remarked on; ``until``: what is remarked on later, on a comment of its own."""
    spoken = FAMILY_WIFI.dialects[dialect]
    assert spoken.conversation is not None
    conversation = spoken.conversation()
    decoders = {who: spoken.decoder(WHO[who]) for who in WHO}
    comments = [conversation.receive(t, piece) for t, who, data in sent for piece in decoders[who].feed(data)]
    if until is not None:
        comments.append(Comment(piece=comments[-1].piece, remarks=conversation.tick(until)))
    return comments


def remarks(comments: Iterable[Comment]) -> list[tuple[str, str]]:
    return [(remark.kind, remark.words) for comment in comments for remark in comment.remarks]


def recorded(pair: Pair) -> list[SentChunk]:
    return [(t, "W" if side == "controller" else "M", data) for t, side, data in pair.sent]


# --- who answers what -------------------------------------------------------------------------------


def test_each_answer_names_its_request_and_its_time() -> None:
    """The recorded start of a plug: nothing to remark on but that it has started."""
    lines = [json.loads(line) for line in (CAPTURES / "plug_boot.jsonl").read_text().splitlines()[1:]]
    comments = talk((one["t"], "W" if one["from"] == "controller" else "M", bytes.fromhex(one["hex"])) for one in lines)
    answers = [(one.piece.name, one.answers, round(one.after_s or 0, 3)) for one in comments if one.answers is not None]
    assert answers == [
        ("heartbeat", 0, 0.012),
        ("product info", 7, 0.012),
        ("working mode", 14, 0.012),
        ("network status", 21, 0.012),
        ("report", 29, 0.012),
        ("report", 36, 0.012),
        ("heartbeat", 48, 0.012),
    ]
    assert remarks(comments) == [("restart", "the MCU has started")]


def test_without_times_answers_are_found_and_no_remark_is_about_time() -> None:
    asked, answered = talk([(None, "W", ASKS_PRODUCT), (None, "M", PRODUCT)])
    assert (answered.answers, answered.after_s) == (0, None)
    assert not remarks([asked, answered])


def test_a_request_without_an_answer_is_a_remark_that_names_it() -> None:
    """esphome/issues 6503: an MCU that never answers 08."""
    sent: list[SentChunk] = [(0.0, "W", ASKS_BEAT), (0.01, "M", BEATS), (1.0, "W", ASKS_ALL), (15.0, "W", ASKS_BEAT)]
    assert remarks(talk(sent)) == [("no answer", "no report in 300 ms to query all (08), sent 14 s before")]
    assert not remarks(talk(sent[:3], until=1.3))
    assert remarks(talk(sent[:3], until=1.31)) == [
        ("no answer", "no report in 300 ms to query all (08), sent 310 ms before")
    ]


@pytest.mark.parametrize(("question", "answer"), [(ASKS_ALL, POWER), (SWITCH_ON, IS_ON)])
def test_a_report_answers_a_query_and_a_set(question: bytes, answer: bytes) -> None:
    sent: list[SentChunk] = [(0.0, "M", BEATS), (1.0, "W", question), (1.1, "M", answer)]
    assert [one.answers for one in talk(sent, until=9.0)[:3]] == [None, None, 0]
    assert not remarks(talk(sent, until=9.0))


def test_a_report_after_several_overdue_requests_answers_the_newest() -> None:
    comments = talk([(0.0, "M", BEATS), (1.0, "W", ASKS_ALL), (1.4, "W", SWITCH_ON), (2.0, "M", IS_ON)])
    assert [kind for kind, _ in remarks(comments)] == ["no answer", "no answer", "out of order"]
    assert comments[-1].answers == comments[2].piece.offset and comments[-1].after_s == pytest.approx(0.6)


def test_a_report_answers_the_oldest_of_several_requests_that_still_wait() -> None:
    comments = talk([(0.0, "M", BEATS), (1.0, "W", ASKS_ALL), (1.1, "W", SWITCH_ON), (1.2, "M", IS_ON)])
    assert comments[-1].answers == comments[1].piece.offset and comments[-1].after_s == pytest.approx(0.2)


def test_a_report_of_another_point_does_not_answer_a_set() -> None:
    sent: list[SentChunk] = [(0.0, "M", BEATS), (1.0, "W", SWITCH_ON), (1.1, "M", POWER)]
    assert remarks(talk(sent, until=1.5)) == [
        ("no answer", "no report in 300 ms to set data points (06), sent 500 ms before")
    ]


def test_a_report_long_after_a_query_answers_nothing() -> None:
    comments = talk([(0.0, "M", BEATS), (1.0, "W", ASKS_ALL), (9.0, "M", POWER)])
    assert comments[-1].answers is None


def test_there_is_no_remark_about_silence_where_only_one_side_is_received() -> None:
    """Nor of haste: the answers may have come on the wire that is not tapped."""
    one_side: list[SentChunk] = [(0.0, "W", ASKS_PRODUCT), (0.1, "W", ASKS_MODE), (0.2, "W", ASKS_MODE)]
    assert not remarks(talk(one_side, until=9.0))


def test_a_repeated_request_is_counted() -> None:
    sent: list[SentChunk] = [
        (0.0, "M", BEATS),
        (1.0, "W", ASKS_PRODUCT),
        (2.0, "W", ASKS_PRODUCT),
        (3.0, "W", ASKS_PRODUCT),
    ]
    words = [words for kind, words in remarks(talk([*sent, (3.1, "M", PRODUCT)])) if kind == "asked again"]
    assert words == ["sent again, for the 2nd time", "sent again, for the 3rd time"]
    assert talk([*sent, (3.1, "M", PRODUCT)])[-1].answers == 14


def test_an_answer_belongs_to_the_request_that_still_waits_for_it() -> None:
    status = [bytes(Frame(0, 3, bytes((state,)))) for state in (3, 4)]
    sent: list[SentChunk] = [
        (0.0, "M", BEATS),
        (1.0, "W", status[0]),
        (2.0, "W", status[1]),
        (2.1, "M", bytes(Frame(3, 3))),
    ]
    assert talk(sent)[-1].answers == len(status[0])


def test_an_answer_without_a_request_is_a_remark() -> None:
    comments = talk([(0.0, "W", ASKS_BEAT), (0.1, "M", BEATS), (5.0, "M", BEATS)])
    assert remarks(comments) == [("unasked", "heartbeat (00) was not requested")]
    assert not remarks(talk([(0.0, "M", MODE)])), "a recording may begin between question and answer"


def test_working_mode_as_an_event_of_an_mcu_of_version_1_is_a_remark_with_that_reason() -> None:
    """OpenBeken 291."""
    event = bytes.fromhex("55 aa 01 02 00 03 ff 01 01 06")
    assert remarks(talk([(0.0, "W", ASKS_BEAT), (0.1, "M", event)])) == [
        ("pushed", "working mode (02) was not requested: MCUs of version 1 use it as an event")
    ]


def test_a_time_that_the_module_pushes_is_a_remark_with_that_reason() -> None:
    time = bytes(Frame(0, 0x1C, bytes((1, 26, 11, 20, 12, 0, 0, 5))))
    assert remarks(talk([(0.0, "M", BEATS), (0.1, "W", time)])) == [
        ("pushed", "time (local) (1c) was not requested: modules may push the time")
    ]


# --- order ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [(1.0, 1.02, 1.04), (1.0, 1.5, 1.6), (None, None, None)])
def test_an_mcu_that_answers_02_before_01_is_one_remark(times: tuple[float | None, ...]) -> None:
    start = None if times[0] is None else 0.0
    sent: list[SentChunk] = [(start, "M", BEATS), *zip(times, "WWM", (ASKS_PRODUCT, ASKS_MODE, MODE), strict=True)]
    words = [words for kind, words in remarks(talk(sent)) if kind == "out of order"]
    assert words == ["MCU answered working mode (02) before product info (01)"]
    again: list[SentChunk] = [(times[2], "W", ASKS_MODE), (times[2], "M", MODE)]
    assert len([kind for kind, _ in remarks(talk([*sent, *again])) if kind == "out of order"]) == 1


def test_a_module_that_does_not_wait_for_the_answer_is_a_remark() -> None:
    sent: list[SentChunk] = [(0.0, "M", BEATS), (1.0, "W", ASKS_PRODUCT), (1.02, "W", ASKS_MODE), (1.04, "M", PRODUCT)]
    assert remarks(talk([*sent, (1.05, "M", MODE)])) == [("haste", "sent before product info (01) was answered")]
    patient: list[SentChunk] = [(0.0, "M", BEATS), (1.0, "W", ASKS_PRODUCT), (1.4, "W", ASKS_MODE)]
    assert [kind for kind, _ in remarks(talk(patient))] == ["no answer"]


def test_a_module_that_leaves_no_pause_between_two_commands_is_a_remark() -> None:
    sent: list[SentChunk] = [(0.0, "W", ASKS_PRODUCT), (0.002, "M", PRODUCT), (0.006, "W", ASKS_MODE)]
    assert remarks(talk(sent)) == [("haste", "only 6 ms after the module's previous frame; MCUs need 10 ms")]
    assert not remarks(talk([*sent[:2], (0.012, "W", ASKS_MODE)]))


def test_a_whole_update_gives_no_cause_for_remarks() -> None:
    """A block follows the answer to the one before at once; no heartbeats are due meanwhile."""
    blocks = [bytes(Frame(0, 0x0B, (256 * at).to_bytes(4) + bytes(256))) for at in range(99)]
    sent: list[SentChunk] = [(0.0, "W", ASKS_BEAT), (0.1, "M", BEATS)]
    for number, block in enumerate(blocks):
        sent += [(1 + number * 0.3, "W", block), (1.299 + number * 0.3, "M", bytes(Frame(3, 0x0B)))]
    assert not remarks(talk(sent))


def test_two_mixed_answers_are_a_remark() -> None:
    """esphome/issues 986: …01 55 aa 03 00 00… inside a 07."""
    into = bytes.fromhex("55 aa 03 07 00 05 01 01") + BEATS + bytes.fromhex("00 01 01 12")
    comments = talk([(0.0, "W", ASKS_ALL), (0.02, "W", ASKS_BEAT), (0.04, "M", into), (0.2, "M", IS_ON)])
    kinds = [kind for kind, _ in remarks(comments)]
    assert "interleaved" in kinds
    words = dict(remarks(comments))["interleaved"]
    assert words == "two answers may be mixed here: query all (08) and heartbeat (00) are both awaited"


def test_noise_while_an_answer_is_awaited_may_be_the_answer() -> None:
    broken = PRODUCT[:-1] + bytes((PRODUCT[-1] ^ 1,))
    comments = talk([(0.0, "W", ASKS_PRODUCT), (0.05, "M", broken + BEATS)])
    assert ("damaged", "the answer to product info (01) may be in it") in remarks(comments)
    assert not remarks(talk([(0.0, "M", broken + BEATS)]))


# --- the state of both ends -------------------------------------------------------------------------


def test_a_missing_heartbeat_is_one_remark() -> None:
    sent: list[SentChunk] = [(0.0, "W", ASKS_BEAT), (0.1, "M", BEATS)]
    assert not remarks(talk([*sent, (17.9, "M", POWER)]))
    late = talk([*sent, (18.1, "M", POWER), (18.2, "M", POWER)])
    assert remarks(late) == [("no heartbeat", "no heartbeat for 18 s; one is due every 15 s")]


@pytest.mark.parametrize("who", ["stop heartbeats", "update block"])
def test_no_heartbeat_is_due_while_an_update_runs_or_after_the_mcu_stopped_them(who: str) -> None:
    stop: list[SentChunk] = [(1.0, "M", bytes(Frame(3, 0x25))), (1.1, "W", bytes(Frame(0, 0x25)))]
    block: list[SentChunk] = [(1.0, "W", bytes(Frame(0, 0x0B, bytes(260)))), (1.1, "M", bytes(Frame(3, 0x0B)))]
    sent: list[SentChunk] = [(0.0, "W", ASKS_BEAT), (0.1, "M", BEATS), *(stop if who == "stop heartbeats" else block)]
    assert not remarks(talk(sent, until=60.0))


def test_an_mcu_that_restarts_is_a_remark() -> None:
    sent: list[SentChunk] = [(0.0, "W", ASKS_BEAT), (0.1, "M", STARTED), (15.0, "W", ASKS_BEAT), (15.1, "M", STARTED)]
    assert remarks(talk(sent)) == [("restart", "the MCU has started"), ("restart", "the MCU has restarted")]


def test_a_report_that_only_echoes_a_set_is_a_remark_but_not_the_one_that_confirms_it() -> None:
    sent: list[SentChunk] = [(0.0, "M", BEATS), (1.0, "W", SWITCH_ON), (1.05, "M", IS_ON), (1.3, "M", IS_ON)]
    assert remarks(talk(sent)) == [("echo", "the report only repeats what was set, and was confirmed before")]
    assert not remarks(talk([*sent[:3], (1.3, "M", POWER), (4.0, "M", IS_ON)]))


def test_a_report_of_another_value_than_was_set_is_a_remark() -> None:
    sent: list[SentChunk] = [(0.0, "M", BEATS), (1.0, "W", SWITCH_ON), (1.05, "M", IS_OFF)]
    assert remarks(talk(sent)) == [("differs", "data point 1 is off where on was set 50 ms before")]


def test_a_version_that_is_not_the_senders_is_a_remark() -> None:
    """docs/protocols/tuya_wifi.md §1.1, frame 6: a module's reply printed with version 3; and esphome/issues 3368."""
    assert remarks(talk([(0.0, "W", bytes.fromhex("55 aa 03 37 00 02 00 00 3b"))])) == [
        ("version", "version 3 where a module sends 0")
    ]
    old = bytes(Frame(0, 1, b"uncloudedplugsim1.0.0"))
    sent: list[SentChunk] = [(0.0, "W", ASKS_PRODUCT), (0.1, "M", old), (1.0, "W", ASKS_ALL), (1.1, "M", POWER)]
    assert remarks(talk(sent)) == [("version", "the MCU sends version 3 here, 0 before")]
    weather = bytes(Frame(0, 0x21))
    assert not remarks(talk([(0.0, "M", BEATS), (0.1, "W", bytes(Frame(0, 0x21, b"\0\1"))), (0.2, "M", weather)]))


def test_a_value_of_a_wrong_length_is_a_remark() -> None:
    """esphome/issues 2149."""
    assert remarks(talk([(0.0, "M", bytes(Frame(3, 7, bytes.fromhex("1302000105"))))])) == [
        ("odd", "data point 19: a value of 1 byte")
    ]
    record = bytes.fromhex("0b 01 01 16 02 16 0b 16 21 13 02 00 01 05")
    assert remarks(talk([(0.0, "M", bytes(Frame(3, 0x34, record)))])) == [("odd", "data point 19: a value of 1 byte")]


# --- one line that carries both sides ---------------------------------------------------------------


def senders_of(*data: bytes, dialect: str = "normal") -> list[Sender | None]:
    return [one.piece.sender for one in talk([(None, "?", b"".join(data))], dialect)]


def test_on_a_mixed_line_an_old_mcu_is_distinguished_from_its_module_by_the_open_requests() -> None:
    """Of version 0 like the module: an empty 02 is question and answer alike."""
    mode, reset = bytes(Frame(0, 2)), bytes(Frame(0, 4))
    start = (ASKS_BEAT, bytes(Frame(0, 0, b"\1")))
    assert senders_of(mode) == [None]
    assert senders_of(*start, mode, mode)[2:] == ["controller", "device"]
    assert senders_of(*start, reset, reset)[2:] == ["device", "controller"]


def test_on_one_wire_a_repeated_request_does_not_count_as_its_answer() -> None:
    """Nor the module's answers for questions: only its own wire was recorded, and its side is not known."""
    module = (ASKS_BEAT, ASKS_PRODUCT, bytes(Frame(0, 2)), bytes(Frame(0, 2)), bytes(Frame(0, 3, b"\4")))
    answers = (bytes(Frame(0, 4)), bytes(Frame(0, 0x25)), ASKS_ALL)
    assert "device" not in senders_of(*module, *answers)


def test_on_a_mixed_line_what_an_mcu_of_version_3_did_not_send_the_module_did() -> None:
    assert senders_of(BEATS, bytes(Frame(0, 0x72, b"\1"))) == ["device", "controller"]
    assert senders_of(bytes(Frame(0, 0x72, b"\1")), BEATS) == [None, "device"]


def test_a_frame_whose_sender_was_found_out_is_read_as_what_it_means() -> None:
    status = bytes(Frame(0, 0x2B, b"\4"))
    *_, last = talk([(None, "?", BEATS + bytes(Frame(3, 0x2B)) + status)])
    named = {"status": 4, "means": {"status": "cloud"}}
    assert (last.piece.sender, last.piece.message) == ("controller", named)


def test_the_frames_of_a_mixed_line_are_attributed_one_by_one() -> None:
    for pair, dialect in ((plug(), "normal"), (door(), "low_power")):
        spoken = recorded(pair)
        found = senders_of(*(data for _, _, data in spoken), dialect=dialect)
        wrong = [(who, one) for (_, who, _), one in zip(spoken, found, strict=True) if one not in (None, WHO[who])]
        assert not wrong
        assert found.count(None) <= 1


# --- whole conversations ----------------------------------------------------------------------------


def plug(*faults: str, run: float = 40.0, delay: float = 0.0) -> Pair:
    pair = Pair(wifi_module(WifiSettings(), ambient()), wifi_mcu(McuOptions(faults=frozenset(faults))))
    pair.submit(WireCommand({"1": False, "19": 673}), "device")
    pair.run(until=run)
    return pair


def door() -> Pair:
    pair = Pair(low_module(LineSettings(), ambient(), "as configured"), low_mcu(LowOptions()))
    pair.submit(WireCommand({"1": True}), "device")
    pair.run(until=20.0)
    return pair


def kinds(pair: Pair, dialect: str = "normal") -> set[str]:
    return {kind for kind, _ in remarks(talk(recorded(pair), dialect, until=pair.now))}


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        ((), {"restart"}),
        (("ignores-product-query",), {"restart", "no answer", "out of order", "asked again"}),
        (("ignores-queries",), {"restart", "no answer", "asked again"}),
        (("sends-wrong-lengths",), {"restart", "odd"}),
        (("has-stuck-relay",), {"restart"}),
    ],
)
def test_our_own_two_ends_give_cause_for_remarks_only_with_a_fault(faults: tuple[str, ...], expected: set[str]) -> None:
    assert kinds(plug(*faults)) <= expected
    assert kinds(plug(*faults)) >= expected - {"asked again"}


def test_our_own_battery_device_gives_no_cause_for_remarks() -> None:
    assert kinds(door(), "low_power") <= {"asked again", "no answer"}


FRAMES = st.one_of(
    st.builds(Frame, st.sampled_from((0, 1, 3)), st.integers(0, 0x40), st.binary(max_size=12)).map(bytes),
    st.sampled_from(
        (ASKS_BEAT, BEATS, STARTED, ASKS_PRODUCT, PRODUCT, ASKS_ALL, POWER, SWITCH_ON, IS_ON, b"\x55\xaa\1")
    ),
)


@given(
    sent=st.lists(st.tuples(st.floats(0, 30), st.sampled_from("WM?"), FRAMES), max_size=40),
    dialect=st.sampled_from(("normal", "low_power")),
)
def test_every_piece_gets_one_comment_and_stays_unchanged(sent: list[tuple[float, str, bytes]], dialect: str) -> None:
    times = itertools.accumulate(t for t, _, _ in sent)
    spoken = FAMILY_WIFI.dialects[dialect]
    assert spoken.conversation is not None
    conversation = spoken.conversation()
    for t, (_, who, data) in zip(times, sent, strict=True):
        for piece in spoken.decoder(WHO[who]).feed(data):
            comment = conversation.receive(t, piece)
            assert (comment.piece.data, comment.piece.offset) == (piece.data, piece.offset)
            assert piece.sender in (None, comment.piece.sender)
            assert comment.after_s is None or comment.after_s >= 0
            assert (comment.after_s is None) or comment.answers is not None


# --- tables and words -------------------------------------------------------------------------------


@pytest.mark.parametrize("rules", [NORMAL, LOW_POWER_RULES])
def test_no_frame_is_both_request_and_answer_of_the_same_side(rules: object) -> None:
    asks = getattr(rules, "asks")  # noqa: B009
    other = {"controller": "device", "device": "controller"}
    answers = {(other[sender], ask.answer, sub) for (sender, _, sub), ask in asks.items()}
    assert not answers & asks.keys()


def test_spans_and_counts_read_well() -> None:
    assert [span(s) for s in (0.0, 0.012, 0.3, 1.0, 1.52, 3.0, 18.04)] == [
        *("0 ms", "12 ms", "300 ms", "1 s", "1.5 s", "3 s", "18 s")
    ]
    assert [ordinal(n) for n in (2, 3, 4, 11, 22, 112)] == ["2nd", "3rd", "4th", "11th", "22nd", "112th"]
