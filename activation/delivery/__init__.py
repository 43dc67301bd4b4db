"""Plan, claim, render, pace, send, record."""
