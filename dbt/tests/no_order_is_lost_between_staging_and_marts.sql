-- Every order that was placed by the end of the as-of day, and no other.
with

clock as (

    select cast(dateadd(day, 1, {{ as_of() }}) as timestamp_ntz) as end_of_day

),

staged as (

    select count(*) as order_count
    from {{ ref('stg_orders') }} as orders
    cross join clock
    where orders.ordered_at < clock.end_of_day

),

facts as (

    select count(*) as order_count
    from {{ ref('fct_orders') }}

),

flagged as (

    select count(*) as order_count
    from {{ ref('delayed_orders') }}

)

select
    staged.order_count as orders_in_staging,
    facts.order_count as orders_in_fct_orders,
    flagged.order_count as orders_in_delayed_orders
from staged
cross join facts
cross join flagged
where
    staged.order_count != facts.order_count
    or facts.order_count != flagged.order_count
