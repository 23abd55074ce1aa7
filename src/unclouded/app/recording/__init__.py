"""Lines and captures: recorded, disturbed, replayed."""
