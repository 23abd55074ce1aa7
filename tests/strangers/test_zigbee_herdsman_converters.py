"""The Tuya decoders of zigbee-herdsman-converters, by other people, read the phases of meters as ours do."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangers.driven import Driven, driven, needs
from unclouded.families.tuya.values.phase import EXPORT_OFFSETS, decode_phase, encode_phase

pytestmark = needs("zigbee-herdsman-converters")

STEPS = {"voltage": 10, "current": 1000, "power": 10}  # of ours in V, A and W
VOLTS, AMPERES = st.integers(900, 2700), st.integers(0, 80_000)


@pytest.fixture(scope="module")
def decoders() -> Iterator[Driven]:
    with driven("zigbee-herdsman-converters", "zigbee_herdsman_converters_driver.js") as one:
        yield one


def compare(decoders: Driven, layout: str, raw: bytes) -> None:
    ours = decode_phase(raw, layout)
    theirs = decoders.ask("phase", layout=layout, raw=raw.hex())
    assert theirs == pytest.approx({name: float(ours[name]) / STEPS[name] for name in theirs})


@pytest.mark.parametrize("layout", ["8", "10"])
@given(voltage=VOLTS, current=AMPERES, watts=st.integers(0, 20_000))
def test_it_reads_the_phases_that_we_write(
    decoders: Driven, layout: str, voltage: int, current: int, watts: int
) -> None:
    compare(decoders, layout, encode_phase({"voltage": voltage, "current": current, "power": watts * 10}, layout))


@given(voltage=VOLTS, watts=st.integers(20, 20_000))
def test_power_that_goes_out_is_negative_for_both(decoders: Driven, voltage: int, watts: int) -> None:
    """With the offset that it knows, which is the second of ours."""
    current = round(watts * 10_000 / voltage)
    raw = voltage.to_bytes(2) + current.to_bytes(3) + (EXPORT_OFFSETS[1] - watts).to_bytes(3)
    assert decode_phase(raw)["power"] == -watts * 10
    compare(decoders, "8", raw)


@pytest.mark.parametrize("text", ["0926000092999986", "08DA001A0C0005E7"])
def test_records_of_real_meters(decoders: Driven, text: str) -> None:
    compare(decoders, "8", bytes.fromhex(text))


@given(voltage=VOLTS, current=st.integers(0, 65_535))
def test_it_reads_voltage_and_current_of_fifteen_bytes(decoders: Driven, voltage: int, current: int) -> None:
    compare(decoders, "15b", encode_phase({"voltage": voltage, "current": current, "power": 0}, "15b"))
