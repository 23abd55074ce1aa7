"""The hub on an MQTT broker of the user: states, availability and events out, commands in. docs/mqtt.md.

topics, payloads   names and contents, pure               outbox, journal   what must arrive, over restarts
image              what is to be published, pure          session           the client's protocol, pure
commands           /set, /get and /do to the hub          connection        one connection of it
retained           what an earlier run left behind        publisher         joins them; connects again
"""
