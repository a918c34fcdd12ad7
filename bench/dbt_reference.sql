-- The tables of the dbt project's staging, marts and alerts, made anew by one script for DuckDB.
-- Needs the variables `as_of`, the day whose end it stands at, and `rules`, the path of sla_rules.csv.

create schema reference;

create table reference.stg_customers as
select
    customer_id,
    name as customer_name,
    email,
    city,
    country,
    segment,
    created_at,
    _batch_day as changed_on
from raw.customers
where _batch_day <= getvariable('as_of')
qualify
    row_number() over (
        partition by customer_id
        order by
            _batch_day desc,
            created_at desc nulls last,
            name desc nulls last,
            email desc nulls last,
            city desc nulls last,
            country desc nulls last,
            segment desc nulls last
    ) = 1;

create table reference.stg_products as
select
    product_id,
    name as product_name,
    category,
    unit_price as list_price,
    weight_kg,
    _batch_day as changed_on
from raw.products
where _batch_day <= getvariable('as_of')
qualify
    row_number() over (
        partition by product_id
        order by
            _batch_day desc,
            name desc nulls last,
            category desc nulls last,
            unit_price desc nulls last,
            weight_kg desc nulls last
    ) = 1;

create table reference.stg_orders as
select
    order_id,
    customer_id,
    product_id,
    lower(trim(status)) as status,
    lower(trim(shipping_tier)) as shipping_tier,
    quantity,
    unit_price,
    order_date as ordered_at,
    delivery_date as delivered_at,
    promised_date,
    updated_at,
    _batch_day as changed_on
from raw.orders
where _batch_day <= getvariable('as_of')
qualify
    row_number() over (
        partition by order_id
        order by
            updated_at desc nulls last,
            _batch_day desc,
            delivery_date desc nulls last,
            lower(trim(raw.orders.status)) desc,
            order_date desc,
            customer_id desc,
            product_id desc,
            quantity desc nulls last,
            unit_price desc nulls last,
            lower(trim(raw.orders.shipping_tier)) desc nulls last,
            promised_date desc nulls last
    ) = 1;

create table reference.stg_deliveries as
select
    delivery_id,
    order_id,
    carrier,
    region,
    lower(trim(status)) as delivery_status,
    shipped_at,
    promised_at,
    delivered_at,
    _batch_day as changed_on
from raw.deliveries
where _batch_day <= getvariable('as_of')
qualify
    row_number() over (
        partition by delivery_id
        order by
            _batch_day desc,
            delivered_at desc nulls last,
            shipped_at desc nulls last,
            lower(trim(status)) desc nulls last,
            carrier desc nulls last,
            region desc nulls last,
            promised_at desc nulls last,
            order_id desc
    ) = 1;

create temp table sla_rules as
select
    trim(rule_id) as rule_id,
    lower(trim(clock_start)) as clock_start,
    lower(trim(clock_stop)) as clock_stop,
    try_cast(trim(threshold) as integer) as threshold,
    lower(trim(unit)) as unit,
    coalesce(try_cast(trim(at_risk_before) as integer), 0) as at_risk_before,
    lower(trim(severity)) as severity,
    trim(owner) as owner,
    lower(nullif(trim(tier), '')) as shipping_tier,
    nullif(trim(country), '') as country,
    nullif(trim(carrier), '') as carrier,
    nullif(trim(segment), '') as segment,
    coalesce(try_cast(trim(valid_from) as date), date '1900-01-01') as valid_from,
    coalesce(try_cast(trim(valid_to) as date), date '9999-12-31') as valid_to
from read_csv(getvariable('rules'), all_varchar = true);

create table reference.fct_orders as
with attempts as (
    -- the newest attempt tells where the parcel is, the first one when it left
    select
        order_id,
        arg_max(
            {'carrier': carrier, 'region': region},
            (coalesce(shipped, timestamp '-infinity'), changed_on, delivery_id)
        ) as newest,
        min(shipped) as shipped_at,
        min(cast(promised_at as date)) as promised_on,
        count(shipped) as attempts
    from (
        select
            *,
            case when cast(shipped_at as date) <= getvariable('as_of') then shipped_at end as shipped
        from reference.stg_deliveries
    )
    group by order_id
),

