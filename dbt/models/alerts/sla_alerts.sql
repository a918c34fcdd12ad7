{{ config(materialized='view') }}

with

build as (

    select as_of from {{ ref('current_build') }}

),

breaches as (

    select * from {{ ref('sla_breaches') }}

),

at_risk as (

    select * from {{ ref('sla_at_risk') }}

),

rules as (

    select
        rule_id,
        max(severity) as severity,
        max(owner) as owner
    from {{ ref('stg_sla_rules') }}
    group by rule_id

),

events as (

    -- What the ledger knew at the end of the as-of day, in the order in which it came about.
    select
        events.order_id,
        events.rule_id,
        events.event,
        events.as_of,
        events.snoozed_until,
        row_number() over (
            partition by events.order_id, events.rule_id
            order by events.as_of, events.recorded_at, events.event
        ) as position
    from {{ source('ops', 'alert_events') }} as events
    cross join build
    where events.as_of <= build.as_of

),

turns as (

    -- The last time each alert was opened or resolved.
    select
        order_id,
        rule_id,
        max(position) as position
    from events
    where event in ('opened', 'reopened', 'resolved')
    group by
        order_id,
        rule_id

),

lives as (

    select
        events.order_id,
        events.rule_id,
        max(case when events.position = turns.position then events.event end) in ('opened', 'reopened') as is_open,
        max(case when events.position = turns.position then events.as_of end) as turned_on,
        count(case when events.position > turns.position and events.event = 'escalated' then 1 end) as escalations,
        max(
            case
                when events.position > turns.position and events.event in ('snoozed', 'unsnoozed') then events.position
            end
        ) as snooze_position
    from events
    inner join turns
        on
            events.order_id = turns.order_id
            and events.rule_id = turns.rule_id
    group by
        events.order_id,
        events.rule_id

),

open_lives as (

    select
        lives.order_id,
        lives.rule_id,
        lives.turned_on as opened_on,
        lives.escalations,
        events.snoozed_until
    from lives
    left join events
        on
            lives.order_id = events.order_id
            and lives.rule_id = events.rule_id
            and lives.snooze_position = events.position
    where lives.is_open

),

broken as (

    select
        breaches.*,
        open_lives.opened_on,
        open_lives.snoozed_until,
        case
            when open_lives.order_id is null then 'new'
            when open_lives.snoozed_until >= breaches.as_of then 'snoozed'
            when open_lives.escalations > 0 then 'escalated'
            else 'open'
        end as alert_state
    from breaches
    left join open_lives
        on
            breaches.order_id = open_lives.order_id
            and breaches.rule_id = open_lives.rule_id

),

ended as (

    -- Open in the ledger and not broken any more: delivered, cancelled, returned, gone, or the rule was changed.
    select
        open_lives.*,
        build.as_of
    from open_lives
    cross join build
    left join breaches
        on
            open_lives.order_id = breaches.order_id
            and open_lives.rule_id = breaches.rule_id
    where breaches.order_id is null

),

final as (

    select
        alert_state,
        rule_id,
        severity,
        owner,
        order_id,
        customer_id,
        customer_name,
        product_id,
        product_name,
        carrier,
        country,
        shipping_tier,
        order_date,
        status,
        opened_on,
        snoozed_until,
        breached_on as breaks_on,
        days_elapsed,
        days_over,
        cast(null as number(9, 0)) as days_left,
        amount_at_stake,
        as_of
    from broken
    union all
    select
        'at_risk' as alert_state,
        rule_id,
        severity,
        owner,
        order_id,
        customer_id,
        customer_name,
        product_id,
        product_name,
        carrier,
        country,
        shipping_tier,
        order_date,
        status,
        cast(null as date) as opened_on,
        cast(null as date) as snoozed_until,
        breaks_on,
        days_elapsed,
        cast(null as number(9, 0)) as days_over,
        days_left,
        amount_at_stake,
        as_of
    from at_risk
    union all
    select
        'to_resolve' as alert_state,
        ended.rule_id,
        rules.severity,
        rules.owner,
        ended.order_id,
        orders.customer_id,
        customers.customer_name,
        orders.product_id,
        products.product_name,
        orders.carrier,
        orders.country,
        orders.shipping_tier,
        orders.ordered_at as order_date,
        orders.status,
        ended.opened_on,
        ended.snoozed_until,
        cast(null as date) as breaks_on,
        cast(null as number(9, 0)) as days_elapsed,
        cast(null as number(9, 0)) as days_over,
        cast(null as number(9, 0)) as days_left,
        orders.order_total as amount_at_stake,
        ended.as_of
    from ended
    left join rules
        on ended.rule_id = rules.rule_id
    left join {{ ref('fct_orders') }} as orders
        on ended.order_id = orders.order_id
    left join {{ ref('dim_customers') }} as customers
        on orders.customer_id = customers.customer_id
    left join {{ ref('dim_products') }} as products
        on orders.product_id = products.product_id

)

select * from final
