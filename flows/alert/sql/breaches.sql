-- Open breaches, worst first, with whether the ledger knows them already.
select
    rule_id,
    severity,
    owner,
    order_id,
    customer_id,
    customer_name,
    product_id,
    product_name,
    carrier,
    country,
    shipping_tier,
    order_date,
    status,
    breaks_on as breached_on,
    days_elapsed,
    days_over,
    amount_at_stake,
    alert_state = 'new' as is_new
from {alerts}.sla_alerts
where alert_state in ('new', 'open', 'escalated', 'snoozed')
order by
    case severity when 'critical' then 0 when 'warning' then 1 else 2 end,
    days_over desc,
    amount_at_stake desc nulls last,
    order_id,
    rule_id
