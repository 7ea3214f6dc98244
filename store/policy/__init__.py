"""The company's policy: its versions, and which is in force."""
