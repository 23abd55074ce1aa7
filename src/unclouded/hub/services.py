"""What devices ask the house for, and what it answers: time, network, signal, memory, weather, update files. Pure.

A Tuya MCU wants to know whether its module is on the network, what time it is, how strong the signal
is. There is no Wi-Fi module and no cloud here, so the house answers as a module with a good connection.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, tzinfo
from typing import Protocol

from unclouded.core.errors import CommandError
from unclouded.core.session import (
    Answer,
    AskBind,
    AskBlock,
    AskClock,
    AskFile,
    AskMemory,
    AskNetwork,
    AskSignal,
    AskStored,
    AskTime,
    AskWeather,
    LocalTime,
    Network,
    Question,
    Refusal,
    WireValue,
)
from unclouded.hub.forecast import wanted
from unclouded.hub.zone import local_time

SIGNAL_dBm = -45  # a good Wi-Fi signal
MEMORY_BYTES = 65_536  # what a module with room to spare answers


class Files(Protocol):
    """The files that devices are updated from. What is asked is in memory: nobody waits. Raises CommandError."""

    def holding(self, names: Sequence[str]) -> AbstractContextManager[None]:
        """Keep these files as they are now while the block lasts."""

    def facts(self, name: str) -> Mapping[str, WireValue]:
        """``size`` (bytes) and ``md5`` (hex) of a file that is held."""

    def block(self, name: str, offset: int, size: int) -> bytes:
        """A part of a file that is held, shorter at its end."""


class Services:
    """``wall``: Unix seconds now, or None while the clock is not to be trusted.

    ``weather``: the newest values by Tuya's names, nothing while there are none; None = nobody looks at the weather.
    ``files`` None: nobody keeps files for updates.
    """

    def __init__(
        self,
        wall: Callable[[], float | None],
        zone: tzinfo = UTC,
        weather: Callable[[], Mapping[str, WireValue]] | None = None,
        files: Files | None = None,
    ) -> None:
        self._wall = wall
        self._zone = zone
        self._weather = weather
        self._files = files

    def answer(self, question: Question) -> Answer | Refusal:
        """The answer, or a Refusal that says why there is none."""
        match question:
            case AskTime(local=local):
                return self._time(local)
            case AskClock():
                return self._time(local=True)
            case AskNetwork():
                return Network.CLOUD.value
            case AskSignal():
                return SIGNAL_dBm
            case AskMemory():
                return MEMORY_BYTES
            case AskWeather(names=names):
                return self._weather_of(names)
            case AskBind() | AskStored():
                return True
            case AskFile() | AskBlock():
                return self._file(question)
        return Refusal(f"The hub has no answer to {type(question).__name__.removeprefix('Ask').lower()}.")

    def holding(self, names: Sequence[str]) -> AbstractContextManager[None]:
        """Keep these update files as they are while an action runs that names them. Raises CommandError."""
        if names and self._files is None:
            raise CommandError("Nobody keeps files for updates here.")
        return nullcontext() if self._files is None else self._files.holding(names)

    def _file(self, question: AskFile | AskBlock) -> Answer | Refusal:
        if self._files is None:
            return Refusal("Nobody keeps files for updates here.")
        try:
            match question:
                case AskFile(name=name):
                    return self._files.facts(name)
                case AskBlock(offset=offset, size=size, file=name):
                    return self._files.block(name, offset, size)
        except CommandError as error:
            return Refusal(str(error))

    def _weather_of(self, names: Sequence[str]) -> Mapping[str, WireValue] | Refusal:
        """Those of the names, for as many days as they ask for; all where no name is said."""
        if self._weather is None:
            return Refusal("Nobody looks at the weather: there is no [weather] in the configuration.")
        return wanted(self._weather(), names, self._zone) or Refusal("The weather is not known.")

    def _time(self, local: bool) -> LocalTime | Refusal:
        unix = self._wall()
        if unix is None:
            return Refusal("The hub does not know the time yet.")
        return local_time(unix, self._zone) if local else LocalTime(unix)
