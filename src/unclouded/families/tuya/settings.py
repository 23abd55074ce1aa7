"""The [session] table of a tuya_wifi profile: the ordinary line's settings, and those of battery devices."""

from typing import Literal

from unclouded.families.tuya.wifi.module_settings import WifiSettings


class LineSettings(WifiSettings, frozen=True, forbid_unknown_fields=True):
    """Times in seconds. ``dialect``: "auto" listens, tries both, and remembers which it was."""

    dialect: Literal["auto", "normal", "low_power"] = "auto"
    wake_probe_s: float = 2.0  # ask a sleeping battery device that often whether it is awake; 0 = wait until it sends
    awake_s: float = 5.0  # of silence after which a battery device is asked whether it still is awake
