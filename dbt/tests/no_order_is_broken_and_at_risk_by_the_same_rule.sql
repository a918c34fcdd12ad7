select
    breaches.order_id,
    breaches.rule_id
from {{ ref('sla_breaches') }} as breaches
inner join {{ ref('sla_at_risk') }} as at_risk
    on
        breaches.order_id = at_risk.order_id
        and breaches.rule_id = at_risk.rule_id
