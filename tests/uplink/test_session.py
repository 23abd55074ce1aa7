"""The hub's session, story by story: what it sends when, and what it makes of answers."""

from pathlib import Path

import pytest

from store.test_rollup import NOON, watts
from unclouded.store.outbox import Window
from unclouded.uplink.messages import (
    LARGEST,
    Answer,
    CommandReport,
    DaySum,
    Hello,
    HubState,
    LetOut,
    RefusedWindow,
    Reports,
    Welcome,
    Windows,
    decode_message,
    encode_message,
)
from unclouded.uplink.outputs import (
    Acknowledge,
    Again,
    AskDirty,
    AskSums,
    Output,
    RaiseNumbers,
    ReadWindow,
    Refuse,
    RenewalRefused,
    ReportsCommitted,
    Send,
    TokenRenewed,
    TryRefused,
    UplinkNote,
    Welcomed,
)
from unclouded.uplink.session import SAME_DAY_S, UplinkSession
from uplink.ends import FleetEnd, HubEnd, Wire

ONE = Window("raw", 300, 5)
DONE = Answer(True)


class Story:
    """A session whose driver is the test. ``chance``: what is random."""

    def __init__(self, chance: float = 0.5, again_done: int = 0) -> None:
        self.now = 100.0
        self.session = UplinkSession("1.0", LetOut(("raw",)), lambda: chance, again_done)

    def outputs(self) -> list[Output]:
        return self.session.outputs()

    def only(self) -> Output:
        (found,) = self.outputs()
        return found

    def sent(self) -> Send:
        found = self.only()
        assert isinstance(found, Send)
        return found

    def after(self) -> float | None:
        """Seconds until it wants to be ticked."""
        due = self.session.deadline
        return None if due is None else round(due - self.now, 3)

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.session.tick(self.now)

    def answer(self, sent: Send, message: Answer | Welcome) -> None:
        self.session.answered(sent.serial, encode_message(message), self.now)

    def greet(self, welcome: Welcome | None = None, days: tuple[DaySum, ...] = ()) -> list[Output]:
        """Connected and welcome; what it outputs then."""
        self.session.connected(self.now)
        self.wait(0.5)
        assert isinstance(self.only(), AskSums)
        self.session.sums({"raw": days}, 0, self.now)
        hello = self.sent()
        assert (hello.kind, hello.shard) == ("hello", 0)
        self.answer(hello, welcome or Welcome(0.0, 7))
        return self.outputs()

    def begin(self, *windows: Window, size: int = 3) -> Send:
        """The message that has these dirty windows."""
        self.session.dirty(windows, self.now)
        while isinstance(found := self.only(), ReadWindow):
            self.session.content(found.window, bytes(size), self.now)
        assert isinstance(found, Send)
        return found


@pytest.fixture
def story() -> Story:
    story = Story()
    story.greet()
    return story


def starts(sent: Send) -> list[int]:
    message = decode_message(sent.data)
    assert isinstance(message, Windows)
    return [one.start for one in message.windows]


def test_nothing_is_sent_before_the_welcome_and_the_first_message_after_a_part_of_the_spread() -> None:
    story = Story()
    assert story.greet(Welcome(60.0, 7, ("a.example",), highest=4))[1:] == [RaiseNumbers(4), TryRefused()]
    assert story.after() == 30.0
    story.wait(29.0)
    assert story.outputs() == []
    story.wait(1.0)
    assert isinstance(story.only(), AskDirty)
    sent = story.begin(ONE)
    assert (sent.kind, sent.shard) == ("windows", 7)
    story.answer(sent, DONE)
    assert story.outputs()[0] == Acknowledge("raw", 300, 5)


def test_the_welcome_is_passed_on_and_a_second_connection_says_hello_within_its_spread() -> None:
    story = Story()
    assert story.greet(Welcome(60.0, 7, ("a.example",)))[0] == Welcomed(("a.example",), 7)
    story.session.disconnected(story.now)
    assert story.after() is None
    story.session.connected(story.now)
    assert story.after() == 30.0


@pytest.mark.parametrize(("chance", "factor"), [(0.0, 0.8), (0.5, 1.0), (1.0, 1.2)])
def test_time_outs_double_up_to_two_minutes_with_a_random_part(chance: float, factor: float) -> None:
    story = Story(chance)
    story.session.connected(story.now)
    story.wait(1.0)
    waited = []
    for _ in range(3):
        assert isinstance(story.only(), AskSums)
        story.session.sums({}, 0, story.now)
        hello = story.sent()
        for attempt in range(3):
            waited.append(story.after())
            story.wait(waited[-1] or 0)
            if attempt < 2:
                assert story.sent() == hello  # the same bytes
    assert waited == [round(factor * s, 3) for s in (5, 10, 20, 40, 80, 120, 120, 120, 120)]


