"""Finding papers."""
