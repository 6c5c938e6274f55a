"""Sitoo's event notifications: what it tells us of by itself, so that we need not wait for the next look.

Belongs here: receiving them (`receiver`) and keeping them (`landing`). Does not belong here: what is done about them:
an event is a reason to look, and what is looked at is read from Sitoo itself. Without events the same is found, later.

Source: reference sitoo-api, section 1.9.
"""
