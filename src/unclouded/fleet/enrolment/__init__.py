"""How a hub joins a fleet, keeps its place in it, and is put out of it.

codes.py       codes of invitations: made here, kept as their digest only
enroller.py    a request to join becomes an id and a token, or a refusal; guesses are slowed down
routes.py      the same over HTTP: /api/enrol
renewal.py     the next token of a hub
revoking.py    the list of revoked keys: from the database to NATS

Source: docs/protocols/fleet.md §10
"""
