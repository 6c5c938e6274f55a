"""The catalogue: NetSuite's items and prices at Sitoo's tills, one way, and what was sold at another price."""
