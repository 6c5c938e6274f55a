"""Proof that tests can fail: what is broken on purpose (`catalogue`), and the run that sees each test catch it."""
