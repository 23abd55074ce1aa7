"""Reasons of devices, commands, rules and events in the language of the page, and that none of them was forgotten."""

import json
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path

import msgspec
import pytest

import unclouded
from api_story import NOON, FakeHub, about, device
from unclouded import families
from unclouded.core.model import Notice, Status, Value
from unclouded.core.views.facts import EventView, StatusView
from unclouded.core.views.json_lines import device_json
from unclouded.rules.devices import RuleDevices
from unclouded.rules.engine.reasons import ended_text, held_text, missing_text
from unclouded.rules.text.condition_text import leaf_of
from unclouded.web.live import LivePages
from unclouded.web.said import SentenceForm, translated
from unclouded.web.said_rules import FORMS, translated_reason, translated_rule_event
from unclouded.web.said_views import MOST_TEXTS, said_device, said_event, said_live
from unclouded.web.schemas import Changes, HubView, Live
from unclouded.web.words import answering_in, table
from virtual_loop import virtual_run
from web.source_texts import HOLE, PLACEHOLDER, texts_of

ROOT = Path(unclouded.__file__).parent
LANGUAGES = ("de", "es")
SHORTEST = 12  # characters of a text that is taken for a sentence
SPOKEN = (  # what these modules write is shown to people who use the page
    *("app/backup/service.py", "app/rules/service.py", "core/profile/wire_point.py", "rules/devices.py"),
    *(f"families/emporia/{one}.py" for one in ("pending_reset", "shown_code", "states")),
    *(f"families/hlw8032/{one}.py" for one in ("reader", "states")),
    *(f"families/meross/controller/{one}.py" for one in ("commands/clock_setting", "commands/pending_commands")),
    *(f"families/meross/controller/{one}.py" for one in ("commands/firmware_update", "commands/plug_actions")),
    *(f"families/meross/controller/{one}.py" for one in ("commands/plug_schedule", "commands/setting_points")),
    *("families/meross/controller/problems.py", "families/meross/wire/identity.py"),
    *(f"families/tuya/gateway/module/{one}.py" for one in ("joining", "presence", "removal", "security_service")),
    *("families/tuya/gateway/module/infrared_service.py", "families/tuya/gateway/module/updates.py"),
    *("families/tuya/low_power/module_wake.py", "families/tuya/pending_commands.py"),
    "families/tuya/wifi/module/evidence.py",
    *(f"hub/{one.name}" for one in (ROOT / "hub").glob("*.py") if one.name not in ("services.py", "forecast.py")),
    "hub/readings/interpret.py",
    *(f"rules/engine/{one}.py" for one in ("point_control", "point_table", "reasons", "rule_engine", "rule_states")),
    *(f"rules/text/{one}.py" for one in ("amounts", "condition_text", "renaming", "rule_text")),
)
PIECES = (  # of sentences that have a form: test_said.py has them
    *("{} takes {}, not {}.", "; firmware {} is known to give no readings", "{}: none is refreshed", "another value"),
    *("The plug reports {}.", "that it is on", "that it is off", "that this setting is on", "that this setting is off"),
    *("it could not download the file", "it rejects the signature of the file", "The plug reports that {}. {}"),
    *("{} The hub has set its time and the zone {}.", "{} The hub has set its time.", "data point {} is {}"),
    *(
        "{}: {} is {}{}, {} its limit of {}{}.",
        "{} is {}: {}",
        "{} by {}: {}",
        "{} by {}: {} ({})",
        "{}: changed.",
        "{}: removed.",
    ),
    *("Data point {} needs {} bytes; this MCU takes {} at once.{}", "{} {}, until {}", "{} is online{}"),
    *("{} is offline{}", "{}: {} not set to {}: {} has just set it {}. A timer goes first."),
)
SAME = ("Alarm in {} s.", "Alarm in {} s ({}).")  # in German
NOT_SENTENCES = (  # names of steps and of messages, types, patterns, values; titles of actions
    *("data point {}", "readings arrive", "install code {}, MAC {}", "set position", "nothing more"),
    *("joining window", "permit joining", "stop joining", "{} and {} more", "infrared packet", "infrared stop"),
    *("infrared learning", "{} units {} Hz, {}", "{} units {} Hz", "product info", "router status", "network status"),
    *("working mode", "Install other firmware from a file", "the file to install"),
    "what the plug must report afterwards, as 2.1.17; left out: anything but what it reports now",
)
OWN_FORM = ("schedule", "unschedule")  # the page has one, which does not show what their arguments are
NOT_OF_PEOPLE = ("(?", "([", " | None", "Not configured. To admit it")  # patterns; what only the command line shows


