"""Taking data out: lists as files, and everything that is kept of one patient."""
