"""What a recorded conversation shows: who answered what, when, and what is not as it should be."""
