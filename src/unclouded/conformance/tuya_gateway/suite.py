"""The checks of a gateway's Tuya line."""

from unclouded.conformance.check import CheckSuite
from unclouded.conformance.tuya_gateway.gateway_mcu_role import GATEWAY_MCU_ROLE
from unclouded.conformance.tuya_gateway.gateway_module_role import GATEWAY_MODULE_ROLE

TUYA_GATEWAY = CheckSuite(
    name="tuya_gateway",
    title="Tuya gateways: the line between a gateway's module and its MCU with sub-devices",
    page="tuya_gateway",
    family="tuya_gateway",
    roles={"controller": GATEWAY_MCU_ROLE, "device": GATEWAY_MODULE_ROLE},
)
