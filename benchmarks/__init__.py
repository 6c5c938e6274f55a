"""How fast the main job is and how much memory it takes, on made-up trade: `make bench`."""
