select count(*) as at_risk
from alerts.sla_at_risk
