"""What a simulated gateway is: its product, its sub-devices, and what is wrong with it.

Source: docs/protocols/tuya_gateway.md §2.1, §2.2; the faults are those of §5.
"""

from collections.abc import Mapping

import msgspec

from unclouded.families.tuya.gateway.wire.start_messages import (
    LOCAL_GROUPS,
    MCU_UPDATE,
    MEMBER_COMMANDS,
    WorkingMode,
)
from unclouded.families.tuya.update.receiver import UPDATE_FAULTS

CAPABILITIES = 1 << LOCAL_GROUPS | 1 << MCU_UPDATE | 1 << MEMBER_COMMANDS  # it has no data points of its own

FAULTS: Mapping[str, str] = {
    "sends-nothing": "It sends nothing at all.",
    "omits-acks": "It leaves out every third acknowledgement.",
    "reports-no-product": "It does not report its product id.",
    "sends-invalid-json": "Its JSON has typographic quotes, and a comma before the closing brace.",
    "sends-wide-enums": "It sends enums in four bytes.",
    "reports-heartbeat-time": "It reports a heartbeat time, as MCUs up to 1.1.4 do.",
    "handles-one-point-per-frame": "It understands one data point in a frame, and sends one.",
    "polls-network": "It asks for the network status by an empty 03, every ten seconds.",
    "ignores-mode-query": "It does not answer the question for the working mode.",
    "ignores-queries": "It answers neither the query for all values nor that for some.",
    "answers-slowly": "It takes a quarter of a second for each answer.",
    "restarts": "It starts again every minute.",
    "learns-nothing": "It never receives an infrared code that it is to learn.",
    "reports-unknown-sub-device": "It reports for a sub-device that never joined.",
    "sends-in-bursts": "It holds reports back, and sends them all at once every five seconds.",
    "loses-sub-device": "Every ten minutes its first sub-device goes offline or comes back.",
    **UPDATE_FAULTS,
}


class SimulatedSubDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A sub-device that can join. ``low_power``: it has a battery and sleeps. ``updatable``: by 1f and 20.

    ``repeated``: points that are reported each time they are measured, changed or not.
    """

    id: str
    product: str
    version: str = "1.0.0"
    low_power: bool = False
    updatable: bool = False
    repeated: frozenset[str] = frozenset()
    channel: int = 10


class GatewayOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the simulated gateway is. ``joined``: its sub-devices have joined before.

    ``report_gap_s``: between two reports. ``most_reported``: bytes of data in one.
    """

    product: str = "uncloudedgateway"
    firmware: str = "1.0.0"
    capabilities: int = CAPABILITIES
    mode: WorkingMode = WorkingMode()
    security: bool = False
    new_alarms: bool = True
    sub_devices: tuple[SimulatedSubDevice, ...] = ()
    joined: bool = False
    report_gap_s: float = 0.1  # docs/protocols/tuya_gateway.md §1.7.3
    most_reported: int = 256  # docs/protocols/tuya_gateway.md §1.7.2
    faults: frozenset[str] = frozenset()
