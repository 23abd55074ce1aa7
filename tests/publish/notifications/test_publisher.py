"""Messages from the hub to a service: in the owner's language, tried again, and once by the real Apprise over HTTP."""

import asyncio
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import get_args

import pytest
from aiohttp import web
from msgspec.structs import replace

from api_story import NOON, FakeHub
from unclouded.app.configuration.config import parse_config
from unclouded.app.publishing.notification_texts import TEXTS
from unclouded.app.publishing.notifications import rules_of, send_test, url_of
from unclouded.core.errors import CommandError, ConfigError
from unclouded.core.model import Alert, Notice, Reading, Status
from unclouded.core.system import extras
from unclouded.core.text.rough_time import RoughTime, RoughUnit
from unclouded.publish.notifications import sending
from unclouded.publish.notifications.finished import FinishedRule
from unclouded.publish.notifications.publisher import NotificationPublisher, NotificationTarget
from unclouded.publish.notifications.sending import secret_parts, send
from unclouded.publish.notifications.texts import alert_text
from virtual_loop import story


class Alerting(FakeHub):
    """A hub with alerts."""

    active: Sequence[Alert] = ()

    def alerts(self) -> Sequence[Alert]:
        return self.active


class Service:
    """Keeps what it gets; fails as often as a test says."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.got: list[tuple[float, str]] = []

    async def send(self, url: str, title: str, body: str) -> str:
        if self.failures:
            self.failures -= 1
            return "no network"
        self.got.append((asyncio.get_running_loop().time(), body))
        return ""


def target(language: str = "en", more: str = "") -> NotificationTarget:
    config = parse_config(f'[[notification]]\nurl = "x://y"\n{more}', "u.toml", env={})
    return NotificationTarget("x://y", rules_of(config.tables.notification[0]), TEXTS[language])


async def notified(
    hub: Alerting,
    service: Service,
    targets: Sequence[NotificationTarget],
    play: Callable[[], object],
    finished: Mapping[str, FinishedRule] | None = None,
) -> NotificationPublisher:
    """What a service has after an hour in which ``play`` happened at the begin."""
    loop = asyncio.get_running_loop()
    one = NotificationPublisher(
        hub, targets, "Home", finished or {}, lambda: 12 * 60, lambda: NOON + loop.time(), service.send
    )
    task = asyncio.create_task(one.run())
    await asyncio.sleep(1)
    play()
    await asyncio.sleep(3600)
    task.cancel()
    await asyncio.wait({task})
    assert hub.listeners == []
    return one


OVER = Alert(device="kettle", kind="above", since=NOON, point="power_W", value=2100.5, limit=2000.0)


@story
async def test_an_alert_is_a_sentence_in_the_chosen_language() -> None:
    hub, service = Alerting(), Service()
    await notified(hub, service, [target("en"), target("de"), target("es")], lambda: hub.publish(OVER))
    assert [body for _, body in service.got] == [
        "Kettle: the power is 2100.5 W, above 2000 W.",
        "Kettle: die Leistung liegt bei 2100,5 W, über 2000 W.",
        "Kettle: la potencia es de 2100,5 W, por encima de 2000 W.",
    ]


def test_large_and_small_numbers_are_no_powers_of_ten() -> None:
    for value, shown in ((12_345_678.0, "12345678"), (0.00001, "0.00001"), (1.5, "1.5"), (-2e6, "-2000000")):
        alert = replace(OVER, value=value, limit=value)
        assert alert_text(TEXTS["en"], alert, None) == f"kettle: the power is {shown}, above {shown}."


@story
async def test_a_service_that_does_not_answer_keeps_no_other_waiting() -> None:
    class FirstHangs(Service):
        calls = 0

        async def send(self, url: str, title: str, body: str) -> str:
            self.calls += 1
            if self.calls == 1:
                await asyncio.sleep(60)
                return "no answer"
            return await super().send(url, title, body)

    hub, service = Alerting(), FirstHangs()
    await notified(hub, service, [target(), target("de")], lambda: hub.publish(OVER))
    assert [round(at) for at, _ in service.got] == [3, 123]


async def test_a_process_that_cannot_be_started_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert "No such file" in await send("x://geheim", "t", "b")


def test_every_language_has_every_sentence() -> None:
    english = TEXTS["en"]
    for texts in TEXTS.values():
        for table in ("began", "ended", "point"):
            assert getattr(texts, table).keys() == getattr(english, table).keys()


@story
async def test_what_lasts_since_before_the_start_is_sent_and_what_could_not_be_sent_is_tried_again() -> None:
    hub, service = Alerting(), Service(failures=2)
    hub.active = [Alert(device="lamp", kind="offline", since=NOON)]
    one = await notified(hub, service, [target()], lambda: None)
    assert [body for _, body in service.got] == ["Lamp does not answer."]
    assert one.status().counts == {"sent": 1, "failures": 2, "lost": 0, "left_out": 0}
    assert one.status().state == "running"


@story
async def test_a_service_that_never_works_loses_a_message_and_says_why() -> None:
    hub, service = Alerting(), Service(failures=10**6)
    one = await notified(hub, service, [target()], lambda: hub.publish(OVER))
    assert one.status().counts["lost"] == 1 and one.status().counts["failures"] == 5
    assert one.status().text == "x: the message was not sent: no network"


@story
async def test_a_kettle_has_finished_though_its_plug_says_nothing_more() -> None:
    hub, service = Alerting(), Service()
    rule = FinishedRule(above_W=1000, below_W=10, for_s=20, least_s=30)

    def boil() -> None:
        hub.publish(Reading("kettle", "power_W", 2000.0, NOON - 100), Reading("lamp", "power_W", 2000.0, NOON - 100))
        hub.publish(Reading("kettle", "power_W", 1.0, NOON), Reading("lamp", "power_W", 1.0, NOON))

    await notified(hub, service, [target()], boil, {"kettle": rule})
    assert [body for _, body in service.got] == ["Kettle has finished, after 2 min."]
    assert 20 <= service.got[0][0] <= 30


@story
async def test_a_rule_that_notifies_sends_its_text_to_those_who_want_it() -> None:
    hub, service = Alerting(), Service()
    notice = Notice("", NOON, "notify", "Look at the freezer (Freezer was offline for 10 min)")
    targets = [target(), target(more='events = ["alarm"]')]
    await notified(hub, service, targets, lambda: hub.publish(notice))
    assert [text for _, text in service.got] == [notice.words]


@story
async def test_a_clock_that_is_set_and_a_plug_that_goes_end_no_work() -> None:
    rule = FinishedRule(above_W=1000, below_W=10, for_s=20)
    for fact in (Notice("", NOON, "clock", ""), Status("kettle", "offline", NOON)):
        hub, service = Alerting(), Service()

        def boil(fact: Notice | Status = fact, hub: Alerting = hub) -> None:
            hub.publish(Reading("kettle", "power_W", 2000.0, NOON - 9), Reading("kettle", "power_W", 1.0, NOON), fact)

        await notified(hub, service, [target()], boil, {"kettle": rule})
        assert service.got == []


# --- Apprise --------------------------------------------------------------------------------------------


async def test_apprise_sends_it() -> None:
    got: list[dict[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        got.append(await request.json())
        return web.Response()

    app = web.Application()
    app.router.add_post("/x", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        assert await send(f"json://127.0.0.1:{runner.addresses[0][1]}/x", "Home", "Küche: läuft") == ""
    finally:
        await runner.cleanup()
    assert [(one["title"], one["message"]) for one in got] == [("Home", "Küche: läuft")]


def test_a_refusal_has_its_reason_without_a_part_of_the_address() -> None:
    url = "tgram://123456:AAgeheim/chat99"
    output = json.dumps({"sent": False, "reason": "Failed: https://host/bot123456:AAgeheim\n\x1b[1m (chat99)"}).encode()
    assert sending._reason(output, url) == "Failed: https://host/bot… \\x1b[1m (…)"
    assert sending._reason(b"", url).startswith("Apprise ended without an answer")
    assert sending._reason(b'{"sent": true}', url) == ""


def test_each_part_of_an_address_may_be_a_secret() -> None:
    parts = secret_parts("tgram://123456:AA%2FBcdef/chat99?key=geheim")
    assert {"123456", "AA%2FBcdef", "AA/Bcdef", "chat99", "geheim"} <= parts
    for url in ("x://[geheim/topic5#room77", "x://ge\u2100heim/geheim?topic5#room77"):
        assert {"geheim", "topic5", "room77"} <= secret_parts(url)


# --- configuration --------------------------------------------------------------------------------------


def test_an_address_in_a_file_is_read_and_never_shown(tmp_path: Path) -> None:
    config = parse_config('[[notification]]\nurl_file = "phone.url"', str(tmp_path / "u.toml"), env={})
    table = config.tables.notification[0]
    with pytest.raises(ConfigError, match="cannot be read"):
        url_of(config, table)
    (tmp_path / "phone.url").write_text("ntfy://geheim@host/topic\n")
    assert url_of(config, table) == "ntfy://geheim@host/topic"
    for wrong in ("geheim", "https://geheim/x", "a://geheim\nb://c"):
        (tmp_path / "phone.url").write_text(wrong)
        with pytest.raises(ConfigError) as error:
            url_of(config, table)
        assert "geheim" not in str(error.value)


async def test_a_missing_library_or_table_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="No \\[\\[notification\\]\\] is configured"):
        await send_test(parse_config("", "u.toml", env={}))
    monkeypatch.setattr(extras, "LIBRARIES", {"notifications": "no-such-library"})
    with pytest.raises(ConfigError) as error:
        await send_test(parse_config('[[notification]]\nurl = "x://y"', "u.toml", env={}))
    for command in (f" -m pip --python {sys.executable} install no-such-library ", "pipx inject unclouded"):
        assert command in str(error.value)


@story
async def test_a_nearly_full_disk_is_a_message_whichever_devices_are_chosen() -> None:
    hub, services = Alerting(), [Service(), Service()]
    alert = Alert(device="", kind="disk", since=NOON, value=91, full_in=RoughTime("days", 12))
    chosen = [target("de", 'devices = ["kettle"]'), target("es", 'events = ["alarm"]')]
    for one, service in zip(chosen, services, strict=True):
        await notified(hub, service, [one], lambda: hub.publish(alert))
    assert [body for _, body in services[0].got] == [
        "Der Datenträger mit den Daten des Hubs ist zu 91 % voll. "
        "Füllt er sich wie in den letzten Tagen, ist er in etwa 12 Tagen voll."
    ]
    assert services[1].got == []
    for texts in TEXTS.values():
        units = get_args(RoughUnit)
        assert set(texts.full_in) == set(units)
        whole = [alert_text(texts, replace(alert, full_in=RoughTime(unit, 3)), None) for unit in units]
        assert not any("{" in one for one in whole) and len(set(whole)) == len(units)
