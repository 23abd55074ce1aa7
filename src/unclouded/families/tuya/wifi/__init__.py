"""The dialect of mains appliances: both ends."""
