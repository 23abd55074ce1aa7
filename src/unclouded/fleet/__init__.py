"""The server of a fleet: many homes on one NATS and PostgreSQL. Never imported by a hub.

Source: docs/protocols/fleet.md
"""
