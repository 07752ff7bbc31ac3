"""What stands between the page and the network: who may come in, and what they may say."""
