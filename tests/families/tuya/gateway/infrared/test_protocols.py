"""Codes of remote controls: recognised and named whatever receivers do to their durations, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.families.tuya.gateway.infrared.infrared_code import InfraredCode
from unclouded.families.tuya.gateway.infrared.protocols import RemoteCode, recognised, remote_code
from unclouded.families.tuya.gateway.infrared.text_forms import FORMS, read_code, write_code


def inverse_bytes(address: int) -> bool:
    return address & 0xFF == (address >> 8 & 0xFF) ^ 0xFF


nec = st.tuples(st.just("NEC"), st.integers(0, 0xFFFF).filter(lambda one: not inverse_bytes(one)), st.integers(0, 0xFF))
samsung = st.tuples(
    st.just("Samsung"), st.integers(0, 0xFFFF).filter(lambda one: one & 0xFF != one >> 8), st.integers(0, 0xFF)
)
rc5 = st.tuples(st.just("RC5"), st.integers(0, 31), st.integers(0, 127))
rc6 = st.tuples(st.just("RC6"), st.integers(0, 255), st.integers(0, 255))
sony = st.tuples(st.just("Sony"), st.integers(0, 0x1FFF), st.integers(0, 127))
buttons = st.one_of(nec, samsung, rc5, rc6, sony)


@given(button=buttons, toggle=st.integers(0, 1))
def test_a_button_is_recognised(button: tuple[str, int, int], toggle: int) -> None:
    found = recognised(remote_code(*button, toggle=toggle))
    assert found is not None
    assert (found.protocol, found.address, found.command) == button
    assert found.toggle == (toggle if button[0] in ("RC5", "RC6") else None)


@given(button=buttons, mark=st.integers(-30, 80), data=st.data())
def test_a_button_is_recognised_as_receivers_deliver_it(
    button: tuple[str, int, int], mark: int, data: st.DataObject
) -> None:
    """Marks longer, spaces shorter by the same, each off by 5 % more; without the pause at the end."""
    code = remote_code(*button)
    share = data.draw(st.floats(-0.05, 0.05))
    received = tuple(
        max(1, round(duration * (1 + share)) + (mark if place % 2 == 0 else -mark))
        for place, duration in enumerate(code.durations_us[:-1])
    )
    found = recognised(InfraredCode(received, code.carrier_Hz))
    assert found is not None and (found.protocol, found.address, found.command) == button


@pytest.mark.parametrize("form", FORMS)
@given(button=buttons)
def test_a_button_is_recognised_in_every_form_of_text(form: str, button: tuple[str, int, int]) -> None:
    found = recognised(read_code(write_code(remote_code(*button), form)))
    assert found is not None and (found.protocol, found.address, found.command) == button


@given(st.lists(st.integers(1, 20_000), max_size=150))
def test_any_durations_are_recognised_or_not_and_never_an_error(durations: list[int]) -> None:
    recognised(InfraredCode(tuple(durations)))


def test_a_code_of_another_protocol_has_no_name() -> None:
    """The code that the vendor's text prints for 31; docs/protocols/tuya_gateway.md §3.8."""
    assert recognised(InfraredCode((9071, 9071, 1678, 550, 1678, 550))) is None
    panasonic = (3456, 1728, *((432, 432) * 48), 432)
    assert recognised(InfraredCode(panasonic)) is None


# The example of SB-Projects' page on RC-5, and a power button of LG in the form of Pronto data bases.
RC5_EXAMPLE = """+889 -889 +889 -889 +1778 -889 +889 -1778 +1778 -1778
+889 -889 +889 -889 +1778 -1778 +1778 -1778 +889"""
LG_POWER = """0000 006D 0022 0002 0155 00AA
0015 0015 0015 0015 0015 0040 0015 0015 0015 0015 0015 0015 0015 0015 0015 0015
0015 0040 0015 0040 0015 0015 0015 0040 0015 0040 0015 0040 0015 0040 0015 0040
0015 0015 0015 0015 0015 0015 0015 0040 0015 0015 0015 0015 0015 0015 0015 0015
0015 0040 0015 0040 0015 0040 0015 0015 0015 0040 0015 0040 0015 0040 0015 0040
0015 05FD 0155 0055 0015 0E40"""


@pytest.mark.parametrize(
    ("code", "button"),
    [(RC5_EXAMPLE, RemoteCode("RC5", 5, 53, 14, 1)), (LG_POWER, RemoteCode("NEC", 4, 8, 32))],
    ids=["RC5", "NEC"],
)
def test_known_codes_are_recognised(code: str, button: RemoteCode) -> None:
    assert recognised(read_code(code)) == button


@pytest.mark.parametrize(
    ("button", "first", "threshold", "size", "number"),
    [
        (("NEC", 4, 8), 3, 1100, 32, 0x20DF10EF),  # power of an LG television
        (("Samsung", 7, 2), 3, 1100, 32, 0xE0E040BF),  # power of a Samsung television
        (("Sony", 1, 21), 2, 900, 12, 0xA90),  # power of a Sony television
    ],
    ids=["NEC", "Samsung", "Sony"],
)
def test_bits_are_in_the_order_that_published_numbers_have(
    button: tuple[str, int, int], first: int, threshold: int, size: int, number: int
) -> None:
    """The numbers that IRremote and data bases print: first bit first."""
    durations = remote_code(*button).durations_us[first::2][:size]
    assert int("".join("1" if duration > threshold else "0" for duration in durations), 2) == number


def test_sony_codes_have_12_15_or_20_bits() -> None:
    assert [recognised(remote_code("Sony", 1, 21, bits)) for bits in (12, 15, 20)] == [
        RemoteCode("Sony", 1, 21, bits) for bits in (12, 15, 20)
    ]


def test_a_button_is_named_for_people() -> None:
    assert str(recognised(remote_code("Samsung", 7, 2))) == "Samsung, address 7, command 2"


@pytest.mark.parametrize(
    ("button", "why"),
    [
        (("NEC", 0x1_0000, 0), "65536 does not fit in 16 bits"),
        (("NEC", 0, 256), "256 does not fit in 8 bits"),
        (("Samsung", 0x1_0000, 0), "16 bits"),
        (("RC5", 32, 0), "5 bits"),
        (("RC6", 0, 256), "8 bits"),
        (("Sony", 0x2000, 0), "13 bits"),
        (("Sony", 0, 128), "7 bits"),
        (("Sony", -1, 0), "-1 does not fit"),
        (("Sony", 0, 0, 13), "12, 15 or 20 bits"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(button: tuple[str, int, int], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        remote_code(*button)
