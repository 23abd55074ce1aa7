"""Frames, inputs, recordings and firmware as text: what decode, record, disturb and firmware print."""
