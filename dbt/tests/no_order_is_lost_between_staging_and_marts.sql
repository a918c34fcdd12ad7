-- Every order that was placed by the end of the as-of day, and no other.
with

clock as (

    select {{ as_of() }} as as_of

),

staged as (

    select count(*) as order_count
    from {{ ref('stg_orders') }} as orders
    cross join clock
    where cast(orders.ordered_at as date) <= clock.as_of

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
