"""The database of a library, on SQLite or PostgreSQL: the tables, the queries, the migrations."""
