"""Plan -> outbox -> NetSuite -> read back: each document exactly once."""
