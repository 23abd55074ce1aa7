"""Passwords and tokens on disk: hashed, readable by the owner only, changed while a hub is running."""

import re
from pathlib import Path

import pytest

from unclouded.core.errors import CommandError, ConfigError
from unclouded.web.access.password import (
    MOST_ENDED,
    MOST_TOKENS,
    Cost,
    CredentialFile,
    CredentialStore,
    hashed,
    new_token,
    random_password,
)

CHEAP = Cost(n=2, r=1, p=1)


def test_the_file_contains_no_secrets(tmp_path: Path) -> None:
    credential_store = CredentialStore(tmp_path / "state")
    text, token = new_token("script", "read", 0)
    credential_store.change(
        lambda known: known.with_password("control", hashed("kettle and tea", CHEAP)).with_token(token)
    )
    kept = credential_store.file.read_text()
    assert "kettle and tea" not in kept and text not in kept
    assert (
        credential_store.file.stat().st_mode & 0o777 == 0o600
        and credential_store.file.parent.stat().st_mode & 0o777 == 0o700
    )


def test_a_password_matches_itself_only() -> None:
    known = CredentialFile().with_password("control", hashed("kettle and tea", CHEAP))
    known = known.with_password("read", hashed("only looking", CHEAP))
    assert known.role_of_password("kettle and tea") == "control"
    assert known.role_of_password("only looking") == "read"
    assert known.role_of_password("Kettle and tea") is None and known.role_of_password("") is None
    assert known.role_of_password("\udcff") is None


def test_the_same_password_for_both_roles_gives_control() -> None:
    known = CredentialFile().with_password("read", hashed("kettle and tea", CHEAP))
    assert (
        known.with_password("control", hashed("kettle and tea", CHEAP)).role_of_password("kettle and tea") == "control"
    )


def test_accents_match_in_either_unicode_form() -> None:
    known = CredentialFile().with_password("control", hashed("caf\u00e9 au lait", CHEAP))
    assert known.role_of_password("cafe\u0301 au lait") == "control"


@pytest.mark.parametrize("text", ["", "kettle", "x" * 257])
def test_the_length_of_a_password_is_limited(text: str) -> None:
    with pytest.raises(CommandError, match="8 to 256"):
        hashed(text, CHEAP)


def test_a_generated_password_is_easy_to_type() -> None:
    assert re.fullmatch(r"([a-hj-km-np-z2-9]{4}-){3}[a-hj-km-np-z2-9]{4}", random_password())
    assert random_password() != random_password()


def test_a_running_hub_reads_changes_of_the_command_line(tmp_path: Path) -> None:
    hub, command_line = CredentialStore(tmp_path), CredentialStore(tmp_path)
    assert not hub.now().passwords
    command_line.change(lambda known: known.with_password("control", hashed("kettle and tea", CHEAP)))
    assert hub.now().role_of_password("kettle and tea") == "control"
    assert hub.now().key == command_line.now().key != b""


def test_a_damaged_file_leaves_the_credentials_unchanged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    hub = CredentialStore(tmp_path)
    hub.change(lambda known: known.with_password("control", hashed("kettle and tea", CHEAP)))
    hub.file.write_text("{half")
    assert hub.now().role_of_password("kettle and tea") == "control"
    assert hub.now().passwords
    assert len(caplog.records) == 1
    with pytest.raises(ConfigError, match="Move it away"):
        CredentialStore(tmp_path)


def test_tokens_have_names_and_can_be_removed() -> None:
    text, token = new_token("script", "read", 0)
    known = CredentialFile().with_token(token)
    found = known.token(text)
    assert found is not None and found.role == "read" and known.token(text + "x") is None and known.token("é") is None
    with pytest.raises(CommandError, match="already"):
        known.with_token(token)
    assert known.without_token("script").token(text) is None
    with pytest.raises(CommandError, match="There are: script"):
        known.without_token("other")


def test_tokens_and_ended_sessions_are_bounded() -> None:
    known = CredentialFile()
    for n in range(MOST_TOKENS):
        known = known.with_token(new_token(f"t{n}", "read", 0)[1])
    with pytest.raises(CommandError, match="Remove unused ones"):
        known.with_token(new_token("one more", "read", 0)[1])
    for n in range(MOST_ENDED + 50):
        known = known.with_ended(f"{n}", 1_000 + n, 0)
    assert len(known.ended) == MOST_ENDED and "0" not in known.ended
    assert not known.with_ended("last", 1, 10_000).ended


def test_an_unwritable_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder should be")
    with pytest.raises(ConfigError, match=r"web\.json cannot be"):
        CredentialStore(tmp_path / "state").change(lambda known: known)
