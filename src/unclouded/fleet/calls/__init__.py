"""Commands and questions to hubs.

    people ─► commands in the database ─► dispatcher ─► down.HUB.command ─► hub: journal, act, report
    people ─► HubQuestions ────────────────────────────► down.HUB.question ─► hub: its own API
    people ─► LiveLooks: one stream for all who look ◄── live.HUB

Source: docs/protocols/fleet.md §8, §9
"""
