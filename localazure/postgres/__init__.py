"""The embedded Azure Database for PostgreSQL: real servers on private sockets behind a gateway that asks Entra."""
