-- Both ways, for the delivery rule: an open order that is late has exactly one breach, and a breach belongs to one.
with

late_orders as (

    select order_id
    from {{ ref('fct_orders') }}
    where is_open and is_late

),

breaches as (

    select
        order_id,
        count(*) as breach_count
    from {{ ref('sla_breaches') }}
    where rule_id = '{{ var("delivery_rule") }}'
    group by order_id

)

select
    late_orders.order_id as late_order_id,
    breaches.order_id as breached_order_id,
    breaches.breach_count
from late_orders
full outer join breaches
    on late_orders.order_id = breaches.order_id
where
    late_orders.order_id is null
    or breaches.order_id is null
    or breaches.breach_count != 1