def test_the_answer_of_another_message_is_ignored(story: Story) -> None:
    assert isinstance(story.only() if story.session.deadline is None else AskDirty(100), AskDirty)
    sent = story.begin(ONE)
    story.session.answered(sent.serial - 1, encode_message(DONE), story.now)
    story.session.answered(sent.serial + 1, encode_message(DONE), story.now)
    assert story.outputs() == []
    story.answer(sent, DONE)
    assert story.outputs()[0] == Acknowledge("raw", 300, 5)
    story.answer(sent, DONE)
    assert story.outputs() == []


@pytest.mark.parametrize("data", [b"", b"\x09abc", b"\x01\xc1", encode_message(Welcome(1.0, 1))])
def test_an_answer_that_is_none_is_noted_and_time_goes_on(story: Story, data: bytes) -> None:
    sent = story.begin(ONE)
    story.session.answered(sent.serial, data, story.now)
    assert isinstance(story.only(), UplinkNote)
    story.wait(5.0)
    assert story.sent() == sent


def test_a_time_to_wait_is_honoured_but_not_for_ever(story: Story) -> None:
    sent = story.begin(ONE)
    story.answer(sent, Answer(True, wait_s=30.0))
    assert story.outputs() == [Acknowledge("raw", 300, 5)]
    assert story.after() == 33.0
    story.wait(33.0)
    assert isinstance(story.only(), AskDirty)
    sent = story.begin(ONE)
    story.answer(sent, Answer(False, wait_s=1e12))
    assert story.after() == 3600.0
    put_off = [story.session.is_put_off]
    story.wait(3600.0)
    assert story.sent() == sent
    story.answer(sent, Answer(True, wait_s=float("nan")))
    assert [*put_off, story.session.is_put_off] == [True, False]
    assert isinstance(story.outputs()[-1], AskSums)  # nothing is waited for: an hour has passed


def test_an_answer_that_nothing_was_kept_never_makes_a_hot_loop(story: Story) -> None:
    sent = story.begin(ONE)
    for wait_s in (10.0, 20.0):
        story.answer(sent, Answer(False))
        assert story.after() == wait_s
        story.wait(wait_s)
        assert story.sent() == sent


def test_no_one_is_there_and_later_someone_is(story: Story) -> None:
    sent = story.begin(ONE)
    story.session.not_delivered(sent.serial, story.now)
    assert story.outputs() == []
    assert story.after() == 10.0
    story.wait(10.0)
    assert story.sent() == sent


def test_windows_of_one_level_go_together_up_to_the_size_of_a_message(story: Story) -> None:
    dirty = [Window("raw", 300 * place, 5) for place in (5, 4, 3)]
    dirty.insert(1, Window("energy", 0, 9))
    assert starts(story.begin(*dirty)) == [1500, 1200, 900]
    story = Story()
    story.greet()
    sent = story.begin(*dirty, size=100_000)
    assert starts(sent) == [1500, 1200]
    assert len(sent.data) <= LARGEST


def test_a_window_that_has_no_room_in_any_message_is_refused_at_home(story: Story) -> None:
    story.session.dirty([ONE], story.now)
    assert story.outputs() == [ReadWindow(ONE, 5)]
    story.session.content(ONE, bytes(LARGEST), story.now)
    assert story.outputs() == [Refuse("raw", 300, 5, "it is too large for a message"), AskDirty(100)]


def test_a_window_that_cannot_be_read_now_lets_the_others_go_first(story: Story) -> None:
    other = Window("raw", 0, 4)
    story.session.dirty([ONE, other], story.now)
    story.outputs()
    story.session.content(ONE, None, story.now)
    assert story.outputs() == [ReadWindow(other, 5)]
    story.session.content(other, b"x", story.now)
    story.answer(story.sent(), DONE)
    assert story.outputs() == [Acknowledge("raw", 0, 4), AskDirty(101)]
    story.session.dirty([ONE], story.now)
    assert story.outputs() == []
    story.wait(600.0)
    story.session.dirty([ONE], story.now)
    assert ReadWindow(ONE, 5) in story.outputs()


def test_a_refused_window_is_marked_and_the_others_of_its_message_are_acknowledged(story: Story) -> None:
    sent = story.begin(ONE, Window("raw", 0, 4))
    story.answer(sent, Answer(True, (RefusedWindow(300, "strange"),)))
    assert story.outputs()[:2] == [Refuse("raw", 300, 5, "strange"), Acknowledge("raw", 0, 4)]


