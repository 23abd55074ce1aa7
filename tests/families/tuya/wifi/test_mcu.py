"""The MCU's end: a simulated plug behaves as the page says real ones do."""

from pair import Pair, ambient
from unclouded.core.sessions.session import AskCommand, Asked, Refusal, Reported, Settled, WireCommand
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.wifi.mcu.mcu import McuOptions, wifi_mcu
from unclouded.families.tuya.wifi.module.module import WifiSettings, wifi_module


def line(options: McuOptions | None = None, answer: object = True) -> Pair:
    from pair import usual_answers

    def answers(side, question):  # type: ignore[no-untyped-def]  # the shape is Pair's
        return answer if isinstance(question, AskCommand) else usual_answers(side, question)

    return Pair(wifi_module(WifiSettings(), ambient()), wifi_mcu(options or McuOptions()), answers=answers)


def values(pair: Pair) -> list[object]:
    return [event.values for event in pair.of("controller", Reported)]


def test_only_what_changed_is_reported() -> None:
    pair = line()
    pair.run(until=1.0)
    for power in (673, 673, 680):
        pair.submit(WireCommand({"19": power, "20": 2300}), "device")
    pair.run(until=2.0)
    assert values(pair) == [{"19": 673}, {"20": 2300}, {"19": 680}]


def test_the_same_increment_twice_is_reported_twice_and_none_is_lost_before_the_start() -> None:
    pair = line(McuOptions(increments=frozenset({"17"})))
    pair.submit(WireCommand({"17": 4}), "device")
    pair.run(until=1.0)
    for _ in range(2):
        pair.submit(WireCommand({"17": 5}), "device")
    pair.submit(WireCommand({"17": 0}), "device")
    pair.run(until=2.0)
    assert values(pair) == [{"17": 9}, {"17": 5}]


def test_a_refused_command_reports_the_old_value() -> None:
    pair = line(answer=Refusal("the relay is stuck"))
    pair.submit(WireCommand({"1": False}), "device")
    pair.run(until=1.0)
    pair.submit(WireCommand({"1": True}))
    pair.run(until=10.0)
    assert values(pair)[-1] == {"1": False}
    assert pair.of("controller", Settled) == [Settled(2, "refused", "The device reports that it is off.")]


def test_a_stuck_relay_reports_the_old_value_and_the_world_is_not_asked() -> None:
    pair = line(McuOptions(faults=frozenset({"has-stuck-relay"})))
    pair.submit(WireCommand({"1": True}), "device")
    pair.run(until=1.0)
    pair.submit(WireCommand({"1": False}))
    pair.run(until=10.0)
    assert pair.of("controller", Settled) == [Settled(2, "refused", "The device reports that it is on.")]
    assert not pair.of("device", Asked)


def test_the_sdk_answers_all_values_one_frame_each() -> None:
    pair = line()
    pair.submit(WireCommand({"1": True, "18": 84, "38": 2}, types={"38": "enum"}), "device")
    pair.run(until=1.0)
    assert pair.sent_by("device")[-3:] == [
        bytes(Frame(3, 7, bytes.fromhex("0101000101"))),
        bytes(Frame(3, 7, bytes.fromhex("1202000400000054"))),
        bytes(Frame(3, 7, bytes.fromhex("2604000102"))),
    ]
