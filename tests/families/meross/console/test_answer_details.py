"""Details of answers that the transcript does not show: several items, long times, newest days."""

import pytest

from unclouded.core.errors import CommandError
from unclouded.families.meross.console.wire.answer_form import AnswerLine, ConsoleAnswer
from unclouded.families.meross.console.wire.answer_types import NetworkInterfaces, PingAnswer
from unclouded.families.meross.console.wire.answers import read_answer, refusal, seconds
from unclouded.families.meross.console.wire.command_line import typed
from unclouded.families.meross.console.wire.commands import ConsoleCommand
from unclouded.families.meross.console.wire.values import values_of


def answered(command: str, *lines: str) -> tuple[ConsoleCommand, ConsoleAnswer]:
    row = typed(command).row
    return row, read_answer(row, [AnswerLine(one) for one in lines])


def test_the_lines_of_an_item_belong_to_the_newest_one() -> None:
    _, found = answered("ip", "interface: ap1", "mode: static", "interface: st2", "mode: dhcp", "ip      10.0.0.7")
    assert isinstance(found, NetworkInterfaces)
    assert [(one.name, one.mode, one.ip) for one in found.interfaces] == [
        ("ap1", "static", ""),
        ("st2", "dhcp", "10.0.0.7"),
    ]


@pytest.mark.parametrize(
    ("text", "value"), [("0h8m57s", 537), ("2d1h0m1s", 176_401), ("30h0m0s", 108_000), ("x", None)]
)
def test_how_long_it_runs_is_read_in_seconds(text: str, value: int | None) -> None:
    assert seconds(text) == value


def test_a_ping_without_a_reply_is_refused() -> None:
    row, found = answered("meross ping 10.0.0.7", "[ping]: ping: send seq(0x0001) 10.0.0.7")
    assert isinstance(found, PingAnswer) and refusal(row, found) == "No reply came."


def test_the_energy_of_today_is_that_of_the_newest_day() -> None:
    days = [f"data[0{n}] date:2018-11-0{n} time:154172148{n} value:{n}" for n in (1, 3, 2)]
    assert values_of(answered("meross power", *days)[1])["power.today"] == 3


@pytest.mark.parametrize("command", ["meross led blue on", "meross iot log maybe", "config read nonsense Ssid"])
def test_a_value_that_an_argument_cannot_have_is_not_sent(command: str) -> None:
    with pytest.raises(CommandError, match=" or "):
        typed(command)
