"""Laws of the engine, whatever devices report: one command for a point at a time, least times are kept, and the result
is that of a slow reference implementation that looks at every second from the beginning."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.rule_home import RuleHome, rules_from
from unclouded.core.model import Outcome, Value

FOR_S = st.sampled_from([0, 5, 21, 61])  # s; odd, where reports come at even seconds: nothing is ambiguous
AT_LEAST_S = st.sampled_from([0, 4.5, 20.5, 60.5])
PAUSES_S = st.integers(1, 20).map(lambda half: 2 * half)
POWERS = st.sampled_from([0.0, 90.0, 110.0, 150.0, 250.0])


class Step(NamedTuple):
    """Something that happens, and how long it is until the next thing."""

    device: str
    what: str  # a power, a state, a switch by hand, a restart, a refusal
    value: Value
    pause: float


STEPS = st.lists(
    st.one_of(
        st.builds(Step, st.just("meter"), st.just("power"), POWERS, st.integers(0, 40).map(float)),
        st.builds(Step, st.sampled_from(["meter", "boiler"]), st.just("state"), st.booleans(), st.just(7.0)),
        st.builds(Step, st.just("boiler"), st.just("hand"), st.booleans(), st.integers(0, 90).map(float)),
        st.builds(Step, st.just(""), st.just("restart"), st.just(True), st.integers(0, 90).map(float)),
        st.builds(Step, st.just("boiler"), st.just("refuse"), st.booleans(), st.just(1.0)),
    ),
    max_size=40,
)
TABLES = (
    {"while": "meter.power_W > 100 for 20 s, until < 80 for 5 s", "set": "boiler on", "at_least": "60 s"},
    {"while": "meter.power_W > 200", "set": "boiler off", "after_manual": "30 s"},
    {"when": "meter.power_W > 120 for 5 s", "set": "boiler on", "lasts": "40 s"},
    {"when": "meter.power_W < 50", "set": "boiler off"},
    {"when": "meter is offline", "set": "boiler on"},
    {"at": ["03:01", "03:02:30"], "set": "boiler on", "lasts": "30 s", "missed": "run"},
    {"while": "meter.power_W > 100", "set": "boiler off", "after_manual": "ignore", "at_most": "2 min"},
)


def happen(home: RuleHome, step: Step) -> None:
    match step.what:
        case "power":
            home.readings(meter__power_W=step.value)
        case "state":
            home.states({step.device: "online" if step.value else "offline"})
        case "hand":
            home.readings(boiler__on=step.value)
        case "restart":
            home.restart(off_s=3.0)
        case "refuse":
            home.answers["boiler"] = lambda: Outcome("refused" if step.value else "confirmed", "no")
    home.run(step.pause)


@settings(max_examples=40)
@given(STEPS, st.lists(st.sampled_from(range(len(TABLES))), min_size=1, max_size=4, unique=True))
def test_a_point_gets_one_command_at_a_time_and_a_bounded_number(steps: Sequence[Step], chosen: Sequence[int]) -> None:
    home = RuleHome(rules_from(*(TABLES[place] for place in chosen)))
    home.readings(boiler__on=False, meter__power_W=0.0)
    for step in steps:
        happen(home, step)
    times = [at for at, _, _, _ in home.commands]
    assert all(later - earlier >= 0.999 for earlier, later in pairwise(times))
    assert all(times[place + 6] - times[place] > 60.0 - 3.0 for place in range(len(times) - 6))


@settings(max_examples=40)
@given(st.lists(st.tuples(POWERS, PAUSES_S), max_size=40), FOR_S, AT_LEAST_S, st.booleans())
def test_a_rule_does_what_the_reference_does(
    powers: Sequence[tuple[float, int]], for_s: int, at_least_s: float, restarts: bool
) -> None:
    condition = f"meter.power_W > 100{f' for {for_s} s' if for_s else ''}"
    least = {"at_least": f"{at_least_s} s"} if at_least_s else {}
    home = RuleHome(rules_from({"while": condition, "set": "boiler on", **least}))
    home.readings(boiler__on=False)
    begin, samples, seconds = home.wall, {}, 0
    for place, (power, pause) in enumerate(powers):
        home.readings(meter__power_W=power)
        samples[float(seconds)] = power
        if restarts and place % 7 == 3:
            home.restart()
        home.run(float(pause))
        seconds += pause
    home.run(150.0)
    done = [(round(2 * (at - begin)) / 2, value) for at, _, value, _ in home.commands]
    assert done == reference(samples, seconds + 150, for_s, at_least_s)


def reference(samples: dict[float, float], seconds: int, for_s: float, at_least_s: float) -> list[tuple[float, bool]]:
    """The commands of the rule: at each half second all that was reported until then is looked at again."""
    done: list[tuple[float, bool]] = []
    for half in range(2 * seconds + 1):
        now = half / 2
        holds = _has_held(samples, now, for_s)
        is_on = bool(done) and done[-1][1]
        if holds and not is_on:
            done.append((now, True))
        elif is_on and not holds and now >= done[-1][0] + at_least_s:
            done.append((now, False))
    return done


def _has_held(samples: dict[float, float], now: float, for_s: float) -> bool:
    """Whether the power has been above the limit for that long, without a pause."""
    known = [at for at in samples if at <= now]
    if not known or samples[max(known)] <= 100:
        return False
    since = max(known)
    for at in sorted(known, reverse=True):
        if samples[at] <= 100:
            break
        since = at
    return now - since >= for_s
