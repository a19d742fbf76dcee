"""What an operator runs, one module per command. `ops.setup` and what it imports need no installed package."""
