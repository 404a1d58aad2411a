"""Mixed load on the local harness, with faults: `make soak` writes docs/reliability.md."""
