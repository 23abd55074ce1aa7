"""Prices, carbon intensities and other values that change with time and come from elsewhere."""
