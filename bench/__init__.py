"""How fast is Onward on one machine, and what does it need for it? ``python -m bench`` measures."""
