"""Keeps a retailer's tills (Sitoo POS) and its books (Oracle NetSuite) in step."""
