"""Prices, carbon intensities and other values that change by the time and come from elsewhere."""
