"""What people may ask of us, and what the law asks for them: copies, erasure, an end."""
