select
    number,
    name,
    checksum,
    (select min(name) from ops.environment) as environment
from ops.schema_migrations
order by number
