"""The routes of the fleet's API, by subject."""
