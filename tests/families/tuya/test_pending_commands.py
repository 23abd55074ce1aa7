"""What a report settles: the command of that part, sent before, and no other."""

from hypothesis import given
from hypothesis import strategies as st

from unclouded.core.sessions.session import Event, Settled, WireCommand
from unclouded.families.tuya.line.datapoint import BITMAP, BOOL, VALUE, DataPoint, encode_value
from unclouded.families.tuya.pending_commands import UNREPORTED, PendingCommands, points_of, wanted_of

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
    for trusts_taken in (True, False):
        commands, tickets = pending(trusts_taken, a=ON, b=ON)
        commands.taken([tickets["a"], 99])
        events: list[Event] = commands.unreachable("asleep")
        first = Settled(tickets["a"], "confirmed", UNREPORTED)
        if not trusts_taken:
            first = Settled(tickets["a"], "unreachable", "asleep")
        assert events == [first, Settled(tickets["b"], "unreachable", "asleep")]
        assert commands.deadline() is None and not commands.open


def test_what_was_taken_and_is_reported_otherwise_is_refused() -> None:
    commands, tickets = pending(True, a=ON)
    commands.taken([tickets["a"]])
    commands.reported({"1": False}, "a")
    assert commands.overdue(5.0) == [Settled(tickets["a"], "refused", "The device reports that it is off.")]


# --- the width of a bitmap ----------------------------------------------------------------------------


@given(
    st.integers(0, 2**32 - 1) | st.integers(0, 0x1FF),
    st.sampled_from([0, 1, 2, 3, 4, 8]),
)
def test_a_bitmap_is_set_in_the_width_in_which_it_was_reported_unless_its_value_needs_more(
    value: int, width: int
) -> None:
    [point] = points_of(WireCommand({"9": value}, types={"9": "bitmap"}), {}, {"9": width} if width else {})
    body = bytes(point)[4:]
    assert int.from_bytes(body) == value and bytes(point)[2:4] == len(body).to_bytes(2)
    assert len(body) == max(width, len(encode_value(BITMAP, value)))
    assert wanted_of((point,)) == {"9": value}


def test_only_bitmaps_have_a_width() -> None:
    command = WireCommand({"1": True, "2": 7}, types={"2": "enum"})
    assert points_of(command, {}, {"1": 4, "2": 4}) == points_of(command, {})
