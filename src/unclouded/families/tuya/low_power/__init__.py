"""The low-power dialect of battery devices: both ends."""
