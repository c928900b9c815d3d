"""Rows of this domain."""
