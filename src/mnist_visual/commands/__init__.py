"""What the commands of ``mnist-visual`` do, each in a module of its own."""
