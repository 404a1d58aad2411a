"""Measures the function: `make bench` prints the tables of docs/performance.md."""
