"""Local times, weekdays, holidays and the sun: when something is due."""
