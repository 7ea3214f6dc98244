"""Who gets what, when and how: pure functions without I/O."""
