"""Checks of passwords: throttled for each address, and hashed one at a time in a thread."""

import asyncio
import math
from collections.abc import Callable
from typing import TypeVar

from starlette.responses import Response

from unclouded.web.access.login_throttle import LoginThrottle
from unclouded.web.api_answers import refusal

T = TypeVar("T")

MAX_WAITING_LOGINS = 8  # logins waiting for their password to be hashed


class PasswordChecks:
    """``clock``: monotonic seconds."""

    def __init__(self, clock: Callable[[], float], throttle: LoginThrottle | None = None) -> None:
        self._clock = clock
        self._throttle = throttle or LoginThrottle()
        self._hashing = asyncio.Lock()
        self._waiting = 0

    def begin(self, address: str) -> Response | None:
        """Count an attempt; the error response to too many of them."""
        wait = self._throttle.begin(address, self._clock())
        if not wait and self._waiting >= MAX_WAITING_LOGINS:
            wait = 1.0
        if not wait:
            return None
        seconds = math.ceil(wait)
        return refusal(429, "api.too_many_logins", {"Retry-After": str(seconds)}, seconds=seconds)

    def succeeded(self, address: str) -> None:
        """The attempt was successful, and does not count."""
        self._throttle.succeeded(address)

    def take_back(self, address: str) -> None:
        """The attempt could not be judged, and does not count."""
        self._throttle.take_back(address)

    async def hashing(self, work: Callable[[], T]) -> T:
        """Hash passwords, which takes time and memory."""
        self._waiting += 1
        try:
            async with self._hashing:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1