orders as (
    select
        * exclude (delivered_at, status),
        cast(ordered_at as date) as order_day,
        case when cast(delivered_at as date) <= getvariable('as_of') then delivered_at end as delivered_at,
        case
            when cast(delivered_at as date) > getvariable('as_of') and status in ('delivered', 'returned')
                then 'shipped'
            else status
        end as status
    from reference.stg_orders
    where cast(ordered_at as date) <= getvariable('as_of')
),

enriched as (
    select
        orders.*,
        customers.country,
        customers.segment,
        attempts.newest.carrier as carrier,
        attempts.newest.region as region,
        attempts.shipped_at,
        coalesce(attempts.attempts, 0) as attempts,
        coalesce(orders.promised_date, attempts.promised_on) as promised_on,
        orders.delivered_at is not null as is_delivered,
        orders.delivered_at is null and orders.status not in ('delivered', 'cancelled', 'returned') as is_open
    from orders
    left join reference.stg_customers as customers using (customer_id)
    left join attempts using (order_id)
),

judged as (
    select
        enriched.*,
        case rules.unit
            when 'day' then enriched.order_day + rules.threshold + 1
            when 'hour' then cast(enriched.ordered_at + to_hours(rules.threshold) as date)
        end as late_on,
        case rules.unit
            when 'day' then date_diff('day', enriched.ordered_at, enriched.delivered_at) > rules.threshold
            when 'hour' then enriched.delivered_at > enriched.ordered_at + to_hours(rules.threshold)
        end as arrived_late
    from enriched
    left join (from sla_rules where rule_id = 'delivery_7d') as rules
        on
            (rules.shipping_tier is null or rules.shipping_tier = enriched.shipping_tier)
            and (rules.country is null or rules.country = enriched.country)
            and (rules.carrier is null or rules.carrier = enriched.carrier)
            and (rules.segment is null or rules.segment = enriched.segment)
            and enriched.order_day between rules.valid_from and rules.valid_to
)

select
    order_id,
    customer_id,
    product_id,
    status,
    shipping_tier,
    country,
    segment,
    carrier,
    region,
    quantity,
    unit_price,
    cast(quantity * unit_price as decimal(38, 2)) as order_total,
    cast(attempts as decimal(9, 0)) as attempts,
    cast(date_diff('day', ordered_at, shipped_at) as decimal(9, 0)) as days_to_ship,
    cast(date_diff('day', shipped_at, delivered_at) as decimal(9, 0)) as days_in_transit,
    cast(date_diff('day', ordered_at, delivered_at) as decimal(9, 0)) as lead_days,
    is_open,
    is_delivered,
    coalesce(
        case when is_delivered then arrived_late when is_open then late_on <= getvariable('as_of') end, false
    ) as is_late,
    ordered_at,
    shipped_at,
    delivered_at,
    order_day,
    promised_on,
    late_on,
    case when status in ('cancelled', 'returned') then coalesce(cast(updated_at as date), changed_on) end
        as stopped_on
from judged;

create table reference.delivery_kpis as
with counted as (
    select
        order_day,
        coalesce(carrier, 'unknown') as carrier,
        coalesce(country, 'unknown') as country,
        coalesce(shipping_tier, 'unknown') as shipping_tier,
        count(*) as orders,
        count(*) filter (is_delivered) as delivered,
        count(*) filter (is_delivered and not is_late) as on_time,
        count(*) filter (is_open) as backlog,
        count(*) filter (is_open and is_late) as backlog_late,
        sum(lead_days) as lead_days_total,
        quantile_disc(lead_days, [0.5, 0.95]) as lead_days,
        sum(order_total) filter (is_open) as revenue_waiting
    from reference.fct_orders
    group by all
)

