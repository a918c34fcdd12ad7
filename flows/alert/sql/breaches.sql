-- Open breaches, worst first, with whether the ledger knows them already.
select
    breaches.rule_id,
    breaches.severity,
    breaches.order_id,
    breaches.customer_id,
    breaches.customer_name,
    breaches.product_id,
    breaches.product_name,
    breaches.carrier,
    breaches.country,
    breaches.shipping_tier,
    breaches.order_date,
    breaches.status,
    breaches.breached_on,
    breaches.days_elapsed,
    breaches.days_over,
    breaches.amount_at_stake,
    states.order_id is null as is_new
from alerts.sla_breaches as breaches
left join ops.alert_states as states
    on
        breaches.order_id = states.order_id
        and breaches.rule_id = states.rule_id
        and states.event = 'opened'
        and states.since <= %(as_of)s
        and coalesce(states.superseded_on > %(as_of)s, true)
order by
    breaches.days_over desc,
    breaches.amount_at_stake desc nulls last,
    breaches.order_id,
    breaches.rule_id
