"""What a report settles: the command of that part, sent before, and no other."""

from unclouded.core.session import Event, Settled
from unclouded.families.tuya.line.datapoint import BOOL, VALUE, DataPoint
from unclouded.families.tuya.pending_commands import UNREPORTED, PendingCommands

ON = (DataPoint(1, BOOL, True),)
LEVEL = (DataPoint(1, BOOL, True), DataPoint(2, VALUE, 50))


def pending(trusts_taken: bool = False, **parts: tuple[DataPoint, ...]) -> tuple[PendingCommands, dict[str, int]]:
    """Commands that were sent, one for each part."""
    commands = PendingCommands(5.0, trusts_taken=trusts_taken)
    tickets = {part: commands.begin(points, 0.0, part) for part, points in parts.items()}
    for ticket in tickets.values():
        commands.sent(ticket)
    return commands, tickets


def test_the_report_of_one_part_never_settles_the_command_of_another() -> None:
    commands, tickets = pending(a=ON, b=ON)
    assert commands.reported({"1": True}, "a") == [Settled(tickets["a"])]
    assert commands.reported({"1": True}) == []  # the gateway's own point 1
    assert commands.open.keys() == {tickets["b"]}
    assert commands.reported({"1": True}, "b") == [Settled(tickets["b"])]


def test_the_report_of_one_part_does_not_contradict_the_command_of_another() -> None:
    commands, tickets = pending(a=ON, b=ON)
    assert commands.reported({"1": False}, "b") == []
    assert commands.overdue(5.0) == [
        Settled(tickets["a"], "timeout", "no report within 5 s"),
        Settled(tickets["b"], "refused", "The device reports that it is off."),
    ]


def test_a_command_for_several_points_is_confirmed_by_its_last_one_in_any_number_of_reports() -> None:
    commands, tickets = pending(a=LEVEL)
    assert commands.reported({"1": True, "3": 7}, "a") == []
    assert commands.reported({"2": 50}, "b") == []
    assert commands.reported({"2": 50}, "a") == [Settled(tickets["a"])]


def test_a_report_before_the_command_was_sent_settles_nothing() -> None:
    commands = PendingCommands(5.0)
    ticket = commands.begin(ON, 0.0, "a")
    assert commands.reported({"1": True}, "a") == []
    assert commands.overdue(5.0) == [Settled(ticket, "timeout", "it could not be sent within 5 s")]


def test_what_a_part_has_taken_is_confirmed_only_where_that_is_trusted() -> None:
    for trusts_taken, expected in ((True, ("confirmed", UNREPORTED)), (False, ("unreachable", "asleep"))):
        commands, tickets = pending(trusts_taken, a=ON, b=ON)
        commands.taken([tickets["a"], 99])
        events: list[Event] = commands.unreachable("asleep")
        assert events == [Settled(tickets["a"], *expected), Settled(tickets["b"], "unreachable", "asleep")]
        assert commands.deadline() is None and not commands.open


def test_what_was_taken_and_is_reported_otherwise_is_refused() -> None:
    commands, tickets = pending(True, a=ON)
    commands.taken([tickets["a"]])
    commands.reported({"1": False}, "a")
    assert commands.overdue(5.0) == [Settled(tickets["a"], "refused", "The device reports that it is off.")]
