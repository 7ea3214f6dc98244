"""What a process of ours is made of: life signs, its connection to the broker, its port."""
