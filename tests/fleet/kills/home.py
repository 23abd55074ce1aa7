"""A home whose hub is killed: its folder as `unclouded join` leaves it, and plugs that outlive the hub."""

import asyncio
import contextlib
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

from unclouded.app.configuration.config import Config, load_config
from unclouded.app.uplink.journal import CommandJournal, JournalFile
from unclouded.app.uplink.membership import Membership, MembershipFiles
from unclouded.app.uplink.running import COMMANDS
from unclouded.app.uplink.sent_log import sent_folder
from unclouded.core.sessions.driver import Driver
from unclouded.core.sessions.session import AskCommand, Asked, Event, WireCommand
from unclouded.families.tuya.simulated import PLUG
from unclouded.families.tuya.wifi.mcu.mcu import wifi_mcu
from unclouded.fleet.local_servers.trust import PrivateTrust
from unclouded.links.listen import ListenLink
from unclouded.store.outbox import Window
from unclouded.store.reading.reader import StoreReader
from unclouded.uplink.contents.energy import EnergyWindow
from unclouded.uplink.contents.events import decode_events
from unclouded.uplink.contents.raw import decode_raw
from unclouded.uplink.contents.rows import decode_rows
from unclouded.uplink.let_out import LetOutRules
from unclouded.uplink.messages import SentWindow
from unclouded.uplink.window_reader import WindowReader

POINT, DP = "countdown_s", "9"
COMPARED = ("raw", "minute", "quarter", "events")  # the fleet opens catalogues; energy: of days that go on
RECENT_S = 4000  # s; windows that began longer ago have ended


class CommandedPlug:
    """A plug on TCP. ``done``: how often its countdown was set to each value.

    After ``hold`` it switches and does not answer, so that its hub waits, until ``release``.
    """

    def __init__(self, id: str) -> None:
        self.id = id
        self.done = Counter[int]()
        self.held = asyncio.Event()
        self._is_holding = False
        self._questions = list[tuple[int, int]]()
        self._link = ListenLink("127.0.0.1", 0)
        self._driver = Driver(wifi_mcu(PLUG), self._link, self._on_events)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._driver.run(), name=self.id)
        while self.url.endswith(":0"):
            await asyncio.sleep(0)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    @property
    def url(self) -> str:
        return self._link.url

    def hold(self) -> None:
        self._is_holding = True
        self.held.clear()

    def release(self) -> None:
        self._is_holding = False
        questions, self._questions = self._questions, []
        for question in questions:
            self._answer(*question)

    def _on_events(self, events: Sequence[Event], now: float) -> None:
        for event in events:
            match event:
                case Asked(id=id, question=AskCommand(key=key, value=value)):
                    assert key == DP and isinstance(value, int)
                    self.done[value] += 1
                    if self._is_holding:
                        self._questions.append((id, value))
                        self.held.set()
                    else:
                        self._answer(id, value)

    def _answer(self, id: int, value: int) -> None:
        self._driver.answer(id, True)
        self._driver.submit(WireCommand({DP: value}, types={DP: "value"}))


class KilledHome:
    """``servers``: of NATS. ``file``: the configuration."""

    def __init__(
        self,
        folder: Path,
        hub: str,
        trust: PrivateTrust,
        servers: Sequence[str],
        shard: int,
        devices: Sequence[tuple[str, str]],
    ) -> None:
        """``devices``: id and address of each plug."""
        self.hub = hub
        self.file = folder / "unclouded.toml"
        folder.mkdir(parents=True, mode=0o700)
        self.file.write_text(_configuration(folder, devices), "utf-8")
        self.config: Config = load_config(self.file)
        files, credentials, now = MembershipFiles(self.config.state), trust.hub(hub), time.time()
        files.save(
            Membership(
                url="https://fleet.example",
                hub=hub,
                token=credentials.token,
                issued=now,
                expires=now + 80_000,
                shard=shard,
                servers=tuple(servers),
            )
        )
        files.key_file.write_text(credentials.key.seed, "ascii")

    def journal(self) -> CommandJournal:
        """The journal of the hub, which has ended."""
        found = CommandJournal(JournalFile(sent_folder(self.config.data) / COMMANDS), time.time)
        found.open()
        return found

    def acknowledged(self, which: str = "known = number") -> list[tuple[str, int, int]]:
        """Level, start and number of the windows of which the hub says that the fleet has them."""
        return self._rows(f"SELECT level, start, known FROM outbox WHERE known <> 0 AND {which}")

    def newest(self) -> int:
        """The highest number that is acknowledged."""
        rows = self._rows("SELECT coalesce(max(known), 0) FROM outbox")
        return int(rows[0][0]) if rows else 0

    def behind(self) -> list[tuple[str, int, int]]:
        """Windows that have ended and are not acknowledged as they stand; of the last hour some always are."""
        return self._rows("SELECT level, start, number FROM outbox WHERE number <> known AND start < ?", RECENT_S)

    def _rows(self, query: str, before_s: float | None = None) -> list[Any]:
        """None while there is no store."""
        values = () if before_s is None else (time.time() - before_s,)
        try:
            with contextlib.closing(sqlite3.connect(f"file:{self.config.store}?mode=ro", uri=True)) as db:
                return db.execute(query, values).fetchall()
        except sqlite3.OperationalError:
            return []

    def contents(self) -> Iterator[tuple[str, SentWindow]]:
        """Level and content, as the store has it, of each window that is acknowledged as it stands."""
        with StoreReader(self.config.store) as reader:
            windows = WindowReader(reader, LetOutRules(level="raw", names=True, events=True), _no_energy)
            for level, start, number in sorted(self.acknowledged()):
                if level in COMPARED:
                    *_, data = windows.read(Window(level, start, number), number)
                    assert data is not None
                    yield level, SentWindow(start, number, data)


def entries(level: str, window: SentWindow) -> object:
    """What is in a window, in one order."""
    match level:
        case "raw":
            chunks = decode_raw(window.start, window.data)
            return {device: [(second, sorted(one)) for second, one in found] for device, found in chunks.items()}
        case "events":
            return decode_events(window.data)
    return sorted(decode_rows(level, window.start, window.data))


def _configuration(folder: Path, devices: Sequence[tuple[str, str]]) -> str:
    lines = ["[hub]", f'data = "{folder / "data"}"', 'timezone = "UTC"', "", "[web]", 'listen = "off"']
    lines += ["", "[fleet]", 'url = "https://fleet.example"', 'level = "raw"', "names = true", "events = true"]
    lines += ["control = true"]
    for id, url in devices:
        lines += [
            "",
            "[[device]]",
            f'id = "{id}"',
            'family = "tuya_wifi"',
            f'identity = "tuya_wifi:{folder.name}-{id}"',
        ]
        lines += [f'link = "{url}"', 'profile = "tuya/plug_metering"']
    return "\n".join(lines) + "\n"


def _no_energy(start: int, chosen: object) -> EnergyWindow:
    raise AssertionError("energy is not compared")
