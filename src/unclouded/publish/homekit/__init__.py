"""The hub as a HomeKit bridge: its devices are accessories of Apple Home. Needs HAP-python (extra ``homekit``)."""
