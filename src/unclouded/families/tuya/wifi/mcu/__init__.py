"""The MCU's end of the ordinary line."""
