{{ config(unique_key='customer_id', meta={'pending': 'customers', 'lies_by': 'changed_on'}) }}

{%- set pending_only = builds_pending_only() %}

with

clock as (

    select {{ as_of() }} as as_of

),

raw_versions as (

    {{ raw_versions('customers', 'customer_id', pending_only) }}

),

versions as (

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
    from raw_versions

),

newest as (

    -- The columns after the day decide between versions of one day, so that the order of rows never does.
    select *
    from versions
    qualify row_number() over (
        partition by customer_id
        order by
            changed_on desc,
            created_at desc nulls last,
            customer_name desc nulls last,
            email desc nulls last,
            city desc nulls last,
            country desc nulls last,
            segment desc nulls last
    ) = 1

),

final as (

    {% if pending_only %}
    -- What stands may be newer still. It is never as new: its day would have changed, and it be lost.
    select newest.*
    from newest
    inner join {{ ref('pending_keys') }} as pending_keys
        on
            newest.customer_id = pending_keys.pending_key
            and pending_keys.entity = 'customers'
    where
        pending_keys.is_lost
        or pending_keys.changed_on is null
        or newest.changed_on > pending_keys.changed_on
    {% else %}
    select * from newest
    {% endif %}

)

select * from final