select
    order_day,
    carrier,
    country,
    shipping_tier,
    cast(orders as decimal(18, 0)) as orders,
    cast(delivered as decimal(18, 0)) as delivered,
    cast(on_time as decimal(18, 0)) as on_time,
    cast(delivered - on_time as decimal(18, 0)) as late,
    cast(backlog as decimal(18, 0)) as backlog,
    cast(backlog_late as decimal(18, 0)) as backlog_late,
    cast(orders - delivered - backlog as decimal(18, 0)) as no_verdict,
    cast(on_time / nullif(delivered, 0) as decimal(7, 4)) as on_time_rate,
    cast(lead_days_total as decimal(18, 0)) as lead_days_total,
    cast(lead_days[1] as decimal(9, 0)) as p50_lead_days,
    cast(lead_days[2] as decimal(9, 0)) as p95_lead_days,
    cast(coalesce(revenue_waiting, 0) as decimal(38, 2)) as revenue_waiting
from counted;

create table reference.carrier_scorecard as
with counted as (
    select
        coalesce(carrier, 'unknown') as carrier,
        count(*) filter (is_recent) as delivered,
        count(*) filter (is_recent and not is_late) as on_time,
        quantile_disc(lead_days, [0.5, 0.95]) filter (is_recent) as lead_days,
        sum(days_in_transit) filter (is_recent) / nullif(count(days_in_transit) filter (is_recent), 0)
            as days_in_transit,
        count(*) filter (is_recent and attempts > 1) as needed_several_attempts,
        count(*) filter (not is_recent) as delivered_before,
        count(*) filter (not is_recent and not is_late) as on_time_before,
        quantile_disc(lead_days, [0.5, 0.95]) filter (not is_recent) as lead_days_before
    from (
        select
            *,
            cast(delivered_at as date) > getvariable('as_of') - 28 as is_recent
        from reference.fct_orders
        where delivered_at >= getvariable('as_of') - 55
    )
    group by all
),

rated as (
    select
        *,
        cast(on_time / nullif(delivered, 0) as decimal(7, 4)) as on_time_rate,
        cast(on_time_before / nullif(delivered_before, 0) as decimal(7, 4)) as on_time_rate_before
    from counted
)

select
    carrier,
    cast(delivered as decimal(18, 0)) as delivered,
    cast(on_time as decimal(18, 0)) as on_time,
    on_time_rate,
    cast(lead_days[1] as decimal(9, 0)) as p50_lead_days,
    cast(lead_days[2] as decimal(9, 0)) as p95_lead_days,
    cast(days_in_transit as decimal(9, 2)) as avg_days_in_transit,
    cast(needed_several_attempts as decimal(18, 0)) as needed_several_attempts,
    cast(delivered_before as decimal(18, 0)) as delivered_before,
    cast(on_time_before as decimal(18, 0)) as on_time_before,
    on_time_rate_before,
    cast(lead_days_before[1] as decimal(9, 0)) as p50_lead_days_before,
    cast(lead_days_before[2] as decimal(9, 0)) as p95_lead_days_before,
    cast(on_time_rate - on_time_rate_before as decimal(7, 4)) as on_time_rate_change,
    getvariable('as_of') as as_of
from rated;

create table reference.sla_clocks as
with running as (
    select
        rules.*,
        orders.order_id,
        case rules.clock_start
            when 'ordered' then orders.ordered_at
            when 'shipped' then orders.shipped_at
            when 'promised' then cast(orders.promised_on as timestamp)
        end as started_at
    from reference.fct_orders as orders
    inner join sla_rules as rules
        on
            (rules.shipping_tier is null or rules.shipping_tier = orders.shipping_tier)
            and (rules.country is null or rules.country = orders.country)
            and (rules.carrier is null or rules.carrier = orders.carrier)
            and (rules.segment is null or rules.segment = orders.segment)
            and orders.order_day between rules.valid_from and rules.valid_to
    where
        orders.is_open
        and (rules.clock_stop = 'delivered' or (orders.shipped_at is null and orders.status = 'pending'))
),

