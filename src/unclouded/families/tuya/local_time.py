"""Which moment a device means by a time of its own, which is local: summer time begins and ends between them.

    10-25 02:30 ──► 00:30 UTC (summer) or 01:30 UTC (winter): the later one, unless it is yet to come
    03-29 02:30 ──► 01:30 UTC: that hour there is not; the clock of the device was not put forward

Source: records of docs/protocols/tuya_wifi.md §2.5.5 and docs/protocols/tuya_low_power.md §3.8, which have no zone.
"""

from unclouded.core.sessions.session import LocalTime

AHEAD_S = 600.0  # s that the clock of a device may be fast


def moment_of(local: float, known: LocalTime) -> float:
    """Unix seconds of a local time, read as if it were GMT."""
    spans = known.changes or ((0.0, known.offset_s),)
    begun: list[float] = []  # in the spans that began before it
    fits: list[float] = []  # and of these had not ended
    for number, (begin, offset_s) in enumerate(spans):
        at = local - offset_s
        if number and at < begin:
            continue
        begun.append(at)
        if number + 1 == len(spans) or at < spans[number + 1][0]:
            fits.append(at)
    past = [at for at in fits if at <= known.unix + AHEAD_S]
    return (past or fits[:1] or begun)[-1]
