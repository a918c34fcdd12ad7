with

owner as (

    select min(environment.name) as name
    from ops.environment as environment

)

select
    schema_migrations.number,
    schema_migrations.name,
    schema_migrations.checksum,
    owner.name as environment
from ops.schema_migrations as schema_migrations
cross join owner
order by schema_migrations.number
