"""Bringing in a clinic's own lists: files read, looked over by a person, taken in whole, and taken back."""
