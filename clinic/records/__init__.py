"""Papers: files that belong to a patient's record, and what shows that a printed copy is true."""
