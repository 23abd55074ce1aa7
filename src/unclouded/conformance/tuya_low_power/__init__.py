"""The checks of a battery device's Tuya line."""
