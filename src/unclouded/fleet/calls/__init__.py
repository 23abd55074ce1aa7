"""Commands and questions to hubs.

Source: docs/protocols/fleet.md §8, §9
"""
