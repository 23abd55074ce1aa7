"""Words that name a direction: a lane only ("TX", "<<<"), or the side that sent ("WiFi sent", "MCU -> WiFi").

TX and arrows are the view of the program that wrote them: which side it is, the frames show. A named chip fixes it.
"""

import re
from functools import lru_cache

import msgspec

from unclouded.core.family import Sender

OUT = "TX"  # the lanes; each name is what most programs write
IN = "RX"

_MODULE = r"wi-?fi(?:[ _]?module)?|module|esp(?:8266|32|home)?|wbr\d|cb\dl?|wb\dl?|tywe\w{0,3}"
_MCU = r"mcu|stm8|stm32"
NAMED = re.compile(
    rf"""(?<![A-Za-z0-9])(?:
      (?P<to_mcu>(?:{_MODULE})[ ]?(?:->|=>|-+>|>+|→|to)[ ]?(?:{_MCU}))
    | (?P<to_module>(?:{_MCU})[ ]?(?:->|=>|-+>|>+|→|to)[ ]?(?:{_MODULE}))
    | (?P<module_sent>(?:{_MODULE})[ ](?:sent|sends|tx|send))
    | (?P<mcu_sent>(?:{_MCU})[ ](?:sent|sends|tx|send))
    | (?P<module_received>(?:{_MODULE})[ ](?:received|receives|rx|recv))
    | (?P<mcu_received>(?:{_MCU})[ ](?:received|receives|rx|recv))
    | (?P<received_by_module>(?:received|recv)[ ](?:by[ ])(?:{_MODULE}))
    | (?P<sent_by_module>(?:sent)[ ](?:by[ ])(?:{_MODULE}))
    )(?![A-Za-z0-9])""",
    re.VERBOSE | re.IGNORECASE,
)
CONTROLLER = {"to_mcu", "module_sent", "mcu_received", "sent_by_module", "module"}
CHIP = re.compile(
    rf"(?<![A-Za-z0-9])(?:from[ ])?(?:(?P<module>{_MODULE})|(?P<mcu>{_MCU}))(?=\s?[:>\]|)=]|\s?$)", re.IGNORECASE
)
CHANNEL = re.compile(
    r"[\s\[(]?(?P<name>[A-D]|(?:com|uart|tty\w{0,4}|ch(?:annel)?)[ _-]?\d{1,3})[\s\])]?[:>]?\s?", re.IGNORECASE
)
WORD = re.compile(
    r"""(?<![A-Za-z0-9])(?:
      (?P<out>tx|txd|out|send|sent|sending|sends|write|writing|written|wrote|req|request|transmit(?:ted)?|output)
    | (?P<in>rx|rxd|in|recv|receive[ds]?|receiving|read|reading|got|resp|response|input|rcvd)
    )(?![A-Za-z0-9])
    | (?P<out_sign>>>>|[-=]+>|→|◇|发送|发|^\s*>\s*$|[ ]>[ ]?$)
    | (?P<in_sign><<<|<[-=]+|←|◆|接收|收|^\s*<\s*$|[ ]<[ ]?$)""",
    re.VERBOSE | re.IGNORECASE,
)


class Label(msgspec.Struct, frozen=True, gc=False):
    """A direction. ``lane``: "" = none is named. ``sender``: where a side is named."""

    lane: str = ""
    sender: Sender | None = None


NO_LABEL = Label()


@lru_cache(4_096)
def label_of(text: str) -> Label:
    """The direction that the text before some bytes names. A named way between two chips comes first, then arrows and
    words, then a chip alone, then the name of a port or channel."""
    named = NAMED.search(text)
    if named is not None:
        return _side(named.lastgroup in CONTROLLER)
    word = WORD.search(text)
    if word is not None:
        return Label(OUT if word["out"] or word["out_sign"] else IN)
    chip = CHIP.search(text)
    if chip is not None:
        return _side(chip.lastgroup in CONTROLLER)
    channel = CHANNEL.fullmatch(text)
    return NO_LABEL if channel is None else Label(channel["name"])


def _side(is_controller: bool) -> Label:
    return Label(OUT, "controller") if is_controller else Label(IN, "device")
