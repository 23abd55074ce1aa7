"""The HTTP API of a fleet: homes, history, energy, commands, persons, audit.

Source: docs/protocols/fleet.md §9, §10
"""
