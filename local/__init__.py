"""Stand-ins for what you would otherwise rent: the warehouse and the mailbox.

Both listen on the loopback interface only and keep everything they know below
`flows.paths.data_dir()`. Nothing outside this package knows that they exist.
"""
