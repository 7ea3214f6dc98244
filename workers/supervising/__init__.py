"""How is a full installation kept running on one machine? By a supervisor over its processes."""
