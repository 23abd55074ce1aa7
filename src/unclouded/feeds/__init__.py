"""What servers and brokers send of prices, carbon intensities and the like -> intervals. Pure: no clock, no network."""
