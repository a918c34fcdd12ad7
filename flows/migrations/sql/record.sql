insert into ops.schema_migrations (number, name, checksum, applied_at)
select
    %(number)s as number,
    %(name)s as name,
    %(checksum)s as checksum,
    %(now)s as applied_at
where
    not exists (
        select 1
        from ops.schema_migrations
        where schema_migrations.number = %(number)s
    )
