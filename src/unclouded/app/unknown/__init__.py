"""Devices that no profile describes: their family, their product, their data points."""
