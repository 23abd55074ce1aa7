"""The console of an opened plug for a person: one command, on a device of a hub or straight on a link."""
