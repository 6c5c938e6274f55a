"""Cases: every exception with its kind, owner, money at stake and what to do about it."""
