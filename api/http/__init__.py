"""The HTTP API: thin routes over `api.operations` and `api.reads`."""
