"""Sentences of the program in the language of a request, and that the program still writes them as their forms say."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import unclouded
from unclouded.families.hlw8032.states import NO_FRAMES
from unclouded.web.said import FORMS, LONGEST, translated
from unclouded.web.words import answering_in, table

PLACEHOLDER = re.compile(r"\{[^{}]*\}")
FOLDERS = ("links", "app/configuration", "app/onboarding", "app/doctor", "families", "core", "profiles", "web")
SHORTEST = 8  # characters of a sentence between two places that are looked for
COMPOSED = {"api.said.at_least", "api.said.at_most", "api.said.chip_silent"}  # of pieces; written below


def german(text: str) -> str:
    with answering_in("de"):
        return translated(text)


@pytest.mark.parametrize(
    ("english", "other"),
    [
        ("Nothing answered.", "Nichts hat geantwortet."),
        (
            "192.168.1.3 refuses port 9. Is the serial server running, and is that its port?",
            "192.168.1.3 lehnt Verbindungen zu Port 9 ab. Läuft der serielle Server, und ist das sein Port?",
        ),
        (
            "/dev/ttyUSB9 does not exist. Is the adapter plugged in? Ports here: /dev/ttyS0, /dev/ttyS1.",
            "/dev/ttyUSB9 gibt es nicht. Ist der Adapter eingesteckt? Hier gibt es: /dev/ttyS0, /dev/ttyS1.",
        ),
        (
            "a.toml, line 4: `timezone` in [hub]: there is no time zone 'Mars'. Did you mean Europe/Madrid?",
            "a.toml, Zeile 4: `timezone` in [hub]: die Zeitzone 'Mars' gibt es nicht. Ist Europe/Madrid gemeint?",
        ),
        (
            "a.toml, line 4: `colour` of device tv must be a whole number, but is a text.",
            "a.toml, Zeile 4: `colour` von Gerät tv muss eine ganze Zahl sein, ist aber ein Text.",
        ),
        (
            "the plug does not answer on http: it closes the connection without an answer",
            "der Stecker antwortet nicht über http: er schließt die Verbindung ohne Antwort",
        ),
        (NO_FRAMES, table("de")["api.said.chip_silent"]),
        ("`colour` of device tv must be at most 9.", "`colour` von Gerät tv darf höchstens 9 sein."),
        ("`poll_s` in [x] must be at least 1.", "`poll_s` in [x] muss mindestens 1 sein."),
        (
            "/a.toml cannot be written: No space left on device. The disk is full. Free some space and try again.",
            "/a.toml lässt sich nicht schreiben: No space left on device. Der Datenträger ist voll. Bitte Platz "
            "schaffen und noch einmal versuchen.",
        ),
        ("There is no room 'a'. There are: b.", "Es gibt keinen Raum 'a'. Es gibt: b."),
        (
            "a.toml, line 2: device k: there is no port /dev/ttyUSB9. There are: /dev/ttyS0.",
            "a.toml, Zeile 2: Gerät k: den Anschluss /dev/ttyUSB9 gibt es nicht. Es gibt: /dev/ttyS0.",
        ),
        ("Something that has no form: a.", "Something that has no form: a."),
        ("Nothing answered. Nobody knows.", "Nichts hat geantwortet. Nobody knows."),
        ("", ""),
    ],
)
def test_what_is_said_in_the_language_of_the_request(english: str, other: str) -> None:
    assert german(english) == other
    assert translated(english) == english, "programs get English"


def test_what_a_person_or_a_device_has_written_stays_as_it_is() -> None:
    assert german("There is a device 'Nothing answered.' already; choose another id.") == (
        "Es gibt schon ein Gerät 'Nothing answered.'; bitte eine andere Kennung wählen."
    )
    assert german("{0} {file} refuses port {port}.") == "{0} {file} lehnt Verbindungen zu Port {port} ab."


@given(st.text(alphabet="aA .:?'`{}[]/\n", max_size=300) | st.text(max_size=60))
def test_any_text_is_no_error(text: str) -> None:
    german(text)


def test_a_long_text_takes_no_longer_than_its_length(capsys: pytest.CaptureFixture[str]) -> None:
    assert german(". : " * 100_000) == ". : " * 100_000, f"only {LONGEST} characters are looked at"


def texts_of(file: Path) -> Iterator[str]:
    """All texts of a module, with {} for what is put into them."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield PLACEHOLDER.sub("{}", node.value)


def test_every_form_is_that_of_a_sentence_that_the_program_writes() -> None:
    root = Path(unclouded.__file__).parent
    written = "\n".join(text for one in FOLDERS for file in (root / one).rglob("*.py") for text in texts_of(file))
    forms = {id: PLACEHOLDER.split(text) for id, text in table().items() if id.startswith(FORMS)}
    gone = {
        id: piece
        for id, pieces in forms.items()
        for piece in pieces
        if id not in COMPOSED and len(piece) >= SHORTEST and piece.strip() not in written
    }
    assert not gone, f"these are written otherwise now: {gone}"
