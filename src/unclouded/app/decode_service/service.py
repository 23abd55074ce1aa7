"""Decodes inputs for the hub's page, in a process for each request.

request ─► a place in the line ─► one process at a time ─► answer, or it is ended after TIMEOUT_S

A thread would hold up the hub: one regular expression over pasted text keeps it from everything else for up
to a second, and a thread cannot be ended.
"""

import asyncio
import contextlib
import logging
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.views.decoded import DecodeOptions

log = logging.getLogger("unclouded.decode")

WORKER = "unclouded.app.decode_service.worker"
TIMEOUT_S = 20.0  # s for one input
MOST_WAITING = 8  # requests, with the one that is worked on
MOST_OF_ONE = 2  # requests of one client
REFUSED, TOO_MUCH = 3, 4  # exit codes of the worker
TOO_LONG = (
    "Decoding this takes longer than {timeout:g} s, so it was ended. Take a shorter piece of it, name its format, or "
    "use `unclouded decode FILE` on the command line."
)
TOO_BIG = "Decoding this takes too much memory, so it was ended. Take a shorter piece of it."
BROKEN = "Decoding failed: a fault of this program, which the log of the hub names."


class DecodeService:
    """Satisfies web's DecodeSource. ``profiles``: the folder of the hub's own profiles, if it has one."""

    def __init__(self, profiles: Path | None = None, timeout_s: float = TIMEOUT_S) -> None:
        self._arguments = [] if profiles is None else [str(profiles.absolute())]
        self._timeout_s = timeout_s
        self._turn = asyncio.Lock()
        self._waiting: Counter[str] = Counter()
        self._choices: bytes | None = None

    @contextlib.contextmanager
    def place(self, client: str) -> Iterator[bool]:
        """Whether there is a place in the line, which is taken; before the input is received."""
        if self._waiting.total() >= MOST_WAITING or self._waiting[client] >= MOST_OF_ONE:
            yield False
            return
        self._waiting[client] += 1
        try:
            yield True
        finally:
            self._waiting[client] -= 1
            self._waiting += Counter()  # without clients that have no request

    async def choices(self) -> bytes:
        """DecodeChoices as JSON. Raises CommandError."""
        if self._choices is None:
            self._choices = await self.decode(DecodeOptions(work="choices"), b"")
        return self._choices

    async def decode(self, options: DecodeOptions, data: bytes) -> bytes:
        """The answer as JSON. Ends the process where it is cancelled. Raises CommandError."""
        async with self._turn:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                WORKER,
                *self._arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            try:
                async with asyncio.timeout(self._timeout_s):
                    out, err = await process.communicate(msgspec.json.encode(options) + b"\n" + data)
            except TimeoutError:
                raise CommandError(TOO_LONG.format(timeout=self._timeout_s)) from None
            finally:
                await _ended(process)
        return _answer(process.returncode, out, err)


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Kill the process if it still runs, and wait for its end."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _answer(code: int | None, out: bytes, err: bytes) -> bytes:
    """Raises CommandError."""
    if code == 0:
        return out
    if code == REFUSED:
        raise CommandError(out.decode("utf-8", "replace"))
    if code == TOO_MUCH or (code or 0) < 0:  # ended by the system
        raise CommandError(TOO_BIG)
    log.error("Decoding for the page failed (exit code %s): %s", code, err.decode("utf-8", "replace")[-200:].strip())
    raise CommandError(BROKEN)
