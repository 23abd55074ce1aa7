"""The commands of the low-power dialect by number. Source: docs/protocols/tuya_low_power.md §3."""

PRODUCT = 0x01
STATUS = 0x02
RESET = 0x03
RESET_MODE = 0x04
REPORT = 0x05
TIME = 0x06
TEST = 0x07
RECORD = 0x08
SET = 0x09
MODULE_UPDATE = 0x0A
SIGNAL = 0x0B
UPDATE = 0x0C
UPDATE_SIZE, UPDATE_BLOCK = 0x0D, 0x0E
CACHE = 0x10
