"""Who calls, and who we are: bearer tokens of people and the token of our own managed identity."""
