"""What people may ask about what is held of them, and what became of it."""
