"""MQTT: codec and packets; the client side: links over an external broker, and the client of a simulated plug."""
