"""Sentences of the program in the language of a request, and that the program still writes them as their forms say."""

import itertools
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import unclouded
from unclouded.core.errors import CommandError
from unclouded.families.emporia.states import silent
from unclouded.families.hlw8032.states import NO_FRAMES, NOTHING_MEASURED
from unclouded.families.meross.controller import problems
from unclouded.rules.text.spans import span_of
from unclouded.web.said import FORMS, LONGEST, translated
from unclouded.web.words import answering_in, table
from web.source_texts import PLACEHOLDER, texts_of

FOLDERS = (
    *("links", "app/configuration", "app/onboarding", "app/doctor", "app/rules", "app/backup", "app/hub_process.py"),
    *("hub", "rules", "store", "core", "web", "families/meross/controller", "families/hlw8032", "families/emporia"),
    *("families/tuya/gateway/module", "families/tuya/wifi/module", "families/tuya/low_power", "families/meross/wire"),
    *("profiles", "families/tuya/pending_commands.py", "families/tuya/controller.py", "families"),
)
SHORTEST = 8  # characters of a sentence between two places that are looked for
COMPOSED = {  # of pieces; written below
    *("api.said.at_least", "api.said.at_most", "api.said.chip_silent", "api.said.key_of_device", "api.said.store_busy"),
    *("api.said.is_offline", "api.said.is_waiting", "api.said.is_faulted", "api.said.it_is_disabled"),
    *("api.said.takes_at_least", "api.said.takes_at_most", "api.said.no_span", "api.said.no_span_up_to"),
    *("api.said.alert_above", "api.said.alert_below", "api.said.alert_is_faulted", "api.said.chip_not_refreshed"),
    *("api.said.radio_firmware", "api.said.update_bad_signature", "api.said.update_no_download"),
    *("api.said.never_bound", "api.said.not_at_server", "api.said.plug_reports_off", "api.said.plug_reports_on"),
    *("api.said.plug_reports_other", "api.said.setting_reports_off", "api.said.setting_reports_on"),
}


def refusal_of(text: str, longest_s: float = 86_400.0) -> str:
    """What is said of a time span that is none."""
    with pytest.raises(CommandError) as refused:
        span_of(text, longest_s)
    return str(refused.value)


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
        (problems.unbound("")[:53], "Der Stecker antwortet, wurde aber nie an einen Server gebunden."),
        (problems.unbound("x")[:58], "Der Stecker antwortet, ist aber nicht mit seinem Server x verbunden."),
        (refusal_of("x"), "'x' ist keine Zeitspanne; zum Beispiel: 10 s, 5 min, 2 h oder 1 h 30 min."),
        (
            refusal_of("2 h", 3600.0),
            "'2 h' ist keine Zeitspanne von mehr als 0 s bis 1 h; zum Beispiel: 10 s, 5 min, 2 h oder 1 h 30 min.",
        ),
        ("x takes at least 1, not 0.", "x muss mindestens 1 sein, nicht 0."),
        ("x takes at most 1, not 2.", "x kann höchstens 1 sein, nicht 2."),
        ("The plug reports that it is on.", "Der Stecker meldet, dass er an ist."),
        ("The plug reports that it is off.", "Der Stecker meldet, dass er aus ist."),
        ("The plug reports that this setting is on.", "Der Stecker meldet, dass diese Einstellung an ist."),
        ("The plug reports that this setting is off.", "Der Stecker meldet, dass diese Einstellung aus ist."),
        ("The plug reports another value.", "Der Stecker meldet einen anderen Wert."),
        (
            "It did not connect within 10 s. tv is offline: the connection is gone.",
            "Es hat sich nicht innerhalb von 10 s verbunden. tv ist nicht erreichbar: die Verbindung ist weg.",
        ),
        ("tv is waiting: no answer in time", "tv wartet: keine Antwort in der erwarteten Zeit"),
        ("tv is faulted: the connection is gone.", "tv ist gestört: die Verbindung ist weg."),
        (
            "a cannot run: it is disabled in the configuration.",
            "a kann nicht ausgeführt werden: sie ist in der Konfiguration abgeschaltet.",
        ),
        (
            "Storing has stopped: database is locked. The hub continues and retries every minute.",
            "Das Speichern ist unterbrochen: die Datenbank ist gerade gesperrt. Der Hub läuft weiter und versucht es "
            "jede Minute wieder.",
        ),
        ("Tv: Power is 3 W, above its limit of 2 W.", "Tv: Power ist 3 W, über der Grenze von 2 W."),
        ("Tv: Power is 1 W, below its limit of 2 W.", "Tv: Power ist 1 W, unter der Grenze von 2 W."),
        ("Tv is faulted.", "Tv ist gestört."),
        (f"{NOTHING_MEASURED}: none is refreshed", table("de")["api.said.chip_not_refreshed"]),
        (silent(True, 4, ""), table("de")["api.said.radio_firmware"].replace("{firmware}", "4")),
        ("The plug reports that it could not download the file.", table("de")["api.said.update_no_download"]),
        ("The plug reports that it rejects the signature of the file.", table("de")["api.said.update_bad_signature"]),
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


def files(folder: Path) -> Iterable[Path]:
    return folder.rglob("*.py") if folder.is_dir() else [folder]


def test_every_form_is_that_of_a_sentence_that_the_program_writes() -> None:
    forms = {id: PLACEHOLDER.split(text) for id, text in table().items() if id.startswith(FORMS) and id not in COMPOSED}
    gone = {(id, piece) for id, pieces in forms.items() for piece in pieces if len(piece) >= SHORTEST}
    for file in itertools.chain.from_iterable(files(Path(unclouded.__file__).parent / one) for one in FOLDERS):
        if not gone:
            break  # the rest need not be read
        written = "\n".join(texts_of(file))
        gone = {(id, piece) for id, piece in gone if piece.strip() not in written}
    assert not gone, f"these are written otherwise now: {gone}"
