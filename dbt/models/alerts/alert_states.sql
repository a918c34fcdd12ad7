{{ config(materialized='view') }}

with

build as (

    select as_of from {{ ref('current_build') }}

),

events as (

    -- What the ledger knew at the end of the as-of day, in the order in which it came about.
    select
        events.order_id,
        events.rule_id,
        events.event,
        events.as_of,
        events.snoozed_until,
        events.actor,
        events.reason,
        events.audience,
        row_number() over (
            partition by events.order_id, events.rule_id
            order by
                events.as_of,
                events.recorded_at,
                case
                    when events.event in ('opened', 'reopened', 'resolved') then 0
                    when events.event = 'escalated' then 1
                    when events.event in ('notified', 'reminded') then 2
                    else 3
                end,
                events.event,
                events.snoozed_until
        ) as position
    from {{ source('ops', 'alert_events') }} as events
    cross join build
    where events.as_of <= build.as_of

),

lives as (

    -- A life begins where an alert is opened, or opened again; the last one counts.
    select
        *,
        coalesce(
            max(case when event in ('opened', 'reopened') then position end)
                over (partition by order_id, rule_id),
            0
        ) as begins_at
    from events

),

turns as (

    -- What was the last of its kind in it.
    select
        *,
        max(case when event in ('opened', 'reopened', 'resolved') then position end)
            over (partition by order_id, rule_id)
            as turned_at,
        max(case when event = 'escalated' and position > begins_at then position end)
            over (partition by order_id, rule_id)
            as escalated_at,
        max(case when event = 'acknowledged' and position > begins_at then position end)
            over (partition by order_id, rule_id)
            as acknowledged_at,
        max(case when event in ('snoozed', 'unsnoozed') and position > begins_at then position end)
            over (partition by order_id, rule_id)
            as snoozed_at
    from lives

),

alerts as (

    select
        order_id,
        rule_id,
        max(case when position = turned_at then event end) != 'resolved' as is_open,
        min(case when event in ('opened', 'reopened') then as_of end) as first_opened_on,
        max(case when position = begins_at then as_of end) as opened_on,
        max(case when position = turned_at and event = 'resolved' then as_of end) as resolved_on,
        max(case when position = turned_at and event = 'resolved' then reason end) as resolution,
        max(case when position = escalated_at then as_of end) as escalated_on,
        max(case when position = escalated_at then audience end) as escalated_to,
        max(case when position = acknowledged_at then as_of end) as acknowledged_on,
        max(case when position = acknowledged_at then actor end) as acknowledged_by,
        max(case when position = snoozed_at and event = 'snoozed' then snoozed_until end) as snoozed_until,
        max(case when position = snoozed_at and event = 'snoozed' then actor end) as snoozed_by,
        max(case when event in ('notified', 'reminded') and position > begins_at then as_of end) as last_told_on,
        count(case when event = 'reminded' and position > begins_at then 1 end) as reminders,
        count(case when event in ('opened', 'reopened') then 1 end) as lives
    from turns
    where turned_at is not null
    group by
        order_id,
        rule_id

),

final as (

    select
        -- ids
        alerts.rule_id,
        alerts.order_id,

        -- state
        case
            when not alerts.is_open then 'resolved'
            when alerts.snoozed_until >= build.as_of then 'snoozed'
            when alerts.acknowledged_on is not null then 'acknowledged'
            when alerts.escalated_on is not null then 'escalated'
            else 'open'
        end as state,
        alerts.is_open,

        -- the beginning and the end
        alerts.first_opened_on,
        alerts.opened_on,
        alerts.resolved_on,
        alerts.resolution,

        -- what happened in between
        alerts.escalated_on,
        alerts.escalated_to,
        alerts.acknowledged_on,
        alerts.acknowledged_by,
        alerts.snoozed_until,
        alerts.snoozed_by,

        -- what was told
        alerts.last_told_on,
        cast(alerts.reminders as number(9, 0)) as reminders,
        cast(alerts.lives as number(9, 0)) as lives,
        build.as_of
    from alerts
    cross join build

)

select * from final
