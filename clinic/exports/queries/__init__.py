"""Reading what is taken out: whole lists in batches, and everything about one patient."""
