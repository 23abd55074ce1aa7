"""The suite of the ordinary Tuya line."""

from unclouded.conformance.check import CheckSuite
from unclouded.conformance.tuya_wifi.mcu_role import MCU_ROLE
from unclouded.conformance.tuya_wifi.module_role import MODULE_ROLE

TUYA_WIFI = CheckSuite(
    name="tuya_wifi",
    title="Tuya Wi-Fi: the line between a Wi-Fi module and its MCU",
    page="tuya_wifi",
    family="tuya_wifi",
    dialect="normal",
    roles={"controller": MCU_ROLE, "device": MODULE_ROLE},
)
