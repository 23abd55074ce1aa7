"""What a device reported, on its way to facts: interpreted, checked, held, shown."""
