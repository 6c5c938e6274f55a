"""NetSuite's items: which SKUs exist there."""