def spoken(text: str) -> bool:
    """Whether a text says something else in the language of the request."""
    number = count()
    while HOLE in text:
        text = text.replace(HOLE, f"Xy{next(number)}", 1)
    said = {translated(text), translated_reason(text), translated_rule_event(text)}
    return said != {text}


def left_in_english(file: Path) -> Iterator[str]:
    texts = [text for text in dict.fromkeys(map(str.strip, texts_of(file))) if " " in text and len(text) >= SHORTEST]
    said = [text for text in texts if spoken(text)]
    yield from (text for text in texts if text not in said and not any(text in whole for whole in said))


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_people_are_shown_is_in_their_language(language: str) -> None:
    with answering_in(language):
        left = [text for file in SPOKEN for text in left_in_english(ROOT / file)]
    left = [text for text in left if not any(part in text for part in NOT_OF_PEOPLE)]
    assert set(left) <= {*PIECES, *SAME, *NOT_SENTENCES}, "words/*.json have no api.said or api.because for these"


def test_every_form_of_a_reason_is_one_that_rules_write() -> None:
    """Its longest piece is in their source."""
    files = [*(ROOT / "rules/engine").glob("*.py"), *(ROOT / "rules/text").glob("*.py")]
    written = "\n".join(text for file in files for text in texts_of(file))
    forms = {id: max(PLACEHOLDER.split(text), key=len) for id, text in table().items() if id.startswith(FORMS)}
    assert not {id: piece for id, piece in forms.items() if piece.strip() not in written}


def devices() -> RuleDevices:
    return RuleDevices([device("meter")])


@pytest.mark.parametrize(
    ("written", "value", "held", "ended", "missing"),
    [
        (
            "meter.export_W > 1 kW for 5 min",
            1400.0,
            "Meter, eingespeist: 5 min lang 1,4 kW",
            "Meter, eingespeist: 1,4 kW",
            "Meter, eingespeist: 1,4 kW, gefordert ist > 1 kW seit 5 min",
        ),
        ("meter is on", True, "Meter: an", "Meter: an", "Meter: an, gefordert ist an"),
        (
            "meter is offline for 2 h",
            None,
            "Meter war 2 h lang nicht erreichbar",
            "Meter war wieder erreichbar",
            "Meter ist noch nicht 2 h lang unerreichbar",
        ),
        (
            "between 22:00 and sunrise",
            None,
            "es war zwischen 22:00 und Sonnenaufgang",
            "es war Sonnenaufgang",
            "es ist nicht zwischen 22:00 und Sonnenaufgang",
        ),
        ("not on mon-fri", None, "es war nicht Mo–Fr", "es war Mo–Fr", "es ist Mo–Fr"),
    ],
)
def test_parts_of_conditions_in_german(written: str, value: Value | None, held: str, ended: str, missing: str) -> None:
    leaf = leaf_of(written)
    english = (
        held_text(leaf, value, devices()),
        ended_text(leaf, False, value, devices()),
        missing_text(leaf, False, value, devices()),
    )
    with answering_in("de"):
        assert tuple(map(translated_reason, english)) == (held, ended, missing)
        assert translated_reason(f"{english[0]} and {english[0]}") == f"{held} und {held}"
    assert translated_reason(english[0]) == english[0], "programs get English"


