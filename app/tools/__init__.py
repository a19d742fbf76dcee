"""The tools that models call: what the routes do, for a model that acts for a person."""
