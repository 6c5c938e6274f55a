"""The flows. Each folder holds one: its pure logic in plainly named modules, and thin Dagster around it."""
