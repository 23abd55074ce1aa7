"""The hub's answers to the questions of devices: time, network, signal, memory, weather, update files. Pure.

A Tuya MCU asks its Wi-Fi module for the network status, the time and the signal. There is no Wi-Fi module and no cloud
here, so the hub answers as a module with a good connection.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, tzinfo
from typing import Protocol

from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Answer,
    AskBind,
    AskBlock,
    AskClock,
    AskDownload,
    AskFile,
    AskMemory,
    AskNetwork,
    AskPlace,
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
from unclouded.hub.services.forecast import requested
from unclouded.hub.services.zone import clock_time, local_time

SIGNAL_dBm = -45  # a good Wi-Fi signal
MEMORY_BYTES = 65_536  # the answer of a module with plenty of free memory


class Files(Protocol):
    """The files that devices are updated from; those in use are in memory. Its methods raise CommandError."""

    def holding(self, names: Sequence[str]) -> AbstractContextManager[None]:
        """Keep these files as they are now while the block lasts."""

    def facts(self, name: str) -> Mapping[str, WireValue]:
        """``size`` (bytes) and ``md5`` (hex) of a file that is held."""

    def block(self, name: str, offset: int, size: int) -> bytes:
        """A part of a file that is held, shorter at its end."""

    def download(self, name: str, peer: str) -> Mapping[str, WireValue]:
        """``url``, ``md5``, ``size``, ``sent`` and ``whole`` of a file that is held, for the device at ``peer``."""


class Services:
    """Answers the questions of devices.

    ``wall``: Unix seconds now, or None while the clock cannot be trusted. ``weather``: the newest values by Tuya's
    names, empty while there are none; None = no weather is configured. ``files`` None: there are no update files.
    ``place``: ``latitude`` and ``longitude`` of the home; None = not configured. It and ``zone`` may change while the
    hub runs.
    """

    def __init__(
        self,
        wall: Callable[[], float | None],
        zone: tzinfo = UTC,
        weather: Callable[[], Mapping[str, WireValue] | None] = lambda: None,
        files: Files | None = None,
        place: Mapping[str, WireValue] | None = None,
    ) -> None:
        self._wall = wall
        self.zone = zone
        self._weather = weather
        self._files = files
        self.place = place

    def answer(self, question: Question) -> Answer | Refusal:
        """The answer, or a Refusal with the reason why there is none."""
        match question:
            case AskTime(local=local):
                return self._time(local_time if local else None)
            case AskClock():
                return self._time(clock_time)
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
            case AskPlace():
                return self.place or Refusal("There are no latitude and longitude in the configuration.")
            case AskFile() | AskBlock() | AskDownload():
                return self._file(question)
        return Refusal(f"The hub has no answer to {type(question).__name__.removeprefix('Ask').lower()}.")

    def holding(self, names: Sequence[str]) -> AbstractContextManager[None]:
        """Keep these update files unchanged while an action that names them runs. Raises CommandError."""
        if names and self._files is None:
            raise CommandError("This hub has no update files.")
        return nullcontext() if self._files is None else self._files.holding(names)

    def _file(self, question: AskFile | AskBlock | AskDownload) -> Answer | Refusal:
        if self._files is None:
            return Refusal("This hub has no update files.")
        try:
            match question:
                case AskFile(name=name):
                    return self._files.facts(name)
                case AskBlock(offset=offset, size=size, file=name):
                    return self._files.block(name, offset, size)
                case AskDownload(name=name, peer=peer):
                    return self._files.download(name, peer)
        except CommandError as error:
            return Refusal(str(error))

    def _weather_of(self, names: Sequence[str]) -> Mapping[str, WireValue] | Refusal:
        """Those of the names, for as many days as they request; all of them without names."""
        values = self._weather()
        if values is None:
            return Refusal("There is no [weather] in the configuration.")
        return requested(values, names, self.zone) or Refusal("The weather is not known.")

    def _time(self, local: Callable[[float, tzinfo], LocalTime] | None) -> LocalTime | Refusal:
        unix = self._wall()
        if unix is None:
            return Refusal("The hub does not know the time yet.")
        return LocalTime(unix) if local is None else local(unix, self.zone)
