"""Takes what hubs send into the database, and answers once it is committed.

    up.SHARD.HUB  (queue group) ─► Ingester: batches, one transaction each ─► answer after COMMIT
    hello.HUB     (queue group) ─► Greeter: comparison of days, renewal of tokens ─► welcome

Stateless: any number of processes does it, and one that ends loses only answers, which hubs ask for again.
Source: docs/protocols/fleet.md §1 to §7
"""
