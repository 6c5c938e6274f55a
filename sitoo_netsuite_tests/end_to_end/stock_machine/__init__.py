"""The state machine of stock: sales, movements and counts on both sides, in bad weather, until both agree."""
