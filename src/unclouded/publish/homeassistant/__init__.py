"""The devices of the hub in Home Assistant, by its MQTT discovery. docs/home-assistant.md.

quantities    which class, unit and statistics each point has         components    one entity for each point
discovery     the messages that announce devices
"""
