{{ config(materialized='view') }}

with

build as (

    select
        as_of,
        cast(dateadd(day, -27, as_of) as date) as first_day
    from {{ ref('current_build') }}

),

days as (

    {% for number in range(28) %}
    select cast(dateadd(day, {{ number }}, first_day) as date) as as_of from build
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

rules as (

    select * from {{ ref('stg_sla_rules') }}

),

orders as (

    -- Those that were open on one of the days, but for orders that are over since nobody knows when. None is over
    -- later than on the as-of day, also where a shop says so.
    select
        orders.*,
        build.first_day,
        build.as_of,
        case
            when not orders.is_open then least(
                coalesce(cast(orders.delivered_at as date), orders.stopped_on), build.as_of
            )
        end as over_on
    from {{ ref('fct_orders') }} as orders
    cross join build
    where
        orders.is_open
        or cast(orders.delivered_at as date) >= build.first_day
        or orders.stopped_on >= build.first_day

),

clocks as (

    -- Clocks that stopped nobody knows when are left out: those that wait for a hand-over, of parcels that have left.
    select
        rules.owner,
        rules.threshold,
        rules.unit,
        orders.carrier,
        orders.first_day,
        orders.as_of,
        case rules.clock_start
            when 'ordered' then orders.ordered_at
            when 'shipped' then orders.shipped_at
            when 'promised' then cast(orders.promised_on as timestamp_ntz)
        end as started_at,
        case
            when rules.clock_stop = 'shipped' and orders.shipped_at is not null
                then least(cast(orders.shipped_at as date), coalesce(orders.over_on, orders.as_of))
            else orders.over_on
        end as stopped_on
    from orders
    inner join rules
        on {{ applies_to('rules', 'orders') }}
    where
        rules.clock_stop = 'delivered'
        or orders.shipped_at is not null
        or orders.status in ('pending', 'cancelled')

),

due as (

    select
        clocks.*,
        {{ breaks_on('clocks', 'clocks.started_at') }} as breaks_on
    from clocks
    where clocks.started_at is not null

),

breaches as (

    -- Counted by their days first: what was broken before the first one is so from there on.
    select
        owner,
        carrier,
        greatest(breaks_on, first_day) as broken_on,
        stopped_on,
        count(*) as breaches
    from due
    where
        breaks_on <= as_of
        and coalesce(stopped_on > greatest(breaks_on, first_day), true)
    group by
        owner,
        carrier,
        greatest(breaks_on, first_day),
        stopped_on

),

final as (

    select
        days.as_of,
        breaches.owner,
        breaches.carrier,
        cast(sum(breaches.breaches) as number(18, 0)) as open_breaches
    from days
    inner join breaches
        on
            days.as_of >= breaches.broken_on
            and coalesce(days.as_of < breaches.stopped_on, true)
    group by
        days.as_of,
        breaches.owner,
        breaches.carrier

)

select * from final
