"""Checks of a plug; we play its controller."""
