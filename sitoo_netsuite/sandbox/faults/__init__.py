"""Faults the sandbox can plant (docs/faults.md), and the truth about them. Nothing that finds faults may look here."""
