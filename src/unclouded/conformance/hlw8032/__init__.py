"""The checks of a metering chip, which only sends: they listen."""
