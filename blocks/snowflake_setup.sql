-- What the pipeline needs on a Snowflake account, once: a role, a user that logs in with a key pair, a warehouse
-- that suspends itself, a database with its schemas and the stage. Safe to run again.
--
-- 1. Make a key pair; the private key stays where the pipeline runs:
--      openssl genrsa 2048 | openssl pkcs8 -topk8 -v2 aes256 -inform PEM -out rsa_key.p8
--      openssl rsa -in rsa_key.p8 -pubout -out rsa_key.pub
-- 2. Below, write the public key (without its first and last line and its line breaks) in place of PUBLIC_KEY.
-- 3. Run this as somebody who may use SYSADMIN and USERADMIN, in a worksheet or with `snow sql -f`.
--
-- Other names than these are fine: the blocks are written from SNOWFLAKE_ROLE, SNOWFLAKE_USER, SNOWFLAKE_WAREHOUSE
-- and SNOWFLAKE_DATABASE. For another environment, `python -m blocks.setup --env dev` prints this with names of its
-- own; then nothing granted there reaches production.

-- The roles. SYSADMIN stands above both, so that whoever administers the account sees what they own.
use role useradmin;

create role if not exists order_pipeline
comment = 'Loads orders, builds the models and keeps the ledger';

create role if not exists order_reader
comment = 'Reads what the pipeline built';

grant role order_pipeline to role sysadmin;

grant role order_reader to role sysadmin;

-- The warehouse: the smallest, asleep a minute after the last statement, and no statement longer than an hour.
use role sysadmin;

create warehouse if not exists ecommerce_wh
warehouse_size = 'XSMALL'
auto_suspend = 60
auto_resume = true
initially_suspended = true
statement_timeout_in_seconds = 3600
comment = 'Order monitoring';

create database if not exists ecommerce_db
comment = 'Order monitoring';

-- The pipeline may use the warehouse, and owns what it makes in this database. Nothing else.
grant usage on warehouse ecommerce_wh to role order_pipeline;

grant usage on database ecommerce_db to role order_pipeline;

-- Every run makes sure that its schemas are there, and Snowflake asks for this privilege even where they are.
grant create schema on database ecommerce_db to role order_pipeline;

-- The user: a service, so it has no password and cannot log in to the web interface.
use role useradmin;

create user if not exists order_pipeline
    type = service
    default_role = order_pipeline
    default_warehouse = ecommerce_wh
    default_namespace = ecommerce_db.raw
    default_secondary_roles = ()
    comment = 'Order monitoring';

-- An account may have other settings; dbt's unit tests write days and times as YYYY-MM-DD HH24:MI:SS.
alter user order_pipeline set timezone = 'UTC', date_input_format = 'AUTO', timestamp_input_format = 'AUTO';

alter user order_pipeline set rsa_public_key = 'PUBLIC_KEY';

grant role order_pipeline to user order_pipeline;

-- The schemas and the stage belong to the pipeline, as everything it makes in them.
use role order_pipeline;

create schema if not exists ecommerce_db.raw
comment = 'Landing: entities as they were staged, rejected rows';

create schema if not exists ecommerce_db.ops
comment = 'The pipeline''s own: manifest, locks, ledger';

create schema if not exists ecommerce_db.staging
comment = 'dbt: newest versions';

create schema if not exists ecommerce_db.marts
comment = 'dbt: orders and their KPIs';

create schema if not exists ecommerce_db.alerts
comment = 'dbt: breaches and orders at risk';

create stage if not exists ecommerce_db.raw.landing
    comment = 'Parquet files between PUT and COPY; empty between runs';

-- Readers see the marts and the alerts, now and later, and nothing that the pipeline works with.
grant usage on database ecommerce_db to role order_reader;

grant usage on schema ecommerce_db.marts to role order_reader;

grant usage on schema ecommerce_db.alerts to role order_reader;

use role sysadmin;

grant usage on warehouse ecommerce_wh to role order_reader;

-- Future grants need MANAGE GRANTS, which SECURITYADMIN has.
use role securityadmin;

grant select on all tables in schema ecommerce_db.marts to role order_reader;

grant select on future tables in schema ecommerce_db.marts to role order_reader;

grant select on all views in schema ecommerce_db.marts to role order_reader;

grant select on future views in schema ecommerce_db.marts to role order_reader;

grant select on all tables in schema ecommerce_db.alerts to role order_reader;

grant select on future tables in schema ecommerce_db.alerts to role order_reader;

grant select on all views in schema ecommerce_db.alerts to role order_reader;

grant select on future views in schema ecommerce_db.alerts to role order_reader;
