"""The suite of a battery device's line."""

from unclouded.conformance.check import CheckSuite
from unclouded.conformance.tuya_low_power.low_mcu_role import LOW_MCU_ROLE
from unclouded.conformance.tuya_low_power.low_module_role import LOW_MODULE_ROLE

TUYA_LOW_POWER = CheckSuite(
    name="tuya_low_power",
    title="Tuya low power: the line between a module and the MCU of a battery device",
    page="tuya_low_power",
    family="tuya_wifi",
    dialect="low_power",
    roles={"controller": LOW_MCU_ROLE, "device": LOW_MODULE_ROLE},
)
