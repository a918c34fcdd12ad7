with

clock as (

    select {{ as_of() }} as as_of

),

versions as (

    select * from {{ source('raw', 'deliveries') }}

),

newest as (

    select
        versions.*,
        clock.as_of
    from versions
    cross join clock
    where versions._batch_day <= clock.as_of
    qualify row_number() over (
        partition by versions.delivery_id
        order by
            versions._batch_day desc,
            versions.delivered_at desc nulls last,
            versions.shipped_at desc nulls last,
            versions.status desc nulls last,
            versions.carrier desc nulls last,
            versions.region desc nulls last,
            versions.promised_at desc nulls last,
            versions.order_id desc
    ) = 1

),

final as (

    select
        -- ids
        delivery_id,
        order_id,

        -- text
        carrier,
        region,
        lower(trim(status)) as delivery_status,

        -- dates and timestamps
        case when cast(shipped_at as date) <= as_of then shipped_at end as shipped_at,
        promised_at,
        case when cast(delivered_at as date) <= as_of then delivered_at end as delivered_at,
        _batch_day as changed_on
    from newest

)

select * from final
