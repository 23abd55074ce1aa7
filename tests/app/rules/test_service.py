"""Rules in a hub: a real device of the toy protocol is switched, the reason is in the log, a restart goes on."""

import asyncio
from pathlib import Path

import pytest

from hub.toy_hub import NOON, Home, answer_requests, hub, plug
from unclouded.app.configuration.config import Config, parse_config
from unclouded.app.rules.service import RulesService
from unclouded.core.errors import CommandError
from unclouded.core.model import Notice
from virtual_loop import story

FORGOTTEN = """
[[rule]]
name = "Thing forgotten"
when = "thing.power_W > 60 W for 30 s"
set = "thing off"
notify = "It was forgotten"
"""


def config(text: str, tmp_path: Path) -> Config:
    return parse_config(f'[hub]\ndata = "{tmp_path}"\n{text}', "unclouded.toml")


def service(home: Home, text: str, tmp_path: Path, memory: bytes = b"") -> RulesService:
    loop = asyncio.get_running_loop()
    return RulesService(config(text, tmp_path), home.hub, loop.time, lambda: NOON + loop.time(), memory)


async def running(home: Home, rules: RulesService) -> asyncio.Task[None]:
    task = asyncio.create_task(rules.run(), name="rules")
    await asyncio.sleep(0.1)
    return task


@story
async def test_a_rule_switches_a_device_and_says_why(tmp_path: Path) -> None:
    async with hub(plug) as home:
        link = await home.far_end("")
        rules = service(home, FORGOTTEN, tmp_path)
        task = await running(home, rules)
        state = {b"get": b"is on 67", b"set off": b"ok"}
        for _ in range(400):
            if any(text == b"set off" for text, _, _ in home.received_by[id(link)].datagrams):
                state[b"get"] = b"is off 0"
            await answer_requests(home, link, state)
            await asyncio.sleep(0.1)
        assert home.values("thing")["on"] is False
        notices = [(one.kind, one.words) for one in home.of(Notice)]
        assert ("command", "on = false by Thing forgotten: confirmed") in notices
        assert ("notify", "It was forgotten (power of thing was 67 W for 30 s)") in notices
        assert ("rule", "Thing forgotten: thing off because power of thing was 67 W for 30 s.") in notices
        (view,) = rules.view().rules
        assert (view.state, view.last_text) == ("idle", "power of thing was 67 W for 30 s")
        task.cancel()
        await asyncio.wait({task})


@story
async def test_rules_are_reloaded_and_their_state_is_remembered(tmp_path: Path) -> None:
    async with hub(plug) as home:
        link = await home.far_end("")
        await answer_requests(home, link, {b"get": b"is off 0"})
        rules = service(home, "", tmp_path)
        task = await running(home, rules)
        assert rules.view().rules == ()
        rules.use(config(FORGOTTEN, tmp_path))
        rules.pause("Thing forgotten", None)
        rules.set_value("price", "0.08", 600.0)
        await asyncio.sleep(1.0)
        task.cancel()
        await asyncio.wait({task})
        memory = home.hub.ambient("hub").memory["rules"]
        again = service(home, FORGOTTEN, tmp_path, memory)
        task = await running(home, again)
        (view,) = again.view().rules
        assert view.state == "paused" and again.view().values[0].name == "price"
        assert again.resume("Thing forgotten").state == "idle"
        task.cancel()
        await asyncio.wait({task})


@story
async def test_what_cannot_be_done_is_refused_with_a_reason(tmp_path: Path) -> None:
    async with hub(plug) as home:
        await home.far_end("")
        rules = service(home, FORGOTTEN, tmp_path)
        with pytest.raises(CommandError, match="does not know the time"):
            rules.view()
        task = await running(home, rules)
        with pytest.raises(CommandError, match="is on or off, not 'maybe'"):
            rules.start_timer("thing", "", "maybe", 60.0, None, "cli")
        with pytest.raises(CommandError, match="There is no timer of thing"):
            rules.stop_timer("thing", "")
        with pytest.raises(CommandError, match="in `set`"):
            await rules.test("", {"at": "07:00", "set": 3}, 0.0, 1.0)
        assert rules.start_timer("thing", "", "on", 60.0, None, "cli").end_value is False
        assert rules.view().timers[0].device == "thing"
        rules.stop_timer("thing", "on")
        assert rules.view().timers == ()
        task.cancel()
        await asyncio.wait({task})


@story
async def test_a_timer_that_is_ended_at_once_ends_as_soon_as_a_command_may_follow_another(tmp_path: Path) -> None:
    async with hub(plug) as home:
        link = await home.far_end("")
        state = {b"get": b"is off 0", b"set on": b"ok", b"set off": b"ok"}
        sent = list[bytes]()

        async def a_while(seconds: float) -> None:
            """The device carries out what it is sent."""
            for _ in range(round(seconds * 10)):
                sent.extend(text for text, _, _ in home.received_by[id(link)].datagrams if text.startswith(b"set"))
                state[b"get"] = b"is on 67" if sent[-1:] == [b"set on"] else b"is off 0"
                await answer_requests(home, link, state)
                await asyncio.sleep(0.1)

        await a_while(0.5)
        rules = service(home, "", tmp_path)
        task = await running(home, rules)
        rules.start_timer("thing", "on", True, 900.0, None, "web")
        await a_while(0.2)
        rules.stop_timer("thing", "on")
        await asyncio.sleep(3.0)  # without a reading, which would make the rules look at what is due
        waiting = [text for text, _, _ in home.received_by[id(link)].datagrams]
        assert (sent, b"set off" in waiting) == ([b"set on"], True)
        task.cancel()
        await asyncio.wait({task})
