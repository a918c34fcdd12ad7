{{ config(materialized='view') }}

with

products as (

    select * from {{ ref('stg_products') }}

),

final as (

    select
        -- ids
        product_id,

        -- text
        product_name,
        category,

        -- numerics
        list_price,
        weight_kg
    from products

)

select * from final
