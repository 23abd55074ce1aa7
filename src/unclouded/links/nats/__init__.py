"""A client of NATS: core messages only, at most once. What it is for: docs/protocols/fleet.md §1.

wire        bytes of the protocol, pure                connection  one connection, from the dial to its end
client      connects again: what the others use

It is written here, not taken from a library: nats-py takes 11 MB of an idle hub, begins TLS only where the server asks
for it, so that one in between could prevent it, and has no bound on what a server may make it keep.
"""
