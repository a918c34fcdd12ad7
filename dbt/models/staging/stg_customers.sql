with

clock as (

    select {{ as_of() }} as as_of

),

versions as (

    select * from {{ source('raw', 'customers') }}

),

newest as (

    select versions.*
    from versions
    cross join clock
    where versions._batch_day <= clock.as_of
    qualify row_number() over (
        partition by versions.customer_id
        order by
            versions._batch_day desc,
            versions.created_at desc nulls last,
            versions.name desc nulls last,
            versions.email desc nulls last,
            versions.city desc nulls last,
            versions.country desc nulls last,
            versions.segment desc nulls last
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

        -- timestamps
        created_at
    from newest

)

select * from final
