update ops.load_lock
set batch_id = %s
