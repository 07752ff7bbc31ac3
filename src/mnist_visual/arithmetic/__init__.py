"""The arithmetic of a network in plain NumPy: what each value is made of, and from where."""
