insert into ops.load_manifest
(entity, batch_day, batch_id, row_count, content_hash, origin, loaded_at)
values (%s, %s, %s, %s, %s, %s, %s)
