"""The configuration of nats-server, its version, and what is known to be unsafe.

Source: docs/protocols/fleet.md §1, §10
"""
