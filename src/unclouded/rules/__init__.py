"""Schedules and rules: what the hub switches by itself, at which times and under which conditions. Pure.

    [[rule]] ─► text ─► Rule ─► engine: facts, now, wall time ─► commands, each with the reason in words
                                    calendar: local times, weekdays, holidays, sun

``now`` is monotonic seconds and measures how long something lasts; ``wall`` is Unix seconds and says when it is.
"""
