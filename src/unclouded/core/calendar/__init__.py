"""Local times, weekdays and holidays: dates as rules and tariffs name them."""
