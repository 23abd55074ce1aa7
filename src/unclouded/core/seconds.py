"""The types of the times in [session] tables: no device can be asked all the time, or before now."""

from typing import Annotated

import msgspec

LEAST_PERIOD_S = 0.1  # between two requests of one kind; ours

Delay = Annotated[float, msgspec.Meta(ge=0)]  # s; 0 = none
TimeLimit = Annotated[float, msgspec.Meta(ge=0.01)]  # s, to wait for something
Period = Annotated[float, msgspec.Meta(ge=LEAST_PERIOD_S)]  # s, from one request to the next


def check_optional_periods(**periods_s: float) -> None:
    """Each is 0, for never, or long enough. Raises ValueError, which names the first that is not."""
    for name, period_s in periods_s.items():
        if period_s and not period_s >= LEAST_PERIOD_S:
            raise ValueError(f"{name} is 0 or at least {LEAST_PERIOD_S:g}, not {period_s:g}")
