"""The checks of Meross plugs, and of hubs that plugs answer."""
