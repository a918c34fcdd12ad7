update ops.build_lock
set builder = %s
