select distinct carrier
from ({open_alerts}) as open_alerts
where carrier is not null
order by carrier
