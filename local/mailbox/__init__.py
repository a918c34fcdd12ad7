"""The local mailbox: an SMTP server that delivers to files."""
