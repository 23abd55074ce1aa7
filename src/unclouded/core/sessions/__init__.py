"""Sessions, the links that they talk over, and the one loop that drives them."""
