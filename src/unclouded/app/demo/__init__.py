"""The demo: a simulated home with a past, on real links, and the real hub at the other end of them."""
