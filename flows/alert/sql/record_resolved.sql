insert into ops.alert_events
(order_id, rule_id, event, as_of, digest_id, recorded_at)
select
    states.order_id,
    states.rule_id,
    'resolved' as event,
    %(as_of)s as as_of,
    %(digest_id)s as digest_id,
    %(now)s as recorded_at
from ops.alert_states as states
left join alerts.sla_breaches as breaches
    on
        states.order_id = breaches.order_id
        and states.rule_id = breaches.rule_id
where
    states.event = 'opened'
    and states.since <= %(as_of)s
    and coalesce(states.superseded_on > %(as_of)s, true)
    and breaches.order_id is null