def test_a_message_that_cannot_be_taken_apart_is_sent_in_smaller_ones_and_a_single_window_is_refused(
    story: Story,
) -> None:
    whole = Answer(True, (RefusedWindow(-1, "strange"),))
    story.answer(story.begin(ONE, Window("raw", 0, 4)), whole)
    assert story.outputs() == [AskDirty(100)]
    story.answer(story.begin(ONE, Window("raw", 0, 4)), whole)
    assert story.outputs()[0] == Refuse("raw", 300, 5, "strange")


def test_a_window_that_brings_no_answer_does_not_stop_the_others(story: Story) -> None:
    other = Window("raw", 0, 4)
    for expected in ([300, 0], [300], [0]):
        sent = story.begin(ONE, other)
        assert starts(sent) == expected
        if expected == [0]:
            break
        for attempt in range(3):
            story.wait(story.after() or 0)
            if attempt < 2:
                assert story.sent() == sent
        assert isinstance(story.only(), AskDirty)


def test_days_that_differ_are_asked_for_but_not_again_and_again() -> None:
    story = Story()
    sums = (DaySum(3, 1, 8), DaySum(4, 1, 9))
    welcome = Welcome(0.0, 7, (), {"raw": (3, 99), "unknown": (3,)})
    again = Again(3 * 86_400.0, 4 * 86_400.0, ("raw",))
    assert [one for one in story.greet(welcome, sums) if isinstance(one, Again)] == [again]  # 99 was not in the hello
    for passed, expected in ((3600.0, []), (SAME_DAY_S, [again]), (SAME_DAY_S, []), (SAME_DAY_S, [again])):
        story.session.disconnected(story.now)
        story.now += passed
        assert [one for one in story.greet(welcome, sums) if isinstance(one, Again)] == expected


def test_a_request_for_everything_is_done_once() -> None:
    story = Story(again_done=4)
    welcome = Welcome(0.0, 7, again_since=1000.0, again_number=5)
    (found,) = [one for one in story.greet(welcome) if isinstance(one, Again)]
    assert (found.since, found.number) == (1000.0, 5) and found.until > 1e15
    story.session.disconnected(story.now)
    assert not any(isinstance(one, Again) for one in story.greet(welcome))
    story = Story(again_done=4)
    assert not any(isinstance(one, Again) for one in story.greet(Welcome(0.0, 7, again_since=1000.0, again_number=4)))


@pytest.mark.parametrize("highest", [2**60, 2**63 - 1])
def test_numbers_that_no_clock_makes_are_not_taken(highest: int) -> None:
    assert not any(isinstance(one, RaiseNumbers) for one in Story().greet(Welcome(0.0, 7, highest=highest)))


def test_hello_comes_again_each_hour_and_when_the_home_lets_out_something_else(story: Story) -> None:
    story.session.dirty([], story.now)
    story.wait(3600.0)
    assert isinstance(story.only(), AskSums)
    story.session.sums({}, 2, story.now)
    story.answer(story.sent(), Welcome(0.0, 7))
    story.outputs()
    story.session.dirty([], story.now)
    story.session.changed(LetOut(("energy",)), story.now)
    assert isinstance(story.only(), AskSums)
    story.session.sums({}, 2, story.now)
    hello = decode_message(story.sent().data)
    assert isinstance(hello, Hello) and (hello.let_out.levels, hello.behind) == (("energy",), 2)


def test_an_outbox_where_nothing_is_dirty_is_looked_at_each_minute_or_when_woken(story: Story) -> None:
    story.session.dirty([], story.now)
    assert story.after() == 60.0
    story.wait(10.0)
    story.session.wake(story.now)
    assert isinstance(story.only(), AskDirty)


def test_a_state_goes_out_at_most_once_a_minute_and_at_least_each_quarter() -> None:
    story = Story()
    state = HubState(1.0, "1.0", power_W=5.0)
    story.session.state(state, story.now)
    assert Send("state", 0, encode_message(state), 7) in story.greet()
    story.session.dirty([], story.now)
    other = HubState(2.0, "1.0", power_W=6.0)
    story.session.state(other, story.now)
    assert story.outputs() == []
    story.wait(60.0)
    assert [one for one in story.outputs() if isinstance(one, Send)] == [Send("state", 0, encode_message(other), 7)]
    same = HubState(900.0, "1.0", power_W=6.0)
    for passed, expected in ((899.0, []), (1.0, [Send("state", 0, encode_message(same), 7)])):
        story.session.state(same, story.now)
        story.wait(passed)
        assert [one for one in story.outputs() if isinstance(one, Send) and one.kind == "state"] == expected


