"""The line between Tuya's Zigbee modules and their MCU: its frames carry a sequence number. It is read, not spoken."""
