-- The as-of days the alert mart was built for.
select as_of
from alerts.sla_breaches
where as_of != %(as_of)s
union distinct
select as_of
from alerts.sla_at_risk
where as_of != %(as_of)s
