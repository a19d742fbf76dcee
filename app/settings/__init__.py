"""The environment as frozen settings, a class per role; every problem at once."""
