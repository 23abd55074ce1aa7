"""The embedded MQTT broker that plugs connect to: server, TLS, certificates, limits; and the client of a plug."""
