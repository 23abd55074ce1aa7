"""What the home and its devices draw: sorted by power, all the time, and unlike before."""
