insert into ops.replaced_days
(entity, batch_day, batch_id, replaced_at)
values (%s, %s, %s, %s)
