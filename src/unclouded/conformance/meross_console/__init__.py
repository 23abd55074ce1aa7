"""The checks of the serial console of an opened Meross plug."""
