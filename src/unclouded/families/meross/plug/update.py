"""An update of a simulated plug: it downloads the file, checks it, writes it and restarts with it.

    SET Upgrade {url, md5} ─► SETACK, PUSH upgradeInfo 1 ─► AskBlock(0, …, url) ─► checks ─► writes ─► PUSH 2, restart
                                                              │ nothing, half of it: PUSH 3   │ wrong MD5: PUSH 4

Whatever fails leaves it as it was. Made up: that a header of other hardware is refused as a wrong MD5 is, how long
writing takes, and the new version: that after ``version=`` in the file, else the next one.
Source: docs/protocols/meross.md §1.8.18, §1.11.
"""

import re
from hashlib import md5

from unclouded.core.sessions.session import Answer, AskBlock, Asked, Event, Refusal
from unclouded.core.sessions.session_parts import FaultSwitches, Ids, Timers
from unclouded.families.meross.firmware.mediatek import MAGIC as MEDIATEK
from unclouded.families.meross.firmware.uimage import MAGIC as UIMAGE
from unclouded.families.meross.plug.simulated_plug import SimulatedPlug
from unclouded.families.meross.wire.messages import Upgrade

FLASH_BYTES = 2 * 1024 * 1024  # docs/protocols/meross.md §1.0.1
DOWNLOAD_TIMEOUT_S = 120.0
WRITE_S = 5.0
STARTED, SUCCEEDED, FAILED, WRONG = 1, 2, 3, 4  # values of upgradeInfo; the first two are disputed
MAGIC = {"1.0.0": UIMAGE, "2.0.0": MEDIATEK}  # by hardware version
VERSION = re.compile(rb"version=(\d{1,3}\.\d{1,3}\.\d{1,3})")
DOWNLOAD, WRITE = "download", "write"  # the timers


class PlugUpdate:
    """``statuses``: what is to be pushed, until it is taken; ``is_written``: the plug has to restart."""

    def __init__(self, plug: SimulatedPlug, faults: FaultSwitches, ids: Ids) -> None:
        self.statuses: list[int] = []
        self.is_written = False
        self._plug = plug
        self._faults = faults
        self._ids = ids
        self._timers = Timers()
        self._question = 0
        self._md5 = ""
        self._checks_md5 = True
        self._version = ""

    def begin(self, upgrade: Upgrade, now: float, checks_md5: bool = True) -> list[Event]:
        """Download it. A second request begins again."""
        self._checks_md5 = checks_md5
        self._plug.is_updating = True
        self._md5 = upgrade.md5.lower()
        self._question = self._ids.next()
        self._timers.clear_all()
        self._timers.set(DOWNLOAD, now + DOWNLOAD_TIMEOUT_S)
        self.statuses.append(STARTED)
        return [Asked(self._question, AskBlock(0, FLASH_BYTES + 1, upgrade.url))]

    def answered(self, id: int, value: Answer | Refusal, now: float) -> bool:
        """The download has ended; True where it was this question."""
        if id != self._question or not id:
            return False
        self._question = 0
        self._timers.clear(DOWNLOAD)
        if not isinstance(value, bytes) or not 0 < len(value) <= FLASH_BYTES or "stops-during-download" in self._faults:
            self._end(FAILED)
        elif not (self._has_md5(value) and self._is_for_it(value)):
            self._end(WRONG)
        else:
            self._version = self._version_in(value)
            self._timers.set(WRITE, now + WRITE_S)
        return True

    def tick(self, now: float) -> None:
        """Fails a download that takes too long; ends a write: the new version counts, unless a fault keeps the old."""
        for name in self._timers.due(now):
            if name == DOWNLOAD:
                self._question = 0
                self._end(FAILED)
            else:
                if "keeps-old-version" not in self._faults:
                    self._plug.settings.version = self._version
                self._end(SUCCEEDED)
                self.is_written = True

    def deadline(self) -> float | None:
        """When a download is too late or a write is done, in monotonic seconds; None = no update runs."""
        return self._timers.earliest()

    def cancel(self) -> None:
        """The plug restarts for another reason."""
        self._timers.clear_all()
        self._question = 0
        self.is_written = False

    def _end(self, status: int) -> None:
        self._plug.is_updating = False
        self.statuses.append(status)

    def _has_md5(self, data: bytes) -> bool:
        return not self._checks_md5 or md5(data, usedforsecurity=False).hexdigest() == self._md5

    def _is_for_it(self, data: bytes) -> bool:
        return data.startswith(MAGIC.get(self._plug.dialect.hardware, b""))

    def _version_in(self, data: bytes) -> str:
        found = VERSION.search(data)
        if found is not None:
            return found[1].decode()
        head, _, last = self._plug.version.rpartition(".")
        return f"{head}.{int(last) + 1}"
