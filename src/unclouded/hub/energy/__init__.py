"""The energy ledger: one lifetime total for each counter, and what a reading does to it."""
