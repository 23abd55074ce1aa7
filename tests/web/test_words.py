"""The tables of texts: every language is complete, placeholders agree, requests get the language that they ask for."""

import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi import ask
from unclouded.web.access.auth import Auth
from unclouded.web.access.hosts import Hosts
from unclouded.web.access.password import CredentialStore
from unclouded.web.words import FOLDER, answering_in, language_of, languages, say, table

PLACEHOLDER = re.compile(r"\{(\w+)\}")
OTHERS = [language for language in languages() if language != "en"]


def test_there_are_three_languages() -> None:
    assert languages() == ("de", "en", "es")


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_every_sentence_and_no_other(language: str) -> None:
    english, other = table(), table(language)
    missing = {id: text for id, text in english.items() if id not in other}
    assert not missing, f"add these to words/{language}.json: {missing}"
    superfluous = [id for id in other if id not in english]
    assert not superfluous, f"delete these from words/{language}.json: {superfluous}"
    assert list(other) == list(english), f"words/{language}.json has another order than words/en.json"


@pytest.mark.parametrize("language", OTHERS)
def test_placeholders_are_those_of_the_english_sentence(language: str) -> None:
    english, other = table(), table(language)
    wrong = {
        id: (english[id], text)
        for id, text in other.items()
        if id in english and sorted(PLACEHOLDER.findall(text)) != sorted(PLACEHOLDER.findall(english[id]))
    }
    assert not wrong, f"words/{language}.json: {wrong}"


@pytest.mark.parametrize("language", languages())
def test_sentences_are_whole_and_written_once(language: str) -> None:
    pairs = msgspec.json.decode((FOLDER / f"{language}.json").read_bytes(), type=dict[str, str])
    lines = (FOLDER / f"{language}.json").read_text("utf-8").splitlines()
    assert len(lines) == len(pairs) + 2, f"words/{language}.json has an id twice, or more than one text on a line"
    blank = [id for id, text in pairs.items() if not text or text != text.strip()]
    assert not blank, blank
    ends = {id: text for id, text in pairs.items() if text[-1] in ".?" and table()[id][-1] not in ".?"}
    assert not ends, f"sentences where English has none: {ends}"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr-FR, es;q=0.7, en;q=0.5", "es"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("fr", "en"),
        ("*", "en"),
        ("de;q=0, es;q=0.001", "es"),
        ("deutsch, dex", "en"),
        ("DE-de", "de"),
        ("," * 300 + "de", "en"),
    ],
)
def test_the_language_is_the_most_accepted_one_that_there_is(accepted: str, language: str) -> None:
    assert language_of(accepted) == language


@given(st.text(max_size=60))
def test_any_header_gives_a_language(accepted: str) -> None:
    assert language_of(accepted) in languages()


async def test_the_api_answers_in_the_language_of_the_request(tmp_path: Path) -> None:
    async def unreachable(*_: object) -> None:
        raise AssertionError

    auth = Auth(unreachable, CredentialStore(tmp_path), Hosts(()), False, lambda: 0.0, lambda: 0.0)
    for accepted, detail in (("de", "Zuerst anmelden"), ("es-MX", "iniciar sesión"), ("fr", "Log in first")):
        answer = await ask(auth, "GET", "/api/devices", {"Accept-Language": accepted})
        assert answer.status == 401 and detail in answer.json["detail"]
    assert say("api.none") == "none"


def test_programs_without_a_language_get_english() -> None:
    with answering_in("es"):
        assert say("api.wrong_password") == "La contraseña no es correcta."
    assert say("api.wrong_password") == "The password is wrong."
