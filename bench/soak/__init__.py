"""Mixed load on the local harness, with faults: `make soak`; docs/reliability.md has a result."""
