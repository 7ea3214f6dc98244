"""How providers' later words reach us, and what they change."""
