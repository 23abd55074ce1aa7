"""MQTT: codec and packets, and links over an external broker."""
