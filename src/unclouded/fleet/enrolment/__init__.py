"""One-time codes, joining, renewal and revocation of tokens.

Source: docs/protocols/fleet.md §10
"""
