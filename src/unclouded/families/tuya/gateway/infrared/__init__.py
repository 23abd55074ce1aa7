"""Infrared codes: their durations, forms as text, the protocols of remote controls, and packets on the line."""
