"""The tables of the shipped catalogue, read once for all tests of a process."""

from unclouded.profiles.catalogue import Catalogue

TABLES = list(Catalogue().tables())
