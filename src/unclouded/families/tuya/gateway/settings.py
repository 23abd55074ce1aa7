"""The [session] table of a tuya_gateway profile."""

import re

import msgspec

from unclouded.core.seconds import Delay, Period, TimeLimit, check_optional_periods
from unclouded.families.tuya.gateway.security.security_settings import SecuritySettings
from unclouded.families.tuya.line.framing import GAP

LONGEST_PERMIT_S = 3600  # that sub-devices may join; ours
MAC = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")


class GatewaySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Times in seconds."""

    answer_timeout_s: TimeLimit = 1.0  # before a request is sent again
    tries: int = 5  # how often a request is sent
    minimum_gap_s: Delay = 0.01  # between any two frames
    frame_gap_s: TimeLimit = GAP  # of silence inside a frame; serial servers pause
    silence_s: Delay = 60.0  # after which the MCU is asked whether it is there; 0 = never
    command_repeat_s: Period = 2.0  # until a command is sent again that no report confirms
    command_timeout_s: TimeLimit = 20.0
    one_point_per_frame: bool = False  # the MCU understands one data point in a frame
    heartbeat_s: Period = 180.0  # the period in which each sub-device is asked
    heartbeat_resend_s: Delay = 0.0  # until a question without an answer is sent again; 0 = in the next period
    heartbeat_misses: int = 2  # questions without an answer after which a sub-device is offline
    resync_s: Delay = 3600.0  # ask for all values that often, for reports that were lost; 0 = never
    permit_s: int = 100  # that sub-devices may join, where no time is given
    most_sub_devices: int = 0  # that may join; 0 = 128, or 64 of a security gateway
    zoned_time_is_local: bool = False  # 33/03 carries the local time instead of GMT
    weather_status_byte: bool = True  # 33/01 has a status before its names
    infrared_offset_in_bytes: bool = False  # the offset of 30 counts bytes instead of durations
    security: SecuritySettings = SecuritySettings()
    mac: str = ""  # the answer when the MCU asks for it, 02:…; "" = an address of the hub's own making

    def __post_init__(self) -> None:
        """Raises ValueError, which msgspec reports with the place in the file."""
        if self.mac and not MAC.fullmatch(self.mac):
            raise ValueError(f"mac is {self.mac!r}; write 02:00:00:00:00:01")
        check_optional_periods(
            silence_s=self.silence_s, heartbeat_resend_s=self.heartbeat_resend_s, resync_s=self.resync_s
        )
        positive = {"tries": self.tries, "heartbeat_misses": self.heartbeat_misses}
        for name, value in positive.items():
            if not value > 0:
                raise ValueError(f"{name} is more than 0, not {value}")
        if not 0 < self.permit_s <= LONGEST_PERMIT_S:
            raise ValueError(f"permit_s is 1 to {LONGEST_PERMIT_S}, not {self.permit_s}")
        if not 0 <= self.heartbeat_resend_s < self.heartbeat_s:
            raise ValueError("heartbeat_resend_s is 0, or shorter than heartbeat_s")
