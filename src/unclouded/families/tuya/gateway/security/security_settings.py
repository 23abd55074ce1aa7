"""The security settings of a gateway: delays, sounds, sensors, and what differs between products.

Source: docs/protocols/tuya_gateway.md §2.12.
"""

from collections.abc import Mapping

import msgspec

from unclouded.families.tuya.gateway.security.sensors import AlarmSensor

LONGEST_DELAY_S = 600  # ours; the vendor's app offers up to 180


class SecuritySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``alarm_point`` …: data points of the gateway itself that other products number otherwise."""

    arming_delay_s: int = 0  # from the command to the armed mode, to leave
    alarm_delay_s: int = 0  # from a sensor to the alarm, to disarm
    sound: bool = True  # the gateway plays a sound for what changes
    chime: bool = False  # and for a sensor that is not an alarm in this mode
    cancel_disarms: bool = False  # a cancelled alarm ends the armed mode too
    mode_as_text: bool = True  # c0/02 names its mode as a text, as in the vendor's example
    alarm_point: int = 2  # a bool: false after a cancelled alarm
    text_point: int = 26  # what the alarm is
    state_point: int = 32  # the siren
    sensors: Mapping[str, AlarmSensor] = {}  # by product, or by sub-device: see sensors.py

    def __post_init__(self) -> None:
        """Raises ValueError, which msgspec reports with the place in the file."""
        for name in ("arming_delay_s", "alarm_delay_s"):
            value: int = getattr(self, name)
            if not 0 <= value <= LONGEST_DELAY_S:
                raise ValueError(f"{name} is 0 to {LONGEST_DELAY_S}, not {value}")
        points = (self.alarm_point, self.text_point, self.state_point)
        if not all(1 <= point <= 255 for point in points) or len(set(points)) < len(points):
            raise ValueError("alarm_point, text_point and state_point are three different numbers from 1 to 255")
