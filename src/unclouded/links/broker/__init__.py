"""The embedded MQTT broker that plugs connect to: server, TLS, certificates, limits."""
