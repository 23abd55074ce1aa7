"""The hub is killed repeatedly while a plug counts: nothing that was stored is lost, nothing is counted twice.

simulated plug ── pty ── the hub, a process of its own ──► store.sqlite
   what it sent                what it printed               what is there after kill -9
"""

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator
from itertools import accumulate, pairwise
from pathlib import Path

import msgspec
import pytest

from place import TIMEOUT_S, UNCLOUDED, Place
from unclouded.core.sessions.driver import Driver
from unclouded.core.sessions.recent_chunks import RecentChunks
from unclouded.core.sessions.session import WireCommand
from unclouded.families.tuya.line.framing import Frame, Framer
from unclouded.families.tuya.messages import Points
from unclouded.families.tuya.simulated import PLUG
from unclouded.families.tuya.wifi.commands import WIFI, read_message
from unclouded.families.tuya.wifi.mcu.mcu import wifi_mcu
from unclouded.families.tuya.wifi.mcu.options import McuOptions
from unclouded.links.serial.pty import PtyLink
from unclouded.store.sink import INTERVAL_S, Store

KILLS = 3
PACE_S = 0.02  # between two counts
GRACE_S = INTERVAL_S + 1.0  # s after which a report is stored, on a busy machine

CONFIG = """
[web]
listen = "off"
[[device]]
id = "plug"
family = "tuya_wifi"
link = "serial:{path}"
profile = "tuya/plug_metering"
"""


class Plug:
    """A simulated plug that counts without end, never the same number twice; and the bytes on its wire."""

    def __init__(self, options: McuOptions, path: Path) -> None:
        self._tape = RecentChunks(10**8, 10**6)
        self._driver = Driver(wifi_mcu(options), PtyLink(path), lambda events, now: None, self._tape)

    async def count(self) -> None:
        for number in range(2**31):
            self._driver.submit(WireCommand({"1": True, "17": 1 + number % 1500}, types={"17": "value"}))
            await asyncio.sleep(PACE_S)

    @contextlib.asynccontextmanager
    async def counting(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(work, name="plug") for work in (self._driver.run(), self.count())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    def sent(self, command: int) -> list[int]:
        """The counts in its reports of this kind, in their order."""
        messages = [read_message("device", frame) for frame in self._frames(True) if frame.command == command]
        points = [point for one in messages if isinstance(one, Points) for point in one.points]
        return [int(point.value) for point in points if point.id == 17]

    def received(self, command: int) -> int:
        """How often it received this."""
        return sum(frame.command == command for frame in self._frames(False))

    def _frames(self, sent: bool) -> list[Frame]:
        framer = Framer((WIFI.shapes,))
        pieces = [piece for _, ours, _, data in self._tape.chunks() if ours is sent for piece in framer.feed(data, 0.0)]
        return [piece for piece in pieces if isinstance(piece, Frame)]


async def run_of_the_hub(place: Place, seconds: float, how: signal.Signals) -> list[tuple[float, int]]:
    """When it printed which total of energy (Wh), until its sudden end ``seconds`` after the first."""
    loop = asyncio.get_running_loop()
    words = ("run", "--config", str(place.config), "--json")
    pipe = asyncio.subprocess.PIPE
    hub = await asyncio.create_subprocess_exec(UNCLOUDED, *words, env=place.env, stdout=pipe)
    assert hub.stdout is not None
    printed: list[tuple[float, int]] = []
    async with asyncio.timeout(TIMEOUT_S):
        async for text in hub.stdout:
            line = json.loads(text)
            if line.get("point") == "energy_import_Wh":
                if not printed:
                    loop.call_later(seconds, hub.send_signal, how)
                printed.append((loop.time(), round(line["value"])))
        await hub.wait()
    return [(at - loop.time(), total) for at, total in printed]


async def stored(place: Place) -> int:
    """The total that the next hub will begin with, Wh."""
    store = Store(place.folder / "data" / "store.sqlite")
    store.open()
    ledgers = [one["energy_import_Wh"].total for one in store.stored_state().ledgers.values()]
    await store.close()
    return sum(ledgers) // 1000


async def test_counts_survive_the_sudden_end_of_the_hub_and_none_counts_twice(tmp_path: Path) -> None:
    place = Place(tmp_path, CONFIG.format(path=tmp_path / "wire"))
    counted: list[int] = []  # what the stored total is made of
    passed = 0  # how many counts were sent so far, received or not
    plug = Plug(PLUG, tmp_path / "wire")
    async with plug.counting():
        for number in range(KILLS + 1):
            how = signal.SIGKILL if number < KILLS else signal.SIGTERM
            printed = await run_of_the_hub(place, GRACE_S + 0.3 + 0.1 * number if how is signal.SIGKILL else 0.3, how)
            total = await stored(place)
            shown = [one for _, one in printed]
            assert number == 0 or shown[0] == sum(counted), "the next hub begins with what is stored"
            reported = [after - before for before, after in pairwise(shown if number else [0, *shown])]
            sent = plug.sent(0x07)[passed:]  # which no earlier hub can have received
            begin = sent.index(reported[0])
            assert reported == sent[begin : begin + len(reported)], (
                "while it runs it misses nothing, and counts all once"
            )
            totals = list(accumulate(sent[begin:], initial=sum(counted)))
            assert total in totals, "what is stored is what was counted at some moment"
            late = [at for at, one in printed if one > total]
            assert how is not signal.SIGKILL or printed[0][0] < -GRACE_S, "some were reported that long ago"
            assert not late or min(late) > -GRACE_S, "older reports are stored"
            assert not late or how is signal.SIGKILL, "a hub that is stopped stores everything"
            counted += sent[begin : begin + totals.index(total)]
            passed += begin + max(len(reported), totals.index(total))
    assert len(counted) > 20 * KILLS


@pytest.mark.parametrize("number", range(KILLS))
async def test_reports_that_were_acknowledged_to_the_plug_are_stored(tmp_path: Path, number: int) -> None:
    """A report by 22 waits for its 23, and may be forgotten then: it is stored, whenever the hub ends."""
    place = Place(tmp_path, CONFIG.format(path=tmp_path / "wire"))
    options = msgspec.structs.replace(PLUG, synced=frozenset({"17"}))
    plug = Plug(options, tmp_path / "wire")
    async with plug.counting():
        await run_of_the_hub(place, 0.8 + 0.13 * number, signal.SIGKILL)
    sent, taken = plug.sent(0x22), plug.received(0x23)
    assert taken > 3 and len(sent) in (taken, taken + 1)
    assert await stored(place) in (sum(sent[:taken]), sum(sent)), "the last one may be stored and not yet acknowledged"
