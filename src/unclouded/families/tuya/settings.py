"""The [session] table of a tuya_wifi profile: the ordinary line's settings, and those of battery devices."""

from typing import Literal

from unclouded.core.seconds import Delay, Period, check_optional_periods
from unclouded.families.tuya.wifi.module.settings import WifiSettings


class LineSettings(WifiSettings, frozen=True, forbid_unknown_fields=True):
    """Times in seconds. ``dialect``: "auto" listens, tries both, and remembers which it was."""

    dialect: Literal["auto", "normal", "low_power"] = "auto"
    wake_probe_s: Delay = 2.0  # ask a sleeping battery device that often whether it is awake; 0 = wait until it sends
    awake_s: Period = 5.0  # of silence after which a battery device is asked whether it still is awake

    def __post_init__(self) -> None:
        """Raises ValueError, which msgspec reports with the place in the file."""
        super().__post_init__()
        check_optional_periods(wake_probe_s=self.wake_probe_s)
