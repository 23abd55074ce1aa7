"""The energy of a plug: of its days and hours, and what its power adds up to."""
