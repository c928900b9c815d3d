"""Message texts a clinic writes itself: how they are read and filled, kept in versions, and edited."""
