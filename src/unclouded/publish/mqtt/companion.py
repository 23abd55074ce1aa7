"""What a program with conventions of its own gets besides: Home Assistant's discovery. The publisher knows no more."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from unclouded.core.model import Device


class Companion(Protocol):
    """Retained messages about the devices, for one program."""

    @property
    def filters(self) -> Sequence[str]:
        """Topic filters by which the messages of earlier runs are found."""

    @property
    def birth(self) -> str:
        """The topic on which the program says ``online`` when it has started; it then gets everything again."""

    def messages(self, devices: Sequence[Device], commands: bool) -> Mapping[str, bytes]:
        """All messages for these devices. ``commands``: whether they can be controlled."""

    def topics(self, devices: Sequence[Device]) -> Collection[str]:
        """The topics of ``messages``."""

    def is_own(self, topic: str, payload: bytes, current: Collection[str]) -> bool:
        """Whether a retained message was published by this hub. ``current``: the topics of now."""

    def kept(self, before: bytes, after: bytes) -> bytes:
        """``after`` with what of ``before`` it does not have: the device may not yet have reported all."""

    def may_return(self, payload: bytes, current: Collection[str], devices: Sequence[Device]) -> bool:
        """Whether a message is about a device that has not reported yet who it is, or may join one of ``current``."""

    def transition(self, before: bytes, after: bytes) -> Sequence[bytes]:
        """What to publish on a topic whose message is another one now; b"" = none."""