due as (
    select
        *,
        case unit
            when 'hour' then started_at + to_hours(threshold)
            else cast(cast(started_at as date) + threshold + 1 as timestamp)
        end as due_at,
        cast(due_at as date) as breaks_on
    from running
    where started_at is not null
)

select
    rule_id,
    order_id,
    severity,
    owner,
    started_at,
    due_at,
    breaks_on,
    breaks_on <= getvariable('as_of') as is_broken,
    breaks_on > getvariable('as_of')
    and case unit
        when 'hour' then due_at - to_hours(at_risk_before) < getvariable('as_of') + 1
        else breaks_on - getvariable('as_of') <= at_risk_before
    end as is_at_risk,
    getvariable('as_of') as as_of
from due;

create table reference.sla_breaches as
select
    clocks.rule_id,
    clocks.severity,
    clocks.owner,
    orders.order_id,
    orders.customer_id,
    customers.customer_name,
    orders.product_id,
    products.product_name,
    orders.carrier,
    orders.country,
    orders.shipping_tier,
    orders.ordered_at as order_date,
    orders.status,
    clocks.started_at,
    clocks.breaks_on as breached_on,
    cast(date_diff('day', clocks.started_at, clocks.as_of) as decimal(9, 0)) as days_elapsed,
    cast(clocks.as_of - clocks.breaks_on + 1 as decimal(9, 0)) as days_over,
    orders.order_total as amount_at_stake,
    clocks.as_of
from reference.sla_clocks as clocks
inner join reference.fct_orders as orders using (order_id)
left join reference.stg_customers as customers using (customer_id)
left join reference.stg_products as products using (product_id)
where
    clocks.is_broken
    and orders.is_open;

create table reference.sla_at_risk as
select
    clocks.rule_id,
    clocks.severity,
    clocks.owner,
    orders.order_id,
    orders.customer_id,
    customers.customer_name,
    orders.product_id,
    products.product_name,
    orders.carrier,
    orders.country,
    orders.shipping_tier,
    orders.ordered_at as order_date,
    orders.status,
    clocks.started_at,
    clocks.due_at,
    clocks.breaks_on,
    cast(date_diff('day', clocks.started_at, clocks.as_of) as decimal(9, 0)) as days_elapsed,
    cast(clocks.breaks_on - clocks.as_of as decimal(9, 0)) as days_left,
    orders.order_total as amount_at_stake,
    clocks.as_of
from reference.sla_clocks as clocks
inner join reference.fct_orders as orders using (order_id)
left join reference.stg_customers as customers using (customer_id)
left join reference.stg_products as products using (product_id)
where
    clocks.is_at_risk
    and orders.is_open;

create table reference.data_health as
with loaded as (
    select 'orders' as entity, _batch_day as batch_day, count(*) as row_count
    from raw.orders
    where _batch_day <= getvariable('as_of')
    group by all
    union all
    select 'deliveries', _batch_day, count(*)
    from raw.deliveries
    where _batch_day <= getvariable('as_of')
    group by all
),

silences as (
    select
        entity,
        batch_day,
        batch_day - lag(batch_day) over (partition by entity order by batch_day) - 1 as silence,
        max(batch_day) over (partition by entity) as last_day
    from loaded
),

freshness as (
    select
        'freshness' as check_name,
        entity,
        null as column_name,
        getvariable('as_of') - last_day as observed,
        0 as expected_low,
        max(silence) as expected_high,
        count(*) >= 14 as is_judged
    from silences
    where batch_day >= last_day - 56
    group by entity, last_day
),

same_weekdays as (
    select
        entity,
        coalesce(max(row_count) filter (batch_day = getvariable('as_of')), 0) as observed,
        min(row_count) filter (batch_day < getvariable('as_of')) as least,
        max(row_count) filter (batch_day < getvariable('as_of')) as most,
        count(*) filter (batch_day < getvariable('as_of')) as days
    from loaded
    where
        batch_day >= getvariable('as_of') - 56
        and (getvariable('as_of') - batch_day) % 7 = 0
    group by entity
),

