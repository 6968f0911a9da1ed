"""Scenarios: a clock, ordered steps and what they must come to (SEMANTICS §9)."""
