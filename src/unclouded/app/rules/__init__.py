"""Schedules and rules inside the hub: what drives the engine, and what replays stored history through it."""
