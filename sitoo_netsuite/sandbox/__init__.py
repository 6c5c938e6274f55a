"""Local servers that speak both APIs, over one made-up or replayed trade.

The proving ground for everything else, and a product of its own: what is UNKNOWN about the real APIs is switchable
here. Imported by nothing but the command line and tests; imports only `money` and `trading_day` of the package.
"""
