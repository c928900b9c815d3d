"""Sutra on one machine: embedded Postgres and Valkey, and the supervisor behind `make run`.

Nothing here imports the application, and nothing beyond the standard library.
"""
