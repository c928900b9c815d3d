"""What patients do for themselves, on a phone."""
