"""The line between the module and the MCU of a gateway with sub-devices. Source: docs/protocols/tuya_gateway.md."""
