"""Proposes a profile for an unknown MCU from its data points."""
