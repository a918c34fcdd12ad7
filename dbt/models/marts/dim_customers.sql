{{ config(materialized='view') }}

with

customers as (

    select * from {{ ref('stg_customers') }}

),

final as (

    select
        -- ids
        customer_id,

        -- text
        customer_name,
        email,
        city,
        country,
        segment,

        -- timestamps
        created_at as signed_up_at
    from customers

)

select * from final
