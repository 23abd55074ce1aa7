"""Phases in raw data points: every record with known values reads as those values, and is written the same."""

from base64 import b64decode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.errors import CommandError, WireError
from unclouded.families.tuya import FAMILY_WIFI
from unclouded.families.tuya.line.datapoint import read_points
from unclouded.families.tuya.values.phase import AMBIGUOUS, LAYOUTS, decode_phase, encode_phase, layout_of

# docs/protocols/tuya_wifi.md §2.8.3: the record, then 0.1 V, mA, 0.1 W
STANDARD = [
    (b64decode("CSIAFfQABKE="), 2338, 5620, 11850),
    (b64decode("CT0AAmAAAIU="), 2365, 608, 1330),
    (b64decode("CTIAVfcAFGw="), 2354, 22007, 52280),
    (b64decode("CIsAK8MACWo="), 2187, 11203, 24100),
    (b64decode("CREANUkADG8="), 2321, 13641, 31830),
    (b64decode("COwABY8AARA="), 2284, 1423, 2720),
    (b64decode("CWkAARgAACo="), 2409, 280, 420),
    (bytes.fromhex("0911000032000005"), 2321, 50, 50),
    (bytes.fromhex("0880 0003E8 002710"), 2176, 1000, 100_000),  # described as 0.0001 kW, but the value is W
]


@pytest.mark.parametrize(("raw", "voltage", "current", "power"), STANDARD)
def test_the_records_of_real_meters(raw: bytes, voltage: int, current: int, power: int) -> None:
    known = {"voltage": voltage, "current": current, "power": power}
    assert layout_of(raw) == "8" and decode_phase(raw) == known
    assert encode_phase(known, "8") == raw


@pytest.mark.parametrize(
    ("raw", "layout", "known"),
    [
        ("0929 0001B7 0003FC 000000 03E8 C332", "15a", (2345, 439, 1020, 1000, 49_970)),
        ("090F 0000BF 000078 000025 0110 C332", "15a", (2319, 191, 120, 272, 49_970)),
    ],
)
def test_fifteen_bytes_have_the_power_in_tenths_of_a_watt(raw: str, layout: str, known: tuple[int, ...]) -> None:
    read = decode_phase(bytes.fromhex(raw), layout)
    assert tuple(read.values()) == known
    voltage, current, power, factor, _ = known
    assert power == pytest.approx(voltage * current * factor / 1e6, rel=0.01)  # 0.1 W of 0.1 V and mA: physics agrees


def test_version_1_has_reactive_and_apparent_power_too() -> None:
    raw = bytes.fromhex("010F 0880 0003E8 002710 000DAC 0030D4 50")
    known = {
        "voltage": 2176,
        "current": 1000,
        "power": 100_000,
        "reactive_power": 35_000,
        "apparent_power": 125_000,
        "power_factor": 800,
    }
    assert decode_phase(raw) == known
    assert encode_phase(known, "v01") == raw


def test_version_2_has_a_sign_for_each_so_that_export_is_negative() -> None:
    raw = bytes.fromhex("020F08800003E8002710000DAC0030D4500F")
    known = {
        "voltage": 2176,
        "current": -1000,
        "power": -100_000,
        "reactive_power": -35_000,
        "apparent_power": 125_000,
        "power_factor": -800,
    }
    assert decode_phase(raw) == known
    assert encode_phase(known, "v02") == raw


def test_version_2_with_only_reactive_power_negative() -> None:
    read = decode_phase(b64decode("Ag8JJQAASAAACAAAAAAACGME"))
    assert (read["voltage"], read["current"], read["power"]) == (2341, 72, 80)
    assert (read["apparent_power"], read["power_factor"]) == (80, 990)


def test_a_whole_frame_of_a_breaker() -> None:
    frame = bytes.fromhex("55AA03070014 0600000809160000990000 23 010200040000000310".replace(" ", ""))
    phase, energy = read_points(frame[6:-1])
    assert isinstance(phase.value, bytes)
    assert decode_phase(phase.value) == {"voltage": 2326, "current": 153, "power": 350}
    assert energy.value == 3


@pytest.mark.parametrize(
    ("raw", "layout", "known"),
    [
        ("0929 000F 0D7A", "6", {"voltage": 2345, "current": 1500, "power": 3450}),
        ("0929 0005DC 0159", "7", {"voltage": 2345, "current": 1500, "power": 3450}),
        ("0929 0005DC 000159 001E", "10", {"voltage": 2345, "current": 1500, "power": 3450, "residual_current": 30}),
        ("0000000000000000 1388 00 05DC 0929", "15b", {"frequency_count": 5000, "current": 1500, "voltage": 2345}),
    ],
)
def test_the_other_layouts_as_the_page_draws_them(raw: str, layout: str, known: dict[str, int]) -> None:
    assert decode_phase(bytes.fromhex(raw), layout) == known
    assert encode_phase(known, layout) == bytes.fromhex(raw)


@given(st.sampled_from(sorted(LAYOUTS)), st.data())
@settings(max_examples=150, deadline=None)
def test_what_is_written_is_read_again(name: str, data: st.DataObject) -> None:
    known = {}
    for field in LAYOUTS[name].fields:
        signed = LAYOUTS[name].signs_at >= 0 and field.sign_bit
        most = 256**field.size - 1
        known[field.name] = field.steps * data.draw(st.integers(-most if signed else 0, most))
    raw = encode_phase(known, name)
    assert decode_phase(raw, name) == known
    if name not in AMBIGUOUS:
        assert layout_of(raw) == name


@given(st.binary(max_size=24), st.sampled_from(sorted(FAMILY_WIFI.decoders)))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused_with_a_reason(raw: bytes, name: str) -> None:
    try:
        FAMILY_WIFI.decoders[name](raw)
    except WireError as error:
        assert str(error).endswith(".")


def test_two_layouts_of_one_length_are_never_guessed() -> None:
    with pytest.raises(WireError, match="phase_15a or phase_15b"):
        decode_phase(bytes(15))
    with pytest.raises(WireError, match="no layout of a phase with 17 bytes that begin with 03 0f"):
        decode_phase(b"\x03\x0f" + bytes(15))


def test_what_a_layout_has_no_place_for_is_refused() -> None:
    with pytest.raises(CommandError, match="has no place for frequency"):
        encode_phase({"frequency": 50_000}, "8")
    with pytest.raises(CommandError, match="cannot be -10"):
        encode_phase({"power": -10}, "8")
