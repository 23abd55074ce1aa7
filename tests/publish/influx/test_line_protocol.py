"""Line protocol: values of one time on one line, and nothing that a database would read as something else."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_story import NOON
from unclouded.core.model import Reading
from unclouded.publish.influx.line_protocol import line_protocol, without_suspect

AT = 1_795_262_400_000_000_000


def test_values_of_one_device_at_one_time_are_one_line() -> None:
    readings = [
        Reading("kettle", "power_W", 67, NOON),
        Reading("lamp", "on", False, NOON),
        Reading("kettle", "mode", 'say "x"\\', NOON),
        Reading("kettle", "power_W", 68, NOON),
        Reading("kettle", "power_W", 69, NOON + 0.25),
    ]
    assert line_protocol("u", readings).decode().splitlines() == [
        f'u,device=kettle power_W=68.0,mode="say \\"x\\"\\\\" {AT}',
        f"u,device=lamp on=false {AT}",
        f"u,device=kettle power_W=69.0 {AT + 250_000_000}",
    ]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400])
def test_what_is_no_finite_number_is_left_out(value: float) -> None:
    assert line_protocol("u", [Reading("a", "b", value, NOON)]) == b""


def test_doubtful_readings_and_other_devices_are_not_sent() -> None:
    facts = [Reading("a", "p", 1, NOON, "suspect"), Reading("a", "p", 2, NOON, "held"), Reading("b", "p", 3, NOON)]
    assert [one.value for one in without_suspect(facts, {})] == [2, 3]
    assert [one.value for one in without_suspect(facts, {"b": None})] == [3]


LINE = re.compile(
    r'(?:[^, \n\\]|\\.)+,device=(?:[^,= \n\\]|\\[^\n])+ (?:[^,= \n\\]|\\[^\n])+="(?:[^"\\\n]|\\[^\n])*" -?\d+'
)


@settings(max_examples=200)
@given(st.text(min_size=1, max_size=20), st.text(max_size=20), st.text(max_size=50))
def test_any_text_stays_one_line_of_one_field(device: str, point: str, value: str) -> None:
    text = line_protocol("my meas,urement", [Reading(device, point, value, NOON)]).decode()
    assert text.endswith("\n") and text.count("\n") == 1
    assert LINE.fullmatch(text.removesuffix("\n"))
