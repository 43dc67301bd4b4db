"""The demo shop: people with known habits and a known true effect of messages."""
