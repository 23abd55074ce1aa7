"""`pty:PATH`: a pseudo terminal; PATH becomes a symlink to its slave side, for the program at the other end.

    this link ── master ═══ slave /dev/pts/7 ◄── PATH ── a program that opens PATH as a serial port

The simulator's side. As with a real serial device, the link is up from start to close, and what is sent while no
program has PATH open is lost.
"""

import asyncio
import errno
import os
import select
import tty
from pathlib import Path

from unclouded.core.errors import LinkRefused
from unclouded.core.sessions.link import Inlet, Link
from unclouded.core.sessions.session import Failure, LinkPath, Out
from unclouded.links.dial import PENDING_LIMIT, fail_soon
from unclouded.links.url import Url

READ_SIZE = 65_536  # bytes read at once
POLL_INTERVAL_S = 0.05  # s between checks whether the terminal was opened; the kernel sends no event
TERMINALS = Path("/dev/pts")


def open_pty(url: Url, baud: int, base: Path) -> Link:
    """Raises ConfigError where the address is wrong."""
    url.only()
    return PtyLink(url.path("pty:/tmp/meter", base))


class PtyLink:
    """The master of a pseudo terminal that can be opened at ``path``.

    ``dropped`` counts datagrams rejected because the buffer was full, ``undelivered`` those sent while PATH was closed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.terminal = ""
        self.dropped = 0
        self.undelivered = 0
        self._inlet: Inlet | None = None
        self._master = -1
        self._pending = bytearray()
        self._poll_timer: asyncio.TimerHandle | None = None

    def start(self, inlet: Inlet) -> None:
        """Raises LinkRefused where PATH cannot become a symlink."""
        self._master, slave = os.openpty()
        try:
            tty.setraw(slave)
            os.set_blocking(self._master, False)
            self.terminal = os.ttyname(slave)
            make_symlink(self.path, Path(self.terminal))
        except BaseException:
            os.close(self._master)
            self._master = -1
            raise
        finally:
            os.close(slave)
        self._inlet = inlet
        self._listen()
        inlet.up(LinkPath())

    def send(self, out: Out) -> None:
        if self._inlet is None:
            return
        if not self._is_open():
            self.undelivered += 1
            fail_soon(lambda: self._inlet, out.id, Failure.GONE)
        elif len(self._pending) + len(out.data) > PENDING_LIMIT:
            self.dropped += 1
            fail_soon(lambda: self._inlet, out.id, Failure.FULL)
        else:
            self._pending += out.data
            self._write()

    async def close(self) -> None:
        self._inlet = None
        if self._master < 0:
            return
        if self._poll_timer is not None:
            self._poll_timer.cancel()
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._master)
        loop.remove_writer(self._master)
        os.close(self._master)
        self._master = -1
        if self.path.is_symlink() and str(self.path.readlink()) == self.terminal:
            self.path.unlink()

    # --- inside --------------------------------------------------------------------------------

    def _is_open(self) -> bool:
        """Whether a program has the other end open. The kernel reports POLLHUP where none has."""
        poll = select.poll()
        poll.register(self._master, 0)
        return not any(event & select.POLLHUP for _, event in poll.poll(0))

    def _listen(self) -> None:
        """Read as soon as the other end is open. (Waiting for input on a hung-up terminal would be a busy loop.)"""
        loop = asyncio.get_running_loop()
        if self._is_open():
            self._poll_timer = None
            loop.add_reader(self._master, self._readable)
        else:
            self._poll_timer = loop.call_later(POLL_INTERVAL_S, self._listen)

    def _readable(self) -> None:
        try:
            data = os.read(self._master, READ_SIZE)
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            data = b""
        if not data:
            self._closed_by_peer()
        elif self._inlet is not None:
            self._inlet.received(data)

    def _closed_by_peer(self) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._master)
        loop.remove_writer(self._master)
        self._pending.clear()
        self._poll_timer = loop.call_later(POLL_INTERVAL_S, self._listen)

    def _write(self) -> None:
        """Write what the terminal accepts now, and the rest when it accepts more."""
        loop = asyncio.get_running_loop()
        try:
            del self._pending[: os.write(self._master, self._pending)]
        except BlockingIOError:
            pass
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            self._pending.clear()
        if self._pending and self._is_open():
            loop.add_writer(self._master, self._write)
        else:
            self._pending.clear()
            loop.remove_writer(self._master)


def make_symlink(path: Path, terminal: Path) -> None:
    """Make ``path`` a symlink to ``terminal``, replacing one from an earlier run.

    Raises LinkRefused where ``path`` is something else or the symlink cannot be made.
    """
    if path.is_symlink():
        old = path.readlink()
        if path.exists() and TERMINALS not in old.parents:
            raise LinkRefused(f"{path} is a link to {old}, which is not a pseudo terminal. Choose another path.")
    elif path.exists():
        raise LinkRefused(f"{path} exists and is not a symlink. Choose another path, or remove it.")
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(terminal)
        fresh.replace(path)
    except OSError as error:
        raise LinkRefused(f"{path} cannot be made: {error.strerror}. Choose another path.") from error
