"""What a shop's own files say: described in TOML, read in bounded pieces, made typed columns."""