@pytest.mark.parametrize(
    ("kind", "english", "german"),
    [
        (
            "rule",
            "Surplus: Boiler on because export of Meter was 1.4 kW for 5 min and it was between 08:00 and sunset.",
            "Surplus: Boiler an, weil: Meter, eingespeist: 5 min lang 1,4 kW und es war zwischen 08:00 und "
            "Sonnenuntergang.",
        ),
        (
            "rule",
            "A: not run at 07:30: Boiler is not online.",
            "A: um 07:30 nicht ausgeführt: Boiler ist nicht erreichbar.",
        ),
        (
            "rule_problem",
            "A: cannot be carried out. There is no device 'x'.",
            "A: kann nicht ausgeführt werden. Es gibt kein Gerät 'x'.",
        ),
        (
            "notify",
            "It was on for hours (power of Kettle was 2 kW for 20 min)",
            "It was on for hours (Kettle, Leistung: 20 min lang 2 kW)",
        ),
        ("notify", "Kettle was on (it is full)", "Kettle was on (it is full)"),
        (
            "command",
            "on = true by web: refused (There is nothing to set.)",
            "on = true by web: refused (Es gibt nichts zu stellen.)",
        ),
        (
            "clock",
            "The clock of the plug was wrong. The hub has set its time.",
            "Die Uhr des Steckers ging falsch. Der Hub hat seine Uhr gestellt.",
        ),
        ("family", "Kettle: it is on because it was on.", "Kettle: it is on because it was on."),
    ],
)
def test_events_in_german(kind: str, english: str, german: str) -> None:
    event = EventView(
        at="", device="a", kind=kind, words=english, data={"because": "power of Kettle was 2 kW for 20 min"}
    )
    with answering_in("de"):
        assert said_event(event).words == german
    assert said_event(event) is event, "programs get English"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_actions_do_is_in_the_language_of_the_page(language: str) -> None:
    offered = [
        spec
        for name in families.NAMES
        for spec in (*families.family(name).actions, *families.family(name).part_actions)
        if not spec.name.startswith("console")
    ]
    view = msgspec.structs.replace(device_json(device("a"), None), actions=tuple(offered))
    with answering_in(language):
        said = said_device(view).actions
    english = {text for one in offered for text in (one.words, one.danger)}
    english |= {text for one in offered if one.name not in OWN_FORM for text in one.args.values()}
    shown = {text for one in said for text in (one.words, one.danger, *one.args.values())}
    assert not (english & shown) - {""}, "words/*.json have no api.action for these"
    assert said_device(view) is view, "programs get English"


def test_a_live_message_of_a_home_in_the_language_of_its_viewer() -> None:
    lost = StatusView(device="a", state="offline", since="", reason="the connection is gone")
    live = msgspec.json.encode(Live(changes=Changes(at=NOON, statuses=[lost])))
    many = [msgspec.structs.replace(lost, reason=f"{number}") for number in range(MOST_TEXTS + 1)]
    hostile = msgspec.json.encode(Live(changes=Changes(at=NOON, statuses=many)))
    with answering_in("es"):
        assert b"se perdi\xc3\xb3 la conexi\xc3\xb3n" in bytes(said_live(msgspec.Raw(live)))
        for other in (b'{"changes": 5}', b"[]", hostile):
            assert bytes(said_live(msgspec.Raw(other))) == other, "it is not this program's, and stays as it is"


@pytest.mark.parametrize("text", ["a. " * 200, "x: " + "a and b; " * 400, ". : " * 400])
def test_a_text_of_a_home_that_is_not_trusted_takes_little_time(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tried, parts = count(), SentenceForm.parts

    def counted(form: SentenceForm, of: str) -> Mapping[str, str] | None:
        next(tried)
        return parts(form, of)

    monkeypatch.setattr(SentenceForm, "parts", counted)
    with answering_in("de"):
        assert translated_rule_event(text) == text
    assert next(tried) < 2_000


def test_each_page_gets_its_own_language() -> None:
    async def story() -> None:
        hub = FakeHub()
        pages = LivePages(hub, lambda: msgspec.convert(about(), HubView), lambda: NOON)
        clients = [pages.add("control", language) for language in ("en", "de", "de")]
        for client in clients:
            await client.ready()
            pages.message(client)
            client.sent()
        lost = Status("kettle", "offline", NOON, "the connection is gone")
        hub.publish(lost, Notice("kettle", NOON, "clock", "The clock of the plug was wrong."))
        changes = []
        for client in clients:
            await client.ready()
            changes.append(json.loads(pages.message(client)[-1])["changes"])
        assert [one["statuses"][0]["reason"] for one in changes] == [lost.reason, *2 * ["die Verbindung ist weg"]]
        assert changes[2]["notices"][0]["words"] == "Die Uhr des Steckers ging falsch."
        late = pages.add("control", "es")
        shown = json.loads(pages.message(late)[0])["snapshot"]["devices"]
        assert [one["reason"] for one in shown if one["id"] == lost.device] == ["se perdió la conexión"]

    virtual_run(story())
