"""Customers: who shops in Sitoo, brought to NetSuite's customer master. Nothing of them is ever changed in NetSuite."""