rejected as (
    select entity, count(*) as row_count
    from raw.rejected_rows
    where _batch_day = getvariable('as_of')
    group by entity
),

read as (
    select 'customers' as entity, count(*) as row_count
    from raw.customers
    where _batch_day = getvariable('as_of')
    union all
    select 'products', count(*)
    from raw.products
    where _batch_day = getvariable('as_of')
    union all
    select entity, row_count
    from loaded
    where batch_day = getvariable('as_of')
),

rejects as (
    select
        'rejected' as check_name,
        entity,
        null as column_name,
        rejected.row_count / (rejected.row_count + coalesce(read.row_count, 0)) as observed,
        0 as expected_low,
        0.05 as expected_high,
        rejected.row_count + coalesce(read.row_count, 0) >= 100 as is_judged
    from rejected
    left join read using (entity)
),

missing as (
    unpivot (
        select
            'orders' as entity,
            _batch_day = getvariable('as_of') as is_today,
            count(*) as row_count,
            1 - count(quantity) / count(*) as quantity,
            1 - count(unit_price) / count(*) as unit_price,
            1 - count(shipping_tier) / count(*) as shipping_tier,
            1 - count(promised_date) / count(*) as promised_date
        from raw.orders
        where _batch_day between getvariable('as_of') - 28 and getvariable('as_of')
        group by all
    )
    on quantity, unit_price, shipping_tier, promised_date
    into name column_name value share
    union all
    unpivot (
        select
            'deliveries' as entity,
            _batch_day = getvariable('as_of') as is_today,
            count(*) as row_count,
            1 - count(carrier) / count(*) as carrier,
            1 - count(region) / count(*) as region
        from raw.deliveries
        where _batch_day between getvariable('as_of') - 28 and getvariable('as_of')
        group by all
    )
    on carrier, region
    into name column_name value share
),

nulls as (
    select
        'null_share' as check_name,
        entity,
        lower(column_name) as column_name,
        cast(today.share as decimal(7, 4)) as observed,
        0 as expected_low,
        cast(before.share as decimal(7, 4)) + 0.25 as expected_high,
        today.row_count >= 100 and before.row_count >= 100 as is_judged
    from missing as today
    inner join missing as before using (entity, column_name)
    where
        today.is_today
        and not before.is_today
),

checked as (
    select
        check_name,
        entity,
        column_name,
        cast(observed as decimal(18, 4)) as observed,
        cast(expected_low as decimal(18, 4)) as expected_low,
        cast(expected_high as decimal(18, 4)) as expected_high,
        is_judged,
        coalesce(is_judged and (observed < expected_low or observed > expected_high), false) as is_odd
    from (
        from freshness
        union all
        select
            'volume',
            entity,
            null,
            observed,
            floor(0.3 * least),
            ceil(3 * most),
            days >= 4 and least >= 100
        from same_weekdays
        union all
        from rejects
        union all
        from nulls
    )
)

select
    *,
    case
        when not is_odd then null
        when check_name = 'freshness'
            then format(
                'stale: the last {} are {:d} day(s) old; usually at most {:d} day(s) go by without any',
                entity, cast(observed as integer), cast(expected_high as integer)
            )
        when check_name = 'volume'
            then format(
                'odd: {:d} rows of {} on this day; on this weekday there are usually {:d} to {:d}',
                cast(observed as bigint), entity, cast(expected_low as bigint), cast(expected_high as bigint)
            )
        when check_name = 'rejected'
            then format(
                'odd: {} % of the rows of {} were rejected; more than {} % is too many to judge by',
                cast(100 * observed as decimal(5, 1)), entity, cast(100 * expected_high as decimal(5, 1))
            )
        else
            format(
                'odd: {} is missing in {} % of the rows of {}; before it was at most {} %',
                column_name,
                cast(100 * observed as decimal(5, 1)),
                entity,
                cast(100 * (expected_high - 0.25) as decimal(5, 1))
            )
    end as reason,
    getvariable('as_of') as as_of
from checked;
