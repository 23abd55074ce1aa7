"""The setup code of a bridge and the address in its QR code. Pure.

X-HM://0023B7XKPABCD    9 digits of base 36: category, flags and code; then the setup id
"""

from collections.abc import Callable

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
BRIDGE = 2  # the category
OVER_IP = 2  # the flag of accessories on the network
TRIVIAL = frozenset({*(str(digit) * 8 for digit in range(10)), "12345678", "87654321"})  # which controllers refuse


def new_setup_code(random_below: Callable[[int], int]) -> str:
    """``518-08-582``: eight digits that no one guesses."""
    while (digits := f"{random_below(10**8):08d}") in TRIVIAL:
        pass
    return f"{digits[:3]}-{digits[3:5]}-{digits[5:]}"


def new_setup_id(random_below: Callable[[int], int]) -> str:
    """Four random characters. ``random_below(n)``: a number from 0 up to, but without, ``n``."""
    return "".join(DIGITS[random_below(len(DIGITS))] for _ in range(4))


def setup_uri(code: str, setup_id: str) -> str:
    """What the QR code contains."""
    number = BRIDGE << 31 | OVER_IP << 27 | int(code.replace("-", ""))
    text = ""
    while number:
        number, digit = divmod(number, len(DIGITS))
        text = DIGITS[digit] + text
    return f"X-HM://{text.rjust(9, '0')}{setup_id}"
