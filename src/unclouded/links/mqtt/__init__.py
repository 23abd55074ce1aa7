"""MQTT as a client: codec, packets, links over somebody's broker, a simulated plug's client."""
