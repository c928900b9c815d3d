"""How fast it is, beside what it stands on."""
