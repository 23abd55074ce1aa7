"""Rules as people write them: the keys of a [[rule]] table, times, time spans, conditions."""
