"""The MCU's end of a gateway's line: a simulated gateway with its sub-devices."""
