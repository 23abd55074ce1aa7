"""Invitations as people type them, and the proof that a hub has its key."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unclouded.core.security.nkeys import NKey
from unclouded.uplink.joining import (
    ALPHABET,
    Invitation,
    InvitationError,
    LeaveRequest,
    RenewRequest,
    is_proven,
    normal_code,
    read_invitation,
    shown_code,
    signed_request,
)

CODES = st.text(ALPHABET, min_size=12, max_size=12)
URLS = st.sampled_from(
    ["https://fleet.example", "https://10.0.0.5:8443", "https://[fd00::1]:8443", "http://127.0.0.1:8300"]
)
FINGERPRINTS = st.one_of(st.just(""), st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=26, max_size=26))


@given(CODES, URLS, FINGERPRINTS)
def test_an_invitation_is_read_as_it_was_shown(code: str, url: str, fingerprint: str) -> None:
    invitation = Invitation(code, url, fingerprint)
    assert read_invitation(invitation.text) == invitation
    assert read_invitation(f" {invitation.text.replace(shown_code(code), shown_code(code).lower())}\n") == invitation


def test_misread_letters_are_put_right() -> None:
    assert normal_code("iLoo-1234-abcd") == "11001234ABCD"


def test_a_code_alone_belongs_to_the_fleet_of_the_configuration() -> None:
    assert read_invitation("K7QX-9MPT-4W2H", "https://fleet.example") == Invitation(
        "K7QX9MPT4W2H", "https://fleet.example"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "K7QX-9MPT-4W2H",
        "K7QX-9MPT-4W2@fleet.example",
        "K7QX-9MPT-4W2U@fleet.example",
        "K7QX-9MPT-4W2H@",
        "K7QX-9MPT-4W2H@http://fleet.example",
        "K7QX-9MPT-4W2H@ftp://fleet.example",
        "K7QX-9MPT-4W2H@fleet.example/path",
        "K7QX-9MPT-4W2H@who@fleet.example",
        "K7QX-9MPT-4W2H@fleet.example:70000",
        "K7QX-9MPT-4W2H@fleet.example#short",
        "K7QX-9MPT-4W2H@fleet example",
        "K" * 1000,
    ],
)
def test_what_is_no_invitation_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(InvitationError) as error:
        read_invitation(text)
    assert "9MPT" not in str(error.value).replace("K7QX-9MPT-4W2H has", "")


@given(st.text(max_size=80))
def test_any_text_is_an_invitation_or_one_error(text: str) -> None:
    try:
        invitation = read_invitation(text)
    except InvitationError:
        return
    assert read_invitation(invitation.text) == invitation


@pytest.mark.parametrize("at", ["-1", "9007199254740993", "9" * 400])
def test_a_moment_of_no_clock_makes_a_request_unreadable(at: str) -> None:
    for form in (LeaveRequest, RenewRequest):
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(f'{{"hub":"x","public_key":"U","proof":"","at":{at}}}', type=form)


def test_a_request_proves_its_key_and_a_changed_one_does_not() -> None:
    invitation = read_invitation("K7QX-9MPT-4W2H@fleet.example")
    key, other = NKey("user", bytes(32)), NKey("user", bytes([1] * 32))
    request = signed_request(invitation, key)
    assert is_proven(request)
    for changed in (
        {"public_key": other.public},
        {"code": "K7QX9MPT4W2J"},
        {"proof": ""},
        {"proof": "é"},
        {"public_key": "U"},
        {"proof": signed_request(invitation, other).proof},
    ):
        assert not is_proven(msgspec.structs.replace(request, **changed))
