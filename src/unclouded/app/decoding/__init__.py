"""Recorded bytes -> frames and noise with their times, senders, answers and named values."""
