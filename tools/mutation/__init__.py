"""How well the tests notice that a rule of the source was broken: ``python3 dev.py mutate``."""
