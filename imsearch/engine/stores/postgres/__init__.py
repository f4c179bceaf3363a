"""The home in a PostgreSQL database, which several machines may share."""
