-- The worst open breaches, for those who look at a run.
select
    order_id,
    rule_id,
    days_elapsed,
    days_over,
    status,
    carrier,
    coalesce(customer_name, customer_id) as customer,
    amount_at_stake,
    alert_state
from {alerts}.sla_alerts
where alert_state in ('new', 'open', 'escalated', 'acknowledged', 'snoozed')
order by
    case severity when 'critical' then 0 when 'warning' then 1 else 2 end,
    days_over desc,
    amount_at_stake desc nulls last,
    order_id,
    rule_id
limit 20
