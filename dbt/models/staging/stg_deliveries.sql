{{ config(unique_key='delivery_id', meta={'pending': 'deliveries', 'lies_by': 'changed_on'}) }}

{%- set pending_only = builds_pending_only() %}

with

clock as (

    select {{ as_of() }} as as_of

),

raw_versions as (

    {{ raw_versions('deliveries', 'delivery_id', pending_only) }}

),

versions as (

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
    from raw_versions

),

newest as (

    -- The columns after the day decide between versions of one day, so that the order of rows never does.
    select *
    from versions
    qualify row_number() over (
        partition by delivery_id
        order by
            changed_on desc,
            delivered_at desc nulls last,
            shipped_at desc nulls last,
            delivery_status desc nulls last,
            carrier desc nulls last,
            region desc nulls last,
            promised_at desc nulls last,
            order_id desc
    ) = 1

),

final as (

    {% if pending_only %}
    -- What stands may be newer still. It is never as new: its day would have changed, and it be lost.
    select newest.*
    from newest
    inner join {{ ref('pending_keys') }} as pending_keys
        on
            newest.delivery_id = pending_keys.pending_key
            and pending_keys.entity = 'deliveries'
    where
        pending_keys.is_lost
        or pending_keys.changed_on is null
        or newest.changed_on > pending_keys.changed_on
    {% else %}
    select * from newest
    {% endif %}

)

select * from final
