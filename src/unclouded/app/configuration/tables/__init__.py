"""The tables of a configuration file as types."""
