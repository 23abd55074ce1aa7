"""The hub as text: its configuration, devices, rules, and what was found and done."""
