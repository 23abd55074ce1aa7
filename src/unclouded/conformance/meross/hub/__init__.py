"""Checks of a hub that plugs answer; we play the plug."""
