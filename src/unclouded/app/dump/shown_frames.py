"""The frames that a hub shows, as the lines of a capture: hidden bytes become stars, and frames are whole again.

55 aa 03 2a 00 0b 7b ·· ·· ··   ──►  55 aa 03 2a 00 0b 7b 2a 2a 2a … with a right checksum
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from unclouded.app.dump.frame_cleaning import CHECKED
from unclouded.core.family import MASKED
from unclouded.core.times import from_iso
from unclouded.recording.capture import CaptureLine

Shown = Mapping[str, Any]  # Any: a WireLine of the API
BEFORE_NUMBER = frozenset(b":[,")  # what stands before a number in JSON
BLANKS = b" \t\r\n"
STAR, ONE, ZERO = 0x2A, 0x31, 0x30


class ChannelFrames:
    """The last frames of one channel. ``began``: Unix seconds at which the times of ``lines`` begin."""

    def __init__(self, channel: str, family: str, began: float, lines: Sequence[CaptureLine]) -> None:
        self.channel = channel
        self.family = family
        self.began = began
        self.lines = lines


def channel_frames(shown: Iterable[Shown], families: Mapping[str, str]) -> list[ChannelFrames]:
    """``families``: the family of each channel."""
    found = []
    entries = list(shown)
    for channel, family in families.items():
        own = [one for one in entries if one["channel"] == channel]
        began = from_iso(own[0]["at"]) if own else 0.0
        found += [ChannelFrames(channel, family, began, [_line(one, family, began) for one in own])] if own else []
    return found


def _line(shown: Shown, family: str, began: float) -> CaptureLine:
    text = str(shown["hex"])
    is_hidden = MASKED in text
    data = _visible(text) if is_hidden else bytes.fromhex(text)
    checked = CHECKED.get(family)
    if is_hidden and shown["kind"] == "frame" and checked is not None:
        data = checked(data)
    at = max(from_iso(shown["at"]) - began, 0.0)
    return CaptureLine(round(at, 6), shown["sender"], data, str(shown["way"]), is_hidden)


def _visible(text: str) -> bytes:
    """With something in place of hidden bytes; in JSON it stays JSON."""
    data = bytearray()
    is_number = False
    for place in range(0, len(text), 2):
        pair = text[place : place + 2]
        if pair != MASKED:
            data.append(int(pair, 16))
            is_number = False
            continue
        begins = not is_number and _begins_number(data)
        is_number = is_number or begins
        data.append(ONE if begins else ZERO if is_number else STAR)
    return bytes(data)


def _begins_number(data: bytearray) -> bool:
    left = bytes(data).rstrip(BLANKS)[-1:]
    return bool(left) and left[0] in BEFORE_NUMBER
