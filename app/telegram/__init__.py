"""The bot in Telegram: what comes in by its webhook, what goes out by its API."""
