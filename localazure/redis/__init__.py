"""The embedded Azure Managed Redis: real servers on private sockets behind a gateway that asks Entra."""
