"""What changes a store: one file an operation, each a function that takes the store first."""
