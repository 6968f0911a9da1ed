SELECT name, hash FROM schema_migrations ORDER BY name
