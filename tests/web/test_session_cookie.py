"""Sessions: what we signed is good for as long as we said, and nothing else is."""

from hypothesis import given
from hypothesis import strategies as st

from unclouded.web.password import Cost, CredentialFile, hashed
from unclouded.web.session_cookie import LIFETIME_S, cookie_name, encoded, issue, read, set_cookie

NOW = 1_763_700_000
KEY = b"k" * 32
CHEAP = Cost(n=2, r=1, p=1)
CREDENTIALS = CredentialFile(key=KEY).with_password("control", hashed("kettle and tea", CHEAP))
SESSION = "0123456789abcdef" * 2


def test_a_session_lives_thirty_days() -> None:
    text = encoded(issue("control", CREDENTIALS, NOW), KEY)
    session = read(text, CREDENTIALS, NOW + LIFETIME_S - 1)
    assert session is not None and session.role == "control"
    assert read(text, CREDENTIALS, NOW + LIFETIME_S) is None


def test_another_password_ends_the_sessions_of_the_one_before_and_so_does_none() -> None:
    text = encoded(issue("control", CREDENTIALS, NOW), KEY)
    assert read(text, CREDENTIALS.with_password("control", hashed("coffee now", CHEAP)), NOW) is None
    removed = CREDENTIALS.with_password("control", None)
    assert read(text, removed, NOW) is None
    assert read(text, removed.with_password("control", hashed("kettle and tea", CHEAP)), NOW) is None


def test_the_password_for_reading_leaves_the_sessions_with_control_alone() -> None:
    text = encoded(issue("control", CREDENTIALS, NOW), KEY)
    assert read(text, CREDENTIALS.with_password("read", hashed("only looking", CHEAP)), NOW) is not None


def test_a_session_that_was_logged_out_of_is_no_good_to_who_copied_it() -> None:
    session = issue("control", CREDENTIALS, NOW)
    ended = CREDENTIALS.with_ended(session.session, NOW + LIFETIME_S, NOW)
    assert read(encoded(session, KEY), ended, NOW) is None
    renewed = issue("control", CREDENTIALS, NOW + 5, session.session)
    assert read(encoded(renewed, KEY), ended, NOW + 5) is None


def test_without_a_password_there_are_no_sessions_even_of_the_same_epoch() -> None:
    text = encoded(issue("control", CREDENTIALS, NOW), KEY)
    assert read(text, CredentialFile(key=KEY, epochs=CREDENTIALS.epochs), NOW) is None


def test_a_session_of_a_clock_that_was_far_ahead_is_no_good() -> None:
    text = encoded(issue("control", CREDENTIALS, NOW + 86_400), KEY)
    assert read(text, CREDENTIALS, NOW) is None
    assert read(text, CREDENTIALS, NOW + 86_400) is not None


@given(st.integers(0, 200), st.characters(min_codepoint=32, max_codepoint=126))
def test_a_session_with_one_other_character_is_no_good(place: int, other: str) -> None:
    text = encoded(issue("control", CREDENTIALS, NOW, SESSION), KEY)
    changed = text[: place % len(text)] + other + text[place % len(text) + 1 :]
    assert (read(changed, CREDENTIALS, NOW) is not None) == (changed == text)


@given(st.text(max_size=200))
def test_any_text_is_no_session_and_never_an_error(text: str) -> None:
    assert read(text, CREDENTIALS, NOW) is None


@given(st.binary(min_size=1, max_size=40))
def test_another_key_signs_nothing_of_ours(key: bytes) -> None:
    text = encoded(issue("control", CREDENTIALS, NOW), key)
    assert (read(text, CREDENTIALS, NOW) is None) == (key.rstrip(b"\0") != KEY)


def test_the_cookie_is_kept_from_scripts_and_other_sites_and_from_the_other_hub_here() -> None:
    text = set_cookie(issue("control", CREDENTIALS, NOW), CREDENTIALS, NOW, secure=False)
    assert "; HttpOnly" in text and "; SameSite=Strict" in text and "; Path=/" in text and "Secure" not in text
    safe = set_cookie(issue("control", CREDENTIALS, NOW), CREDENTIALS, NOW, secure=True)
    assert safe.startswith("__Host-") and safe.endswith("; Secure")
    assert cookie_name(CREDENTIALS, False) != cookie_name(CredentialFile(key=b"other"), False)
    assert "Max-Age=0" in set_cookie(None, CREDENTIALS, NOW, secure=False)