def test_reports_go_before_windows_until_they_are_committed(story: Story) -> None:
    first, second = CommandReport("a", "accepted"), CommandReport("a", "confirmed")
    story.session.dirty([], story.now)
    story.session.report([first], story.now)
    sent = story.sent()
    assert decode_message(sent.data) == Reports((first,))
    story.session.report([second], story.now)  # while the first is on its way
    story.answer(sent, DONE)
    committed, sent_again = story.outputs()
    assert committed == ReportsCommitted((first,))
    assert isinstance(sent_again, Send) and decode_message(sent_again.data) == Reports((second,))
    story.session.disconnected(story.now)
    story.greet()
    assert not any(isinstance(one, AskDirty) for one in story.outputs())


def test_a_token_is_renewed(tmp_path: Path, story: Story) -> None:
    story.session.dirty([], story.now)
    story.session.renew("UKEY", story.now)
    sent = story.sent()
    assert sent.kind == "renew"
    answer = FleetEnd().answer(sent.data)
    assert answer is not None
    story.session.answered(sent.serial, answer, story.now)
    assert story.outputs() == [TokenRenewed("token of UKEY", 1e9)]


@pytest.mark.parametrize("revoked", [False, True])
def test_a_token_that_is_refused_holds_up_no_windows(story: Story, revoked: bool) -> None:
    story.session.dirty([], story.now)
    story.session.renew("UKEY", story.now)
    story.session.answered(story.sent().serial, encode_message(Answer(False, (), 3600.0, revoked)), story.now)
    assert story.outputs() == [RenewalRefused(revoked)]
    story.wait(61.0)
    assert isinstance(story.only(), AskDirty)


def test_a_driver_that_does_not_answer_is_asked_again(story: Story) -> None:
    assert story.after() == 600.0
    story.wait(600.0)
    assert isinstance(story.only(), AskDirty)


def test_a_window_that_the_fleet_cannot_read_is_sent_again_once_it_has_changed(tmp_path: Path) -> None:
    hub, fleet = HubEnd(tmp_path / "store.sqlite"), FleetEnd()
    wire = Wire(hub, fleet)
    hub.keeper.writer.write([watts(1, 0), watts(1, 400)])
    fleet.unreadable = lambda level, start: "strange" if (level, start) == ("raw", NOON) else ""
    wire.connect()
    wire.run(130.0)
    assert hub.outbox.behind() == 0
    assert [(one.level, one.start) for one in hub.outbox.refused()] == [("raw", NOON)]
    assert ("raw", NOON) not in fleet.windows and ("raw", NOON + 300) in fleet.windows
    fleet.unreadable = lambda level, start: ""
    wire.run(130.0)
    assert ("raw", NOON) not in fleet.windows
    hub.keeper.writer.write([watts(2, 1)])
    wire.run(130.0)
    assert ("raw", NOON) in fleet.windows and hub.outbox.refused() == []
    hub.close()


def test_a_hub_that_was_away_for_a_day_sends_the_newest_first_and_each_window_once(tmp_path: Path) -> None:
    hub, fleet = HubEnd(tmp_path / "store.sqlite"), FleetEnd()
    hub.keeper.wall = NOON + 2 * 86_400.0
    for hour in range(24):
        hub.keeper.writer.write([watts(minute, 3600 * hour + 60 * minute) for minute in range(60)])
    wire = Wire(hub, fleet)
    wire.connect()
    wire.run(200.0)
    kinds = [one for one in hub.outputs if isinstance(one, Acknowledge)]
    raw = [one.start for one in kinds if one.level == "raw"]
    assert hub.outbox.behind() == 0 and raw == sorted(raw, reverse=True) and len(raw) == 288
    assert fleet.messages < 80 and len(kinds) == len(fleet.windows)
    hub.close()


def test_what_a_fleet_with_a_wrong_clock_has_refused_is_sent_once_more_some_hours_later(tmp_path: Path) -> None:
    hub, fleet = HubEnd(tmp_path / "store.sqlite"), FleetEnd()
    fleet.unreadable = lambda level, start: "it starts in the future" if start else ""
    wire = Wire(hub, fleet)
    wire.connect()
    hub.keeper.writer.write([watts(5, 0)])
    wire.run(100.0, step=50.0)
    assert ("raw", NOON) in [(one.level, one.start) for one in hub.outbox.refused()]
    fleet.unreadable = lambda level, start: ""
    wire.run(3 * 3600.0, step=600.0)
    assert ("raw", NOON) not in fleet.windows
    wire.run(4 * 3600.0, step=600.0)
    assert ("raw", NOON) in fleet.windows
    assert hub.outbox.refused() == []
    hub.close()
