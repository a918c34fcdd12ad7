"""Loading many days at once: in this process on all cores, or as runs on workers."""
