"""Judging promises and telling people: the ledger, the digest, the channels."""
