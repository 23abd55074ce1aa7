"""Encryption of HTTP bodies and of Wi-Fi passwords: published vectors, round trips. docs/protocols/meross.md §3.3."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.errors import WireError
from unclouded.families.meross.wire.lan_encryption import (
    ORDER,
    PRIVATE_BYTES,
    KeyExchange,
    LanCipher,
    bound_cipher,
    plaintext_reader,
    session_cipher,
    wifi_password,
    wifi_password_in,
)

BOUND_UUID, BOUND_KEY = "2307065833780651200148e1e9cf4534", "0123456789abcdef0123456789abcdef"
PLUG_UUID, PLUG_MAC = "2309208170051061260148e1e9e1f1c4", "48:e1:e9:e1:f1:c4"
CLIENT_POINT = "BHzyexiNA09+ilI4AwS1GsPAiWnid/IbNaYLSPxHZpl4B3dVENuO0EApPZrGn3Qw27p9reY86YIpngS3nSJ4c9E="
PLUG_POINT = "BF7L5NGmMwpEyPfvlR1L8WXmxrch762phftBZhvG5/1shzRkDEmY/343SwbOGmSi7NgqsDY4T7g9mnmxJ6J9UDI="
SHARED = bytes.fromhex("b01a172a76a4602c92d3242cb897dde3024c740debb215b4c6b0aae93c2291a9")


def exchange(private: int) -> KeyExchange:
    """One end with a known private key."""
    return KeyExchange((private - 1).to_bytes(PRIVATE_BYTES, "big"))


@pytest.mark.parametrize(
    ("plaintext", "body"),
    [
        (b'{"payload":{}}', b"iEBKaOoKUMxUmcOyaofJTg=="),
        (b"0123456789abcdef", b"/U7UkTwZyyT9psz+mAecL9eM5vTihAJGAu3UHSGqcjI="),
    ],
)
def test_the_body_of_a_bound_plug(plaintext: bytes, body: bytes) -> None:
    cipher = bound_cipher(BOUND_UUID, BOUND_KEY)
    assert cipher.encrypt(plaintext) == body
    assert cipher.decrypt(body) == plaintext
    assert LanCipher(b"bd53648ac8b4edf7268be879bce5a5b7").encrypt(plaintext) == body


def test_the_mac_is_that_of_the_uuid_or_a_given_one_in_any_case() -> None:
    mac = "48:E1:E9:CF:45:34"
    assert bound_cipher(BOUND_UUID, BOUND_KEY, mac).encrypt(b"a") == bound_cipher(BOUND_UUID, BOUND_KEY).encrypt(b"a")
    other = bound_cipher(BOUND_UUID, BOUND_KEY, PLUG_MAC)
    assert other.encrypt(b"a") != bound_cipher(BOUND_UUID, BOUND_KEY).encrypt(b"a")


@pytest.mark.parametrize("key", ["", "a", "meross", "k" * 27])
def test_short_keys_give_shorter_slices(key: str) -> None:
    cipher = bound_cipher(BOUND_UUID, key)
    assert cipher.decrypt(cipher.encrypt(b"{}")) == b"{}"


@pytest.mark.parametrize(
    ("type", "uuid", "mac", "password", "text"),
    [
        (
            "mss710",
            "2308283569760958070148e1e9d7c243",
            "48:e1:e9:d7:c2:43",
            b"you found a secret",
            "c/sY5LHH92vRBVU1CzWBfqunORBqdjiLQvGg1CCxnSs=",
        ),
        ("mss310", PLUG_UUID, PLUG_MAC, b"password", "VGYUy3sUuwWYvDNksngpvQ=="),
        ("mss310", PLUG_UUID, PLUG_MAC, b"0123456789abcdef", "qylP1tLOvk8aQBbEfU53MEhT5tQ2qdHRY8NqaR1lKn4="),
    ],
)
def test_published_wifi_passwords(type: str, uuid: str, mac: str, password: bytes, text: str) -> None:
    assert wifi_password(password, type, uuid, mac) == text
    assert wifi_password_in(text, type, uuid, mac) == password


def test_the_key_exchange_of_set_up_mode() -> None:
    client, plug = exchange(2), exchange(3)
    assert (client.pubkey, plug.pubkey) == (CLIENT_POINT, PLUG_POINT)
    assert client.shared_secret(plug.pubkey) == plug.shared_secret(client.pubkey) == SHARED
    known = LanCipher(b"67b11fb0a1d28a27ddaad9ad4ee87e96")
    assert session_cipher(SHARED).encrypt(b"{}") == known.encrypt(b"{}")


def test_every_private_key_is_within_the_order_of_the_curve() -> None:
    assert KeyExchange(bytes(PRIVATE_BYTES)).pubkey == exchange(1).pubkey
    assert KeyExchange((ORDER - 1).to_bytes(PRIVATE_BYTES, "big")).pubkey == exchange(1).pubkey
    assert KeyExchange(b"\xff" * PRIVATE_BYTES).pubkey
    with pytest.raises(ValueError, match="40 random bytes"):
        KeyExchange(bytes(PRIVATE_BYTES - 1))


@pytest.mark.parametrize(
    "pubkey",
    [
        "",
        "no base64!",
        "AAAA",
        "é",
        CLIENT_POINT[:-4],
        "BA" + "A" * 84 + "A=",  # not on the curve
        "AnzyexiNA09+ilI4AwS1GsPAiWnid/IbNaYLSPxHZpl4",  # compressed
    ],
)
def test_what_is_no_point_is_a_wire_error(pubkey: str) -> None:
    with pytest.raises(WireError, match="pubkey"):
        exchange(2).shared_secret(pubkey)


@given(st.binary(max_size=400), st.binary(min_size=32, max_size=32))
@settings(max_examples=150, deadline=None)
def test_what_is_encrypted_is_decrypted_but_for_zeros_at_its_end(plaintext: bytes, key: bytes) -> None:
    cipher = LanCipher(key)
    body = cipher.encrypt(plaintext)
    assert cipher.decrypt(body + b"\r\n") == plaintext.rstrip(b"\0")
    assert len(body) == ((len(plaintext) // 16 + 1) * 16 + 2) // 3 * 4, "at least one zero byte"


@given(st.binary(max_size=200) | st.text("ABCDabcd+/=\n 0é{", max_size=64).map(str.encode))
@settings(max_examples=300, deadline=None)
def test_any_body_is_decrypted_or_a_wire_error(body: bytes) -> None:
    try:
        plaintext = bound_cipher(BOUND_UUID, BOUND_KEY).decrypt(body)
    except WireError as error:
        assert "encrypted body" in str(error)
    else:
        assert len(plaintext) <= len(body)


@given(st.binary(min_size=PRIVATE_BYTES, max_size=PRIVATE_BYTES), st.binary(min_size=PRIVATE_BYTES, max_size=64))
@settings(max_examples=25, deadline=None)
def test_both_ends_share_the_same_secret(ours: bytes, theirs: bytes) -> None:
    one, other = KeyExchange(ours), KeyExchange(theirs)
    assert one.shared_secret(other.pubkey) == other.shared_secret(one.pubkey)


@pytest.mark.parametrize("body", [b"", b"\r\n", b"AAAA", b"AAAAAAAAAAAAAAAAAAAAAAAAAAAA"])
def test_a_body_without_whole_blocks_is_a_wire_error(body: bytes) -> None:
    with pytest.raises(WireError, match="no whole blocks"):
        bound_cipher(BOUND_UUID, BOUND_KEY).decrypt(body)


def test_bodies_are_read_for_people_where_they_can_be() -> None:
    read = plaintext_reader(BOUND_UUID, BOUND_KEY)
    message = b'{"payload":{}}'
    body = bound_cipher(BOUND_UUID, BOUND_KEY).encrypt(message)
    assert read(body) == message == read(message)
    for other in (b"", b"<html>", b"AAAA", body[:-1], bound_cipher(PLUG_UUID, BOUND_KEY).encrypt(message)):
        assert read(other) == other
    assert plaintext_reader("", BOUND_KEY)(body) == body, "without a UUID there is no key"


def test_another_key_shows_nothing_of_the_plaintext() -> None:
    text = b'{"header":{"messageId":"1"}}'
    rng = random.Random(1)
    body = LanCipher(rng.randbytes(32)).encrypt(text)
    assert b"messageId" not in LanCipher(rng.randbytes(32)).decrypt(body)


def test_no_secret_is_in_the_text_of_an_object() -> None:
    for one in (bound_cipher(BOUND_UUID, BOUND_KEY), exchange(2)):
        assert "0123" not in repr(one) and "object at" in repr(one)
