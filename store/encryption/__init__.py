"""How personal values are sealed, under which keys, and what no worker can open."""
