"""The disk that holds the data folder, as the API shows it."""

import msgspec

from unclouded.core.text.rough_time import RoughTime


class DiskView(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes. ``free``: for the hub; ``store``: of the history; ``percent``: in use, rounded down.

    ``growth_day``, ``store_growth_day``: bytes a day in the last seven days, of all files and of the history; None =
    they are known for less than a day. ``full_in``: at that rate; None = not known, or it does not grow.
    ``is_nearly_full``: there is an alert: 90 % were in use, and since then never less than 88 %.
    """

    size: int
    used: int
    free: int
    store: int
    percent: int
    is_nearly_full: bool
    growth_day: int | None
    store_growth_day: int | None
    full_in: RoughTime | None
