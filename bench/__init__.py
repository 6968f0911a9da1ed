"""Benchmarks: figures and ratios measured in one run (`python -m bench --help`, docs/benchmarks.md)."""
