"""What destinations and people tell us later: webhooks, unsubscribes."""
