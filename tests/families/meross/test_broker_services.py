"""What a plug is answered at the broker before it is admitted: the time, to be bound, and an echo."""

from collections.abc import Iterator

import pytest

from families.meross.meross_pair import BROKER, KEY, OTHER, UUID, plug
from pair import START_UNIX
from unclouded.core.sessions.session import Answer, AskBind, AskClock, LocalTime, Question, Refusal
from unclouded.families.meross import MerossDevice, answer_unadmitted
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.envelope import GET, PUSH, SET, Envelope, parse, request
from unclouded.families.meross.wire.identity import publish_topic, subscribe_topic
from unclouded.families.meross.wire.messages import payload_of

HOUR = 3600.0  # s


def answers(question: Question) -> Answer | Refusal:
    match question:
        case AskClock():
            return LocalTime(START_UNIX, 3600)
        case AskBind():
            return True
    raise AssertionError(question)


def conversation(device: MerossDevice, begin: float, seconds: float) -> Iterator[Envelope]:
    """What a plug that is not admitted sends in this time on one connection."""
    device.up(BROKER, begin)
    now = begin
    while now <= begin + seconds:
        device.tick(now)
        for out in device.outgoing(now):
            yield parse(out.data)
            for answer in answer_unadmitted(out.data, UUID, KEY, START_UNIX + now, answers):
                device.receive(answer, now, BROKER.name)
        due = device.deadline()
        now = now + 0.5 if due is None else max(due, now + 0.5)
    device.down(BROKER.name, "", now)


@pytest.mark.parametrize("old", [False, True])
def test_a_plug_that_is_not_admitted_stays_bound_for_hours_and_over_reconnects(old: bool) -> None:
    """Without the answers it repeats Clock every 2 s and Bind every 30 s, and real ones return to set-up mode."""
    device = plug(hardware=1) if old else plug()
    for begin in (0.0, 2 * HOUR, 3 * HOUR):
        sent = [envelope.header.namespace for envelope in conversation(device, begin, HOUR)]
        assert sent.count(namespaces.CLOCK) == 1, "it gets the time at once"
        assert sent.count(namespaces.BIND) == 1, "and is bound at once"


def test_a_plug_without_the_answers_repeats_itself() -> None:
    device = plug()
    device.up(BROKER, 0.0)
    sent = []
    for second in range(60):
        device.tick(float(second))
        sent += [parse(out.data).header.namespace for out in device.outgoing(float(second))]
    assert sent.count(namespaces.CLOCK) == 30


def message(method: str, namespace: str, payload: bytes, key: str = KEY, uuid: str = UUID) -> bytes:
    from_ = publish_topic(uuid) if method == PUSH else subscribe_topic(uuid)
    return request(method, namespace, payload, message_id="a" * 32, key=key, timestamp=77, from_=from_)


CLOCK = payload_of(clock={"timestamp": 77})
BIND = payload_of(bind={"bindTime": 77, "hardware": {"uuid": UUID}, "firmware": {}})
RATIOS = b'{"config":{"voltageRatio":188,"electricityRatio":102}}'


def answer(data: bytes, unix: float | None = START_UNIX) -> list[Envelope]:
    def asked(question: Question) -> Answer | Refusal:
        return answers(question) if unix is not None or isinstance(question, AskBind) else Refusal("no time yet")

    return [parse(one) for one in answer_unadmitted(data, UUID, KEY, unix or 5.0, asked)]


def test_clock_bind_and_ratios_are_answered_as_the_cloud_does() -> None:
    (clock,) = answer(message(PUSH, namespaces.CLOCK, CLOCK))
    assert bytes(clock.payload) == payload_of(clock={"timestamp": int(START_UNIX)})
    assert (clock.header.message_id, clock.header.timestamp) == ("a" * 32, 77), "the header is copied"
    (bind,) = answer(message(SET, namespaces.BIND, BIND))
    assert (bind.header.method, bytes(bind.payload)) == ("SETACK", b"{}")
    (ratios,) = answer(message(PUSH, namespaces.CONSUMPTION_CONFIG, RATIOS))
    assert bytes(ratios.payload) == RATIOS
    assert answer(message(PUSH, namespaces.BIND, BIND)) == [], "old firmware only announces it"


def test_a_hub_without_the_time_binds_but_sends_no_clock() -> None:
    assert answer(message(PUSH, namespaces.CLOCK, CLOCK), None) == []
    assert len(answer(message(SET, namespaces.BIND, BIND), None)) == 1


@pytest.mark.parametrize(
    "data",
    [
        message(PUSH, namespaces.CLOCK, CLOCK, key="another"),
        message(PUSH, namespaces.CLOCK, CLOCK, uuid=OTHER),
        message(PUSH, namespaces.TOGGLEX, b'{"togglex":[{"channel":0,"onoff":1}]}'),
        message(GET, namespaces.ALL, b"{}"),
        message(SET, namespaces.BIND, b"[]"),
        b"",
        b"\xff{",
    ],
)
def test_nothing_else_is_answered(data: bytes) -> None:
    assert answer(data) == []
