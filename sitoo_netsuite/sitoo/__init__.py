"""Sitoo's REST API: HTTP, pages and records. Knows Sitoo and nothing else of the package but `money`."""
