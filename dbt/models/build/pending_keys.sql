{%- set as_they_stand = {
    'orders': standing('stg_orders'),
    'deliveries': standing('stg_deliveries'),
    'customers': standing('stg_customers'),
    'products': standing('stg_products'),
} -%}
{%- set keys = {
    'orders': 'order_id',
    'deliveries': 'delivery_id',
    'customers': 'customer_id',
    'products': 'product_id',
} -%}
{%- set built_days, fct_orders = standing('built_days'), standing('fct_orders') -%}
{%- set unfinished = standing('pending_keys') -%}
{%- set complete = built_days and fct_orders and as_they_stand.values() | reject('none') | list | length == 4 -%}

with

build as (

    select * from {{ ref('current_build') }}

),

loaded_days as (

    select * from {{ ref('loaded_days') }}

),

{% if complete and unfinished %}

changed_days as (

    -- Days with rows that the last completed build did not know, or that it knew and that are not there any more.
    select distinct
        coalesce(loaded_days.entity, built_days.entity) as entity,
        coalesce(loaded_days.batch_day, built_days.batch_day) as batch_day
    from loaded_days
    full outer join {{ built_days }} as built_days
        on
            loaded_days.entity = built_days.entity
            and loaded_days.batch_day = built_days.batch_day
            and loaded_days.batch_id = built_days.batch_id
            and loaded_days.row_count = built_days.row_count
    where
        loaded_days.entity is null
        or built_days.entity is null

),

{% for entity, key in keys.items() %}
changed_{{ entity }} as (

    select raw_rows.{{ key }}{{ ', raw_rows.order_id' if entity == 'deliveries' }}
    from {{ source('raw', entity) }} as raw_rows
    inner join changed_days
        on
            raw_rows._batch_day = changed_days.batch_day
            and changed_days.entity = '{{ entity }}'

),

lost_{{ entity }} as (

    -- The version that stands may be gone.
    select standing.{{ key }}{{ ', standing.order_id' if entity == 'deliveries' }}
    from {{ as_they_stand[entity] }} as standing
    inner join changed_days
        on
            standing.changed_on = changed_days.batch_day
            and changed_days.entity = '{{ entity }}'
    union all
    select standing.{{ key }}{{ ', standing.order_id' if entity == 'deliveries' }}
    from {{ as_they_stand[entity] }} as standing
    cross join build
    where standing.changed_on > build.as_of

),

{% endfor %}
orders_in_question as (

    select order_id from changed_orders
    union all
    select order_id from lost_orders
    union all
    select order_id from changed_deliveries
    union all
    select order_id from lost_deliveries
    union all
    -- a delivery may have belonged to another order before
    select standing.order_id
    from {{ as_they_stand['deliveries'] }} as standing
    where standing.delivery_id in (select changed_deliveries.delivery_id from changed_deliveries)
    union all
    select raw_rows.order_id
    from {{ source('raw', 'deliveries') }} as raw_rows
    where raw_rows.delivery_id in (select lost_deliveries.delivery_id from lost_deliveries)
    union all
    -- country and segment
    select standing.order_id
    from {{ fct_orders }} as standing
    where standing.customer_id in (select changed_customers.customer_id from changed_customers)
    union all
    select standing.order_id
    from {{ fct_orders }} as standing
    where standing.customer_id in (select lost_customers.customer_id from lost_customers)
    union all
    -- known before, and come to pass since
    select standing.order_id
    from {{ as_they_stand['orders'] }} as standing
    cross join build
    where
        cast(standing.ordered_at as date) > build.since
        and cast(standing.ordered_at as date) <= build.as_of
    union all
    select standing.order_id
    from {{ as_they_stand['orders'] }} as standing
    cross join build
    where
        cast(standing.delivered_at as date) > build.since
        and cast(standing.delivered_at as date) <= build.as_of
    union all
    select standing.order_id
    from {{ as_they_stand['deliveries'] }} as standing
    cross join build
    where
        cast(standing.shipped_at as date) > build.since
        and cast(standing.shipped_at as date) <= build.as_of
    union all
    -- late since
    select standing.order_id
    from {{ fct_orders }} as standing
    cross join build
    where
        standing.is_open
        and not standing.is_late
        and standing.late_on <= build.as_of

),

keys as (

    select distinct
        'orders' as entity,
        order_id as pending_key
    from orders_in_question
    {% for entity, key in keys.items() if entity != 'orders' %}
    union all
    select distinct
        '{{ entity }}' as entity,
        {{ key }} as pending_key
    from (
        select {{ key }} from changed_{{ entity }}
        union all
        select {{ key }} from lost_{{ entity }}
    ) as either
    {% endfor %}

),

found as (

    select
        keys.entity,
        keys.pending_key,
        standing.order_day
    from keys
    left join {{ fct_orders }} as standing
        on
            keys.pending_key = standing.order_id
            and keys.entity = 'orders'

),

final as (

    select
        found.entity,
        found.pending_key,
        found.order_day,
        build.build_number
    from found
    cross join build
    where not build.rebuilds_everything
    union distinct
    -- what an attempt that did not come to its end had found; its tables may have forgotten it
    select
        unfinished.entity,
        unfinished.pending_key,
        unfinished.order_day,
        unfinished.build_number
    from {{ unfinished }} as unfinished
    inner join build
        on unfinished.build_number = build.build_number

)

{% else %}

final as (

    -- Everything is made as a whole.
    select
        cast(loaded_days.entity as varchar) as entity,
        cast(null as varchar) as pending_key,
        cast(null as date) as order_day,
        build.build_number
    from build
    inner join loaded_days
        on false

)

{% endif %}

select * from final
