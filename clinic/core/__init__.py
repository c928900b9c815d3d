"""What every domain stands on: the database, the clock, the web, the queue."""
