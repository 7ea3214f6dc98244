"""What the office has in hand: items of post, notes, letters."""
