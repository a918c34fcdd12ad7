with

clock as (

    select {{ as_of() }} as as_of

),

orders as (

    select * from {{ ref('stg_orders') }}

),

customers as (

    select * from {{ ref('stg_customers') }}

),

products as (

    select * from {{ ref('stg_products') }}

),

deliveries as (

    select * from {{ ref('stg_deliveries') }}

),

newest_deliveries as (

    -- The newest attempt tells where the parcel is now; the first one, when the order was handed over.
    select
        order_id,
        carrier,
        region,
        min(shipped_at) over (partition by order_id) as first_shipped_at
    from deliveries
    qualify row_number() over (
        partition by order_id
        order by
            shipped_at desc nulls last,
            changed_on desc,
            delivery_id desc
    ) = 1

),

timed as (

    -- Deliveries enrich an order and never decide: the order's own delivery date stops the clock.
    select
        orders.*,
        cast(orders.ordered_at as date) as order_day,
        orders.delivered_at is not null as is_delivered,
        orders.delivered_at is null
        and orders.status not in ('delivered', 'cancelled', 'returned') as is_open,
        datediff(day, orders.ordered_at, orders.delivered_at) as lead_days,
        datediff(day, orders.ordered_at, clock.as_of) as age_days
    from orders
    cross join clock

),

judged as (

    select
        timed.*,
        case
            when timed.is_delivered then timed.lead_days
            when timed.is_open then timed.age_days
        end as days_elapsed
    from timed

),

final as (

    select
        -- ids
        judged.order_id,
        judged.customer_id,
        judged.product_id,

        -- text
        judged.status,
        customers.customer_name,
        customers.country,
        products.product_name,
        products.category,
        judged.shipping_tier,
        newest_deliveries.carrier,
        newest_deliveries.region,

        -- numerics
        judged.quantity,
        judged.unit_price,
        cast(judged.quantity * judged.unit_price as number(38, 2)) as order_total,
        judged.lead_days,
        judged.days_elapsed,

        -- booleans
        judged.is_open,
        judged.is_delivered,
        coalesce(judged.days_elapsed > {{ var('delivery_sla_days') }}, false) as is_late,

        -- dates and timestamps
        judged.ordered_at,
        newest_deliveries.first_shipped_at as shipped_at,
        judged.delivered_at,
        judged.order_day,
        judged.promised_date
    from judged
    left join customers
        on judged.customer_id = customers.customer_id
    left join products
        on judged.product_id = products.product_id
    left join newest_deliveries
        on judged.order_id = newest_deliveries.order_id

)

select * from final
