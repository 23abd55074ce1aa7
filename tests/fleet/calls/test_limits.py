"""A person who asks a home without end holds up neither the home nor others, and may go on after a while."""

from contextlib import ExitStack

import pytest

from unclouded.core.system.token_buckets import MOST_KNOWN
from unclouded.fleet.calls import limits
from unclouded.fleet.calls.limits import AskingLimits, TooManyQuestions


class Story:
    def __init__(self) -> None:
        self.now = 0.0
        self.limits = AskingLimits(lambda: self.now)

    def asked(self, person: int, home: str, most: int) -> int:
        """How many of these questions, one after another, may be asked."""
        for number in range(most):
            try:
                with self.limits.question(person, home):
                    pass
            except TooManyQuestions as error:
                self.wait_s = error.wait_s
                return number
        return most


def test_sixty_at_once_and_then_two_a_second_for_each_person_and_home() -> None:
    story = Story()
    assert (story.asked(1, "a", 100), story.wait_s) == (60, 1)
    assert story.asked(1, "b", 60) == story.asked(2, "a", 60) == 60
    story.now += 10
    assert story.asked(1, "a", 100) == 20
    story.now += 3600
    assert story.asked(1, "a", 100) == 60


@pytest.mark.parametrize(("wait_s", "said"), [(0.0, 1), (0.5, 1), (1.0, 1), (5.2, 6)])
def test_the_wait_is_said_in_whole_seconds(wait_s: float, said: int) -> None:
    assert TooManyQuestions(wait_s).wait_s == said


def test_questions_that_are_under_way_are_bounded_for_a_home_and_for_a_person() -> None:
    story = Story()
    with ExitStack() as stack:
        for number in range(limits.MOST_OF_PERSON):
            stack.enter_context(story.limits.question(1, f"home {number // limits.MOST_AT_HOME}"))
        for home in ("home 0", "another"):
            with pytest.raises(TooManyQuestions), story.limits.question(1, home):
                pass
        assert story.asked(2, "home 0", 1) == 1
    assert story.asked(1, "home 0", 1) == 1


def test_eight_questions_of_a_person_to_a_home_are_under_way() -> None:
    story = Story()
    with ExitStack() as stack:
        for _ in range(limits.MOST_AT_HOME):
            stack.enter_context(story.limits.question(1, "home"))
        assert story.asked(1, "home", 1) == 0 and story.asked(1, "another", 1) == 1
    assert str(TooManyQuestions(5.2)) == "Too many questions; the next one in 5 s."


def test_live_views_are_bounded_and_counted_as_questions() -> None:
    story = Story()
    with ExitStack() as stack:
        for number in range(limits.MOST_LOOKS):
            stack.enter_context(story.limits.look(1, f"home {number}"))
        with pytest.raises(TooManyQuestions), story.limits.look(1, "another"):
            pass
    for _ in range(59):
        with story.limits.look(1, "home 0"):
            pass
    assert story.asked(1, "home 0", 10) == 0


def test_the_limits_are_those_of_the_documentation() -> None:
    """Behaviour is tested by their names elsewhere; a number that changes is a decision."""
    assert (limits.AT_ONCE, limits.PER_S, limits.BUSY_S) == (60.0, 2.0, 1.0)
    assert (limits.MOST_AT_HOME, limits.MOST_OF_PERSON, limits.MOST_LOOKS) == (8, 32, 16)


def test_what_is_remembered_is_bounded() -> None:
    story = Story()
    for number in range(MOST_KNOWN + 100):
        assert story.asked(1, f"home {number}", 1) == 1
    assert len(story.limits._buckets) == MOST_KNOWN
    assert not story.limits._under_way and not story.limits._of_person
