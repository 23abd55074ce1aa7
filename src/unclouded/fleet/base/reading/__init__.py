"""What people read from the base: homes, their energy, their history."""
