"""What can be typed next on a console."""

import pytest

from unclouded.app.console.completion import ConsoleCompletion
from unclouded.families.meross.console.controller.command_lists import LearnedCommands
from unclouded.families.meross.console.wire.answer_types import CommandList, ListedCommand

UUID = "19010100000000000000020000000001"


def completion() -> ConsoleCompletion:
    learned = LearnedCommands()
    learned.take(
        "meross", CommandList(commands=(ListedCommand("hw", "hardware info"), ListedCommand("new", "a thing")))
    )
    return ConsoleCompletion(learned.offered(), UUID)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("re", ["reboot"]),
        ("meross h", ["hw"]),
        ("meross n", ["net", "new"]),
        ("meross iot s", ["status"]),
        ("MEROSS ", []),
        ("config read ", ["common", "STA", "AP", "network", "meross", "factory"]),
        ("config read s", ["STA"]),
        ("config read network ", ["IpAddr", "IpNetmask", "IpGateway", "IpMode"]),
        ("meross switch ", [UUID]),
        (f"meross switch {UUID} o", ["on", "off"]),
        ("meross led red ", ["on", "off", "quick", "slow"]),
        ("meross e2p uuid ", []),
        ("meross ping ", []),
        ("config write STA Ssid ", []),
    ],
)
def test_the_last_word_is_completed(text: str, expected: list[str]) -> None:
    assert [one.text for one in completion().completions(text)] == expected


def test_a_completion_says_what_it_is() -> None:
    found = {one.text: one.help for one in completion().completions("meross ")}
    assert found["new"] == "a thing" and found["iot"] and found["hw"] == "hardware info"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("", None),
        ("meross", "meross"),
        ("meross m", "meross"),
        ("meross mem", "meross mem"),
        ("config read", "config read <group> <item>"),
        ("config read STA", "config read <group> <item>"),
        ("config show", "config show <group>"),
        ("meross e2p mac 02:00", "meross e2p mac <mac>"),
        ("meross new", "meross new"),
        ("what", None),
    ],
)
def test_the_hint_is_the_form_of_the_command_that_is_typed(text: str, form: str | None) -> None:
    found = completion().hint(text)
    assert (found.form if found else None) == form
