"""Takes over what hubs send: one transaction, then the answer.

Source: docs/protocols/fleet.md §2, §5, §6
"""
