"""The checks of the line between a Vue Utility Connect's controller and its radio."""
