-- One load, which wrote all its rows at once; a later one of the same days keeps its own.
delete from ops.replaced_days
where
    entity = %s
    and batch_id = %s
    and replaced_at = %s
