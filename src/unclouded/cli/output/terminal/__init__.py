"""What a terminal shows and keeps showing: width, colours, tables that are redrawn, progress."""
