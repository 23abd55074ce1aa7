"""The protocol of hub and fleet, pure: messages, contents of windows, and the hub's end of the conversation.

Source: docs/protocols/fleet.md
"""
