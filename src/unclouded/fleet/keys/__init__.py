"""Keys and tokens of a fleet, pure: who may do what at NATS.

    operator ── signs ──► its signing key ── signs ──► account "homes", account "system"
                                                         │ scoped signing keys, one for each role
                                                         ├ role hub    signs ──► token of a hub, 90 days
                                                         └ role fleet  signs ──► token of `unclouded fleet serve`

tokens.py      JWTs signed with Ed25519 ("ed25519-nkey"): writing, reading, verifying
roles.py       the permissions of each role; which inboxes are a hub's own
accounts.py    the tokens of the operator and of the accounts, with the list of revocations
issuer.py      the tokens of hubs and of the fleet's own processes

Source: docs/protocols/fleet.md §1, §10
"""
