"""A clinic to try the product on: people, rooms, hours and a day of visits."""
