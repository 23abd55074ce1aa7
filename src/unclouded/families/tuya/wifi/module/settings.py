"""The settings of the ordinary line, and how a notice to the MCU is sent by them."""

import re
from typing import Annotated

import msgspec

from unclouded.core.seconds import Delay, Period, TimeLimit, check_optional_periods
from unclouded.core.sessions.session import Network
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.framing import GAP
from unclouded.families.tuya.line.request_queue import Request, request_of
from unclouded.families.tuya.messages import frame_of
from unclouded.families.tuya.wifi.commands import WIFI

MAC = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")
SMALLEST_BUFFER = 15  # bytes of a frame with one number
NOTICE = "notice"  # a request

_Tries = Annotated[int, msgspec.Meta(ge=1)]
_PointId = Annotated[int, msgspec.Meta(ge=0, le=255)]


class WifiSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The [session] table of a tuya_wifi profile. Times in seconds."""

    answer_timeout_s: TimeLimit = 1.0  # before a request is sent again
    tries: _Tries = 5  # how often each step of the start is asked before it is reported as stuck
    heartbeat_s: Period = 15.0
    command_timeout_s: TimeLimit = 5.0
    minimum_gap_s: Delay = 0.01  # between any two frames
    frame_gap_s: TimeLimit = GAP  # of silence inside a frame; serial servers pause
    poll_s: Delay = 0.0  # ask for all values that often; 0 = the device reports by itself
    push_time_s: Delay = 0.0  # send the local time unasked that often, for clocks that drift; 0 = never
    time_notice_s: float = 3600.0  # send the time that often to an MCU that switched notices on (34 01)
    weather_s: float = 1800.0  # send the weather that often to an MCU that asked for it
    echo_s: Delay = 0.0  # after a command, hold back values on the way to the commanded one for so long
    ignore: tuple[_PointId, ...] = ()  # data points whose reports are dropped
    status_first: tuple[int, ...] = (Network.ROUTER.value,)  # network states sent in the start before the real one
    mcu_buffer: int = 0  # bytes that the MCU can take in one frame; 0 = as it reports itself, or as it turns out
    mac: str = ""  # the answer when the MCU asks for it, 02:…; "" = an address of the hub's own making

    def __post_init__(self) -> None:
        """Raises ValueError, which msgspec reports with the place in the file."""
        if self.mac and not MAC.fullmatch(self.mac):
            raise ValueError(f"mac is {self.mac!r}; write 02:00:00:00:00:01")
        if not set(self.status_first) <= {status.value for status in Network}:
            raise ValueError("status_first holds network states, 0 to 6")
        if self.mcu_buffer and self.mcu_buffer < SMALLEST_BUFFER:
            raise ValueError(f"mcu_buffer is 0 or at least {SMALLEST_BUFFER}, room for one number")
        if min(self.time_notice_s, self.weather_s) < 1:
            raise ValueError("time_notice_s and weather_s are at least 1")
        check_optional_periods(poll_s=self.poll_s, push_time_s=self.push_time_s)


def notice(settings: WifiSettings, message: Message) -> Request:
    """What the module sends unasked, and again where the MCU does not acknowledge it."""
    frame = frame_of(message)
    spec = WIFI.spec(frame.command, WIFI.sub_of(frame.command, frame.payload))
    return request_of(spec, bytes(frame), NOTICE, timeout_s=settings.answer_timeout_s, tries=settings.tries)
