-- Open alerts, worst first.
select
    order_id,
    rule_id,
    state,
    opened_on,
    days_over,
    severity,
    status,
    carrier,
    country,
    last_told_on,
    acknowledged_by,
    snoozed_until
from ({open_alerts}) as open_alerts
order by
    case severity when 'critical' then 0 when 'warning' then 1 else 2 end,
    days_over desc nulls last,
    order_id,
    rule_id
