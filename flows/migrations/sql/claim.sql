insert into ops.environment (name)
select %(environment)s as name
where not exists (select 1 from ops.environment)
