"""Reports to the service manager that started this process (systemd's sd_notify protocol). Without one, nothing.

    READY=1    the hub serves           WATCHDOG=1   its loop still runs, twice as often as is asked for
    STATUS=…   shown by systemctl       STOPPING=1   it ends

A datagram to the socket of $NOTIFY_SOCKET. The watchdog is fed by the hub's own loop, so that a loop that is stuck
is noticed and the service restarted.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Mapping

from unclouded.core.text.whole_number import whole_number

LONGEST_US = 10**15  # microseconds; more is none

log = logging.getLogger("unclouded.service")


class ServiceManager:
    """What the environment says of the service manager. ``watchdog_s``: how often it wants a sign; 0 = never."""

    def __init__(self, env: Mapping[str, str] = os.environ, pid: int | None = None) -> None:
        self.address = env.get("NOTIFY_SOCKET", "")
        self.watchdog_s = _watchdog_s(env, os.getpid() if pid is None else pid) if self.address else 0.0

    def report(self, **fields: str) -> None:
        """Send fields, such as ``READY="1"``; the values on one line. A manager that is gone is not an error."""
        if not self.address:
            return
        text = "\n".join(f"{name}={' '.join(value.split())}" for name, value in fields.items())
        address = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.setblocking(False)
                sock.sendto(text.encode("utf-8", "replace"), address)
        except OSError as error:
            log.debug("The service manager cannot be reached: %s", error)

    @contextlib.asynccontextmanager
    async def serving(self, status: str) -> AsyncIterator[None]:
        """Ready while the block lasts; then stopping."""
        self.report(READY="1", STATUS=status)
        task = asyncio.create_task(self._watchdog(), name="watchdog") if self.watchdog_s else None
        try:
            yield
        finally:
            if task is not None:
                task.cancel()
            self.report(STOPPING="1", STATUS="The hub stores what is left.")

    async def _watchdog(self) -> None:
        while True:
            self.report(WATCHDOG="1")
            await asyncio.sleep(self.watchdog_s / 2)


def _watchdog_s(env: Mapping[str, str], pid: int) -> float:
    """Microseconds in $WATCHDOG_USEC, for the process of $WATCHDOG_PID, or for any."""
    asked, whose = env.get("WATCHDOG_USEC", ""), env.get("WATCHDOG_PID", "")
    is_ours = not whose or whose == str(pid)
    return (whole_number(asked, 0, LONGEST_US) or 0) / 1e6 if is_ours else 0.0
