"""Session cookies: valid if signed by the hub and not expired."""

from hypothesis import given
from hypothesis import strategies as st

from unclouded.web.access.password import Cost, CredentialFile, hashed
from unclouded.web.access.session_cookie import LIFETIME_S, cookie_name, encoded, issue, read, set_cookie

NOW = 1_763_700_000
KEY = b"k" * 32
CHEAP = Cost(n=2, r=1, p=1)
CREDENTIALS = CredentialFile(key=KEY).with_password("control", hashed("kettle and tea", CHEAP))
SESSION = "0123456789abcdef" * 2


def test_a_session_is_valid_for_thirty_days() -> None:
    text = encoded(issue("control", CREDENTIALS, NOW), KEY)
    session = read(text, CREDENTIALS, NOW + LIFETIME_S - 1)
    assert session is not None and session.role == "control"
    assert read(text, CREDENTIALS, NOW + LIFETIME_S) is None


def test_changing_or_removing_a_password_ends_its_sessions() -> None:
    text = encoded(issue("control", CREDENTIALS, NOW), KEY)
    assert read(text, CREDENTIALS.with_password("control", hashed("coffee now", CHEAP)), NOW) is None
    removed = CREDENTIALS.with_password("control", None)
    assert read(text, removed, NOW) is None
    assert read(text, removed.with_password("control", hashed("kettle and tea", CHEAP)), NOW) is None


def test_changing_the_read_password_keeps_control_sessions() -> None:
    text = encoded(issue("control", CREDENTIALS, NOW), KEY)
    assert read(text, CREDENTIALS.with_password("read", hashed("only looking", CHEAP)), NOW) is not None


def test_a_copy_of_a_logged_out_session_is_invalid() -> None:
    session = issue("control", CREDENTIALS, NOW)
    ended = CREDENTIALS.with_ended(session.session, NOW + LIFETIME_S, NOW)
    assert read(encoded(session, KEY), ended, NOW) is None
    renewed = issue("control", CREDENTIALS, NOW + 5, session.session)
    assert read(encoded(renewed, KEY), ended, NOW + 5) is None


def test_without_a_password_there_are_no_sessions_even_of_the_same_epoch() -> None:
    text = encoded(issue("control", CREDENTIALS, NOW), KEY)
    assert read(text, CredentialFile(key=KEY, epochs=CREDENTIALS.epochs), NOW) is None


def test_a_session_from_the_future_is_invalid() -> None:
    text = encoded(issue("control", CREDENTIALS, NOW + 86_400), KEY)
    assert read(text, CREDENTIALS, NOW) is None
    assert read(text, CREDENTIALS, NOW + 86_400) is not None


@given(st.integers(0, 200), st.characters(min_codepoint=32, max_codepoint=126))
def test_a_session_with_a_changed_character_is_invalid(place: int, other: str) -> None:
    text = encoded(issue("control", CREDENTIALS, NOW, SESSION), KEY)
    changed = text[: place % len(text)] + other + text[place % len(text) + 1 :]
    assert (read(changed, CREDENTIALS, NOW) is not None) == (changed == text)


@given(st.text(max_size=200))
def test_any_text_is_refused_without_an_error(text: str) -> None:
    assert read(text, CREDENTIALS, NOW) is None


@given(st.binary(min_size=1, max_size=40))
def test_a_session_signed_with_another_key_is_invalid(key: bytes) -> None:
    text = encoded(issue("control", CREDENTIALS, NOW), key)
    assert (read(text, CREDENTIALS, NOW) is None) == (key.rstrip(b"\0") != KEY)


def test_the_cookie_is_protected_from_scripts_other_sites_and_other_hubs() -> None:
    text = set_cookie(issue("control", CREDENTIALS, NOW), CREDENTIALS, NOW, secure=False)
    assert "; HttpOnly" in text and "; SameSite=Strict" in text and "; Path=/" in text and "Secure" not in text
    safe = set_cookie(issue("control", CREDENTIALS, NOW), CREDENTIALS, NOW, secure=True)
    assert safe.startswith("__Host-") and safe.endswith("; Secure")
    assert cookie_name(CREDENTIALS, False) != cookie_name(CredentialFile(key=b"other"), False)
    assert "Max-Age=0" in set_cookie(None, CREDENTIALS, NOW, secure=False)
