"""A plug with many rules cuts its System.All off over HTTP; it can be used and set up all the same."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from families.meross.meross_pair import BROKER, KEY, UUID, controller, over_http, plug, reported
from families.meross.setup.setup_stories import do
from families.meross.setup.setup_stories import over_http as setup_over_http
from pair import START_UNIX, Pair
from unclouded.core.errors import WireError
from unclouded.core.sessions.session import Online
from unclouded.families.meross import MerossDevice
from unclouded.families.meross.wire import namespaces
from unclouded.families.meross.wire.cut_off import LONGEST, parse_answer
from unclouded.families.meross.wire.envelope import request
from unclouded.families.meross.wire.messages import All, payload_of
from unclouded.families.meross.wire.namespaces import read_envelope

OLD_RULE = {"alias": "", "enable": 1, "type": 0, "createTime": 1, "rule": {"_if_": {"toggle": {"onoff": 1}}}}


def with_rules(hardware: int) -> MerossDevice:
    """A plug that keeps 32 timers and 32 auto-off rules."""
    one = plug(hardware=hardware)
    names = [f"{number:016}" for number in range(32)]
    for form in ("timer", "trigger"):
        space = f"Appliance.Control.{form.capitalize()}"
        if hardware == 1:
            set_by_others(one, space, {form: [{"id": name, **OLD_RULE} for name in names]})
            continue
        for name in names:
            set_by_others(one, f"{space}X", {f"{form}x": {"id": name}})
    return one


def set_by_others(one: MerossDevice, namespace: str, fields: dict[str, object]) -> None:
    """Another client has changed it over the broker, where nothing is cut off."""
    data = request(
        "SET", namespace, payload_of(**fields), message_id="f" * 32, key=KEY, timestamp=int(START_UNIX), from_="/x"
    )
    one.up(BROKER, 0.0)
    one.receive(data, 0.0, "broker")
    one.down("broker", "", 0.0)


def all_of(hardware: int) -> bytes:
    """What it answers, as it is cut off."""
    pair = over_http(controller(), with_rules(hardware))
    pair.run(1.0)
    return next(data for data in pair.sent_by("device") if b'"Appliance.System.All"' in data)


@pytest.mark.parametrize("hardware", [1, 2, 6, 8])
def test_a_plug_with_many_rules_is_used_over_http(hardware: int) -> None:
    pair: Pair = over_http(controller(), with_rules(hardware))
    pair.run(90.0)
    assert pair.of("controller", Online)
    assert {"onoff", "electricity.power"} <= set(reported(pair))


@pytest.mark.parametrize("hardware", [1, 2, 6, 8])
def test_a_plug_with_many_rules_is_moved_to_another_server(hardware: int) -> None:
    pair, session = setup_over_http(with_rules(hardware), key=KEY, uuid=UUID)
    assert do(pair, "look").result == "confirmed"
    assert session.plug is not None and session.plug.uuid == UUID and namespaces.KEY in session.plug.abilities


@pytest.mark.parametrize("hardware", [1, 2])
def test_what_was_cut_is_left_out(hardware: int) -> None:
    data = all_of(hardware)
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(data)
    message = read_envelope(parse_answer(data))
    assert isinstance(message, All) and message.system.hardware.uuid == UUID and message.toggles
    lists = (message.control.trigger,) if message.control else (message.digest.timerx,) if message.digest else ()
    assert lists == ((),)


@given(st.integers(0, 2_900))
def test_a_cut_anywhere_gives_the_plug_with_its_relay_or_an_error(length: int) -> None:
    data = CUT[:length]
    try:
        message = read_envelope(parse_answer(data))
    except WireError:
        return
    assert isinstance(message, All) and message.toggles and message.system == SYSTEM


CUT = all_of(2)
SYSTEM = read_envelope(parse_answer(CUT)).system  # type: ignore[union-attr]


def test_no_other_answer_is_completed() -> None:
    data = all_of(1).replace(b"System.All", b"System.Any")
    with pytest.raises(WireError, match="cut off"):
        parse_answer(data)


@pytest.mark.parametrize("data", [b"", b'{"', b"{]", b"[" * LONGEST, b'{"a":' * 1_000, b'{"header":{"messageId":"a'])
def test_what_is_no_answer_is_an_error(data: bytes) -> None:
    with pytest.raises(WireError):
        parse_answer(data)
