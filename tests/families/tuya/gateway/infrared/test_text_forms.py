"""Infrared codes as text: each form gives back what it was given, within what it can express."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.core.errors import CommandError
from unclouded.families.tuya.gateway.infrared.infrared_code import InfraredCode
from unclouded.families.tuya.gateway.infrared.protocols import remote_code
from unclouded.families.tuya.gateway.infrared.text_forms import (
    FORMS,
    PRONTO_TICK_US,
    form_of,
    read_code,
    write_code,
)

durations = st.lists(st.integers(1, 100_000), min_size=1, max_size=200).map(tuple)
carriers = st.integers(20_000, 60_000)
codes = st.builds(InfraredCode, durations, carriers)


@pytest.mark.parametrize("form", ["raw", "irremote", "ir-ctl"])
@given(code=codes)
def test_forms_in_microseconds_give_back_the_same_code(form: str, code: InfraredCode) -> None:
    text = write_code(code, form)
    assert form_of(text) == form
    assert read_code(text) == code


@given(code=codes)
def test_pronto_gives_back_the_code_within_half_a_period_of_its_carrier(code: InfraredCode) -> None:
    text = write_code(code, "pronto")
    read = read_code(text)
    period = 1e6 / read.carrier_Hz
    assert form_of(text) == "pronto"
    assert abs(read.carrier_Hz - code.carrier_Hz) <= code.carrier_Hz**2 * PRONTO_TICK_US / 2e6 + 1
    padded = code.durations_us + (len(code.durations_us) % 2) * (1,)
    assert len(read.durations_us) == len(padded)
    assert all(
        abs(mine - theirs) <= max(period, 2) / 2 + 1 or mine < period / 2
        for mine, theirs in zip(code.durations_us, read.durations_us, strict=False)
    )


@given(code=codes)
def test_pronto_written_again_is_the_same_text(code: InfraredCode) -> None:
    text = write_code(code, "pronto")
    assert write_code(read_code(text), "pronto") == text


def test_pronto_keeps_what_follows_while_a_button_is_held() -> None:
    text = write_code(remote_code("NEC", 4, 8), "pronto")
    words = text.split()
    assert words[:4] == ["0000", "006D", "0022", "0002"]
    read = read_code(text)
    assert (len(read.durations_us), len(read.repeat_us)) == (68, 4)
    assert write_code(read, "pronto") == text


def test_a_pronto_code_of_repeated_pairs_only_is_that_code() -> None:
    """As many data bases have it. 0x6D periods of the clock are 26.3 µs."""
    read = read_code("0000 006D 0000 0002 0157 00AC 0013 0013")
    assert read == InfraredCode((9019, 4523, 500, 500), 38_029)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("38000Hz 9000 4500 560", InfraredCode((9000, 4500, 560))),
        ("[9000, -4500, 560]", InfraredCode((9000, 4500, 560))),
        ("36.7 kHz 889, 889, 889", InfraredCode((889, 889, 889), 36_700)),
        ("+9000 -4500 +560", InfraredCode((9000, 4500, 560))),
        (
            "carrier 40000\n# tv power\npulse 2400\nspace 600\npulse 600\ntimeout 45000",
            InfraredCode((2400, 600, 600, 45_000), 40_000),
        ),
        ("uint16_t rawData[3] = {9000, 4500, 560};  // NEC", InfraredCode((9000, 4500, 560))),
        ("unsigned int raw[3] = {\n 9000,4500,\n560 };", InfraredCode((9000, 4500, 560))),
    ],
)  # fmt: skip
def test_a_form_is_found_by_its_looks(text: str, code: InfraredCode) -> None:
    assert read_code(text) == code


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "must have one of the forms raw, pronto"),
        ("tv power", "must have one of the forms"),
        ("9000 0 560", "at least 1 µs"),
        ("9000 +4500", "Duration 2, +4500, must be a space"),
        ("-9000 4500", "Duration 1, -9000, must be a mark"),
        ("9000 4500 many", "'many' is not a duration"),
        ("9999Hz 9000 4500", "The carrier is 9999 Hz"),
        ("500.001kHz 9000 4500", "The carrier is 500001 Hz"),
        ("1000000000", "too many digits"),
        ("carrier 38000\nbeat 12", "'beat 12' is not a line of ir-ctl"),
        ("0000 006D 0000 0003 0157 00AC", "names 3 pairs, and 1 follow"),
        ("0000 0000 0000 0001 0157 00AC", "names 1 pairs"),
        ("0100 006D 0000 0000", "no durations"),
        ("raw = {}", "no durations"),
        ("raw = {", "no list of durations in braces"),
        ("1" * 30, "too many digits"),
        ("1 " * 65_536, "at most 65535 durations"),
        (" " * 600_001, "at most 600000 characters"),
    ],
)
def test_what_is_no_code_is_refused_with_a_reason(text: str, why: str) -> None:
    with pytest.raises(CommandError, match=why.replace("+", r"\+")):
        read_code(text)


def test_what_just_fits_is_a_code() -> None:
    for carrier in (10_000, 500_000):
        assert read_code(f"{carrier}Hz 1").carrier_Hz == carrier
    assert len(read_code("1 " * 65_535).durations_us) == 65_535
    assert read_code("999999999").durations_us == (999_999_999,)


@given(
    text=st.text(alphabet="0123456789 ,-+{}[]HzkhpulsecarioABCDEF#/\n.", max_size=300),
    form=st.sampled_from(("", *FORMS)),
)
def test_any_text_is_a_code_or_a_command_error(text: str, form: str) -> None:
    try:
        code = read_code(text, form)
    except CommandError:
        return
    assert code.durations_us and min(code.durations_us) >= 1
