{{ config(unique_key='customer_id', meta={'pending': 'customers'}) }}

with

clock as (

    select {{ as_of() }} as as_of

),

versions as (

    select raw_customers.*
    from {{ source('raw', 'customers') }} as raw_customers
    cross join clock
    where
        raw_customers._batch_day <= clock.as_of
        {%- if builds_pending_only() %}
        and raw_customers.customer_id in ({{ pending('customers') }})
        {%- endif %}

),

newest as (

    select *
    from versions
    qualify row_number() over (
        partition by customer_id
        order by
            _batch_day desc,
            created_at desc nulls last,
            name desc nulls last,
            email desc nulls last,
            city desc nulls last,
            country desc nulls last,
            segment desc nulls last
    ) = 1

),

final as (

    select
        -- ids
        customer_id,

        -- text
        name as customer_name,
        email,
        city,
        country,
        segment,

        -- dates and timestamps
        created_at,
        _batch_day as changed_on
    from newest

)

select * from final
