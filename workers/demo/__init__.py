"""One day of an office, played through the public doors and checked against the sandbox."""
