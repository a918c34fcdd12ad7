"""The simulated shop: a pure function of (seed, day) to change partitions."""
