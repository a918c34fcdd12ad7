select count(*) as alerts
from ({open_alerts}) as open_alerts
