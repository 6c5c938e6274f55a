"""What the command line does, one module a command or a few; `cli.py` only parses and prints."""
