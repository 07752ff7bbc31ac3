"""Several processes behind one port: `front` listens, and each `worker` answers."""
