{{ config(unique_key='delivery_id', meta={'pending': 'deliveries'}) }}

with

clock as (

    select {{ as_of() }} as as_of

),

versions as (

    select raw_deliveries.*
    from {{ source('raw', 'deliveries') }} as raw_deliveries
    cross join clock
    where
        raw_deliveries._batch_day <= clock.as_of
        {%- if builds_pending_only() %}
        and raw_deliveries.delivery_id in ({{ pending('deliveries') }})
        {%- endif %}

),

newest as (

    select *
    from versions
    qualify row_number() over (
        partition by delivery_id
        order by
            _batch_day desc,
            delivered_at desc nulls last,
            shipped_at desc nulls last,
            status desc nulls last,
            carrier desc nulls last,
            region desc nulls last,
            promised_at desc nulls last,
            order_id desc
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
        shipped_at,
        promised_at,
        delivered_at,
        _batch_day as changed_on
    from newest

)

select * from final
