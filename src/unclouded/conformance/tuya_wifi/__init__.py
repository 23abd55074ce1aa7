"""The checks of the ordinary Tuya line, between a Wi-Fi module and its MCU."""
