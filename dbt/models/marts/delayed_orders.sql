{{ config(materialized='view') }}

with

orders as (

    select * from {{ ref('fct_orders') }}

),

final as (

    select
        order_id,
        customer_id,
        product_id,
        ordered_at as order_date,
        delivered_at as delivery_date,
        cast(case when is_late then 1 else 0 end as number(1, 0)) as delayed_flag
    from orders

)

select * from final
