"""Phases in raw data points: every record with known values reads as those values, and is written the same."""

from base64 import b64decode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.errors import CommandError, WireError
from unclouded.families.tuya import FAMILY_WIFI
from unclouded.families.tuya.line.datapoint import read_points
from unclouded.families.tuya.values.phase import EXPORT_OFFSET, LAYOUTS, decode_phase, encode_phase, layout_of

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


@pytest.mark.parametrize(
    ("raw", "known"),
    [
        ("01 000302 00000192 0317 001055 0917", (-7700, 791, 4181, 2327)),
        ("01 000298 00000128 033B 000D6A 0922", (-6640, 827, 3434, 2338)),
        ("00 000298 00000128 033B 000D6A 0922", (6640, 827, 3434, 2338)),
    ],
)
def test_the_other_fifteen_bytes_have_a_direction_and_a_power_factor(raw: str, known: tuple[int, ...]) -> None:
    """Two reports of a meter that exports (tinytuya#175); the voltage shows the layout."""
    data = bytes.fromhex(raw)
    assert layout_of(data) == "15b"
    assert tuple(decode_phase(data).values()) == known
    power, factor, current, voltage = known
    assert abs(power) == pytest.approx(voltage * current * factor / 1e6, rel=0.01)
    assert encode_phase(decode_phase(data), "15b")[:4] == data[:4]  # type: ignore[arg-type]  # counts are ints


def test_thirteen_bytes_are_little_endian_and_signed() -> None:
    """tuya-local#3352."""
    raw = bytes.fromhex("3F090000 41F0FFFF E9FCFFFF 00")
    assert decode_phase(raw) == {"voltage": 2367, "current": -4031, "power": -7910}
    assert encode_phase({"voltage": 2367, "current": -4031, "power": -7910}, "13") == raw


def test_power_that_goes_out_has_an_offset_in_eight_bytes() -> None:
    """zigbee-herdsman-converters#12927."""
    raw = bytes.fromhex("08DA001A0C1993B3")
    assert decode_phase(raw) == {"voltage": 2266, "current": 6668, "power": -15_110}
    assert encode_phase({"voltage": 2266, "current": 6668, "power": -15_110}, "8") == raw
    assert decode_phase(raw + b"\0\x1e")["power"] == -15_110  # with the residual current too


def test_the_offset_of_32_bits_cut_to_24_is_known_too() -> None:
    """zigbee2mqtt#18603, #32995: 99999A, of 1999999A."""
    assert decode_phase(bytes.fromhex("092600009299 9986")) == {"voltage": 2342, "current": 146, "power": -200}
    assert decode_phase(bytes.fromhex("08DA001A0C9993B3"))["power"] == -15_110


def test_a_great_power_that_no_offset_explains_stays() -> None:
    no_current_either = bytes.fromhex("08DA0000009993B3")
    assert decode_phase(no_current_either)["power"] == 0x9993B3 * 10
    no_current = bytes.fromhex("08DA0000001993B3")
    assert decode_phase(no_current)["power"] == 0x1993B3 * 10  # 0 A explain neither; physics reports it
    great = bytes.fromhex("08DAFFFFFF1993B3")  # 16,777 A explain the power as it stands
    assert decode_phase(great)["power"] == 0x1993B3 * 10


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
        (
            "00 000159 00000000 03E8 0005DC 0929",
            "15b",
            {"power": 3450, "power_factor": 1000, "current": 1500, "voltage": 2345},
        ),
    ],
)
def test_the_other_layouts_as_the_page_draws_them(raw: str, layout: str, known: dict[str, int]) -> None:
    assert decode_phase(bytes.fromhex(raw), layout) == known
    assert encode_phase(known, layout) == bytes.fromhex(raw)


@given(st.sampled_from(sorted(LAYOUTS)), st.data())
@settings(max_examples=150, deadline=None)
def test_what_is_written_is_read_again(name: str, data: st.DataObject) -> None:
    form, known = LAYOUTS[name], {}
    for field in form.fields:
        most = 256**field.size // 2 - 1 if form.signed else 256**field.size - 1
        least = -most if form.takes_sign(field) and not form.offset else 0
        known[field.name] = field.steps * data.draw(st.integers(least, most))
    if form.offset:  # a power that goes out is known by what voltage and current allow
        known |= {"voltage": 2300, "power": 10 * data.draw(st.integers(-500_000, 3_000_000))}
        known["current"] = round(abs(known["power"]) * 1000 / 2300)
    raw = encode_phase(known, name)
    assert decode_phase(raw, name) == known
    if len([one for one in LAYOUTS.values() if one.length == form.length]) == 1:
        assert layout_of(raw) == name


@given(st.binary(max_size=24), st.sampled_from(sorted(FAMILY_WIFI.decoders)))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused_with_a_reason(raw: bytes, name: str) -> None:
    try:
        FAMILY_WIFI.decoders[name](raw)
    except WireError as error:
        assert str(error).endswith(".")


def test_two_layouts_of_one_length_are_not_guessed_where_no_voltage_decides() -> None:
    with pytest.raises(WireError, match="phase_15a or phase_15b"):
        decode_phase(b"\1" + bytes(14))
    assert decode_phase(bytes(15))["voltage"] == 0  # without power both are 0
    with pytest.raises(WireError, match="no layout of a phase with 17 bytes that begin with 03 0f"):
        decode_phase(b"\x03\x0f" + bytes(15))


def test_what_a_layout_has_no_place_for_is_refused() -> None:
    with pytest.raises(CommandError, match="has no place for frequency"):
        encode_phase({"frequency": 50_000}, "8")
    with pytest.raises(CommandError, match="cannot be -10"):
        encode_phase({"power": -10}, "7")
    with pytest.raises(CommandError, match="cannot be"):
        encode_phase({"power": -10 * EXPORT_OFFSET}, "8")
