"""The paths to a plug: which are trusted, whether it can be reached, and the requests on them."""
