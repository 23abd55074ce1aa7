"""A private nats-server and PostgreSQL on this computer, for tests and the demo.

Source: docs/protocols/fleet.md §1
"""
