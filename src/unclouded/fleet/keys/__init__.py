"""Ed25519 keys and tokens (user JWTs) as NATS reads them. Pure.

Source: docs/protocols/fleet.md §10
"""
