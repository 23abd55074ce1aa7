"""Networks of a scan: names, the strongest of several, and what a network can have as a password."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.core.errors import CommandError
from unclouded.families.meross.setup.networks import (
    by_name,
    check_password,
    check_ssid,
    encryption_of,
    find,
    is_open,
    name_of,
    unseen,
)
from unclouded.families.meross.wire.messages import WifiNetwork


def network(name: str, signal: int = 50, encryption: int = 6) -> WifiNetwork:
    return WifiNetwork(ssid=b64encode(name.encode()).decode(), signal=signal, encryption=encryption)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(-5, 200)), max_size=12))
def test_each_name_is_listed_once_with_its_strongest_network_the_strongest_first(seen: list[tuple[str, int]]) -> None:
    listed = by_name([network(name, signal) for name, signal in seen])
    assert [one.signal for one in listed] == sorted((one.signal for one in listed), reverse=True)
    strongest = {name: max(signal for other, signal in seen if other == name) for name, _ in seen}
    assert {name_of(one): one.signal for one in listed} == strongest
    for name, signal in strongest.items():
        chosen = find(listed, name)
        assert chosen is not None and chosen.signal == signal


@given(st.text(max_size=40))
def test_a_name_has_1_to_32_bytes(name: str) -> None:
    size = len(name.encode("utf-8", "surrogateescape"))
    if 1 <= size <= 32:
        check_ssid(name)
        return
    with pytest.raises(CommandError):
        check_ssid(name)


@given(st.text(alphabet="0123456789abcdefgü", max_size=70), st.integers(0, 12))
def test_a_password_that_is_accepted_fits_and_a_refusal_never_shows_it(password: str, encryption: int) -> None:
    size = len(password.encode())
    try:
        check_password(password, network("home", encryption=encryption))
    except CommandError as error:
        assert len(password) < 6 or password not in str(error)
        return
    if encryption == 0:
        assert size == 0
    elif encryption in (1, 2):
        assert size in (5, 10, 13, 26)
    else:
        assert 8 <= size <= 63 or (size == 64 and set(password) <= set("0123456789abcdef"))


def test_a_network_that_no_scan_shows_is_secured_where_it_has_a_password() -> None:
    assert (unseen("x", "secret..").encryption, unseen("x", "secret..").cipher) == (6, 3)
    assert is_open(unseen("x", "")) and name_of(unseen("Ünsichtbar", "")) == "Ünsichtbar"


@pytest.mark.parametrize(
    ("value", "text"), [(0, "open"), (6, "WPA2"), (8, "WPA/WPA2"), (9, "encryption 9"), (-1, "encryption -1")]
)
def test_an_encryption_without_a_name_is_shown_as_its_number(value: int, text: str) -> None:
    assert encryption_of(network("x", encryption=value)) == text
