-- One event for each open alert that is meant, and that the answer changes.
insert into ops.alert_events
(order_id, rule_id, event, as_of, recorded_at, snoozed_until, actor, note)
select
    order_id,
    rule_id,
    %(event)s as event,
    %(as_of)s as as_of,
    %(now)s as recorded_at,
    %(until)s as snoozed_until,
    %(actor)s as actor,
    %(note)s as note
from ({open_alerts}) as open_alerts
where
    (%(event)s = 'acknowledged' and acknowledged_on is null)
    or (%(event)s = 'snoozed' and coalesce(snoozed_until != %(until)s, true))
    or (%(event)s = 'unsnoozed' and snoozed_until >= %(as_of)s)
