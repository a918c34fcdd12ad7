{{
    config(
        materialized='replaced_by_key',
        unique_key='order_id',
        meta={'pending': 'fct_orders', 'lies_by': 'order_day'},
    )
}}

{%- set pending_only = builds_pending_only() %}

with

clock as (

    select {{ as_of() }} as as_of

),

orders as (

    select *
    from {{ ref('stg_orders') }}
    {%- if pending_only %}
    where {{ pending_orders_only() }}
    {%- endif %}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

{% if pending_only %}
order_range as (

    -- Ids often rise with time: then those in between lie together, and nobody needs to go through the others.
    select
        min(pending_key) as first_id,
        max(pending_key) as last_id
    from {{ ref('pending_keys') }}
    where entity = 'fct_orders'

),

deliveries as (

    select stg_deliveries.*
    from {{ ref('stg_deliveries') }} as stg_deliveries
    cross join order_range
    where
        stg_deliveries.order_id >= order_range.first_id
        and stg_deliveries.order_id <= order_range.last_id
        and stg_deliveries.order_id in ({{ pending('fct_orders') }})

),

{% else %}
deliveries as (

    select * from {{ ref('stg_deliveries') }}

),

{% endif %}

delivery_rules as (

    select * from {{ ref('stg_sla_rules') }}
    where rule_id = '{{ var("delivery_rule") }}'

),

known_deliveries as (

    -- What is to happen after the as-of day is not known at its end.
    select
        deliveries.delivery_id,
        deliveries.order_id,
        deliveries.carrier,
        deliveries.region,
        deliveries.changed_on,
        cast(deliveries.promised_at as date) as promised_on,
        case when cast(deliveries.shipped_at as date) <= clock.as_of then deliveries.shipped_at end as shipped_at
    from deliveries
    cross join clock

),

attempts as (

    -- The newest attempt tells where the parcel is now; the first one, when the order was handed over.
    select
        order_id,
        carrier,
        region,
        min(shipped_at) over (partition by order_id) as first_shipped_at,
        min(promised_on) over (partition by order_id) as first_promised_on,
        count(shipped_at) over (partition by order_id) as attempts
    from known_deliveries
    qualify row_number() over (
        partition by order_id
        order by
            shipped_at desc nulls last,
            changed_on desc,
            delivery_id desc
    ) = 1

),

known_orders as (

    select
        orders.order_id,
        orders.customer_id,
        orders.product_id,
        orders.shipping_tier,
        orders.quantity,
        orders.unit_price,
        orders.ordered_at,
        orders.promised_date,
        orders.changed_on,
        orders.updated_at,
        clock.as_of,
        cast(orders.ordered_at as date) as order_day,
        case when cast(orders.delivered_at as date) <= clock.as_of then orders.delivered_at end as delivered_at,
        case
            when cast(orders.delivered_at as date) > clock.as_of and orders.status in ('delivered', 'returned')
                then 'shipped'
            else orders.status
        end as status
    from orders
    cross join clock
    where cast(orders.ordered_at as date) <= clock.as_of

),

enriched as (

    -- Deliveries enrich an order and never decide: the order's own delivery date stops the clock.
    select
        known_orders.*,
        customers.country,
        customers.segment,
        attempts.carrier,
        attempts.region,
        attempts.first_shipped_at as shipped_at,
        coalesce(attempts.attempts, 0) as attempts,
        coalesce(known_orders.promised_date, attempts.first_promised_on) as promised_on,
        known_orders.delivered_at is not null as is_delivered,
        known_orders.delivered_at is null
        and known_orders.status not in ('delivered', 'cancelled', 'returned') as is_open
    from known_orders
    left join customers
        on known_orders.customer_id = customers.customer_id
    left join attempts
        on known_orders.order_id = attempts.order_id

),

judged as (

    select
        enriched.*,
        {{ breaks_on('delivery_rules', 'enriched.ordered_at') }} as late_on,
        {{ broke('delivery_rules', 'enriched.ordered_at', 'enriched.delivered_at') }} as arrived_late
    from enriched
    left join delivery_rules
        on {{ applies_to('delivery_rules', 'enriched') }}

),

final as (

    select
        -- ids
        order_id,
        customer_id,
        product_id,

        -- text
        status,
        shipping_tier,
        country,
        segment,
        carrier,
        region,

        -- money
        quantity,
        unit_price,
        cast(quantity * unit_price as number(38, 2)) as order_total,

        -- numerics
        cast(attempts as number(9, 0)) as attempts,
        cast(datediff(day, ordered_at, shipped_at) as number(9, 0)) as days_to_ship,
        cast(datediff(day, shipped_at, delivered_at) as number(9, 0)) as days_in_transit,
        cast(datediff(day, ordered_at, delivered_at) as number(9, 0)) as lead_days,

        -- booleans
        is_open,
        is_delivered,
        coalesce(case when is_delivered then arrived_late when is_open then late_on <= as_of end, false) as is_late,

        -- dates and timestamps
        ordered_at,
        shipped_at,
        delivered_at,
        order_day,
        promised_on,
        late_on,
        case
            when status in ('cancelled', 'returned') then coalesce(cast(updated_at as date), changed_on)
        end as stopped_on
    from judged

)

select * from final
