-- What is wrong with a row of seeds/alert_policies.csv, in words: people would be told otherwise than it says.
{%- set month_and_day = [
    '(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])',
    '(0[469]|11)-(0[1-9]|[12][0-9]|30)',
    '02-(0[1-9]|[12][0-9])',
] | join('|') %}
{%- set quiet_day = '(mon|tue|wed|thu|fri|sat|sun|([12][0-9]{3}|-)-(' ~ month_and_day ~ '))' %}

with

written as (

    select
        policies.*,
        trim(policies.rule_id) as written_for,
        coalesce(nullif(trim(policies.rule_id), ''), '(without rule_id)') as id,
        coalesce(trim(policies.escalate_after_days), '') != ''
        or coalesce(trim(policies.escalate_at_severity), '') != '' as escalates
    from {{ ref('alert_policies') }} as policies
    where {{ says_something(policy_columns()) }}

),

judged_by as (

    -- What the alerts are told by: nothing is judged before this test has passed.
    select count(*) as row_count
    from {{ ref('stg_alert_policies') }}
    where rule_id = '*'

),

rules as (

    select distinct rule_id from {{ ref('stg_sla_rules') }}

),

problems as (

    select
        id as rule_id,
        'rule_id is empty; * stands for every rule without a row of its own' as problem
    from written
    where coalesce(written_for, '') = ''
    union all
    select
        '*' as rule_id,
        'is missing: the policy of every rule without a row of its own' as problem
    from judged_by
    where row_count = 0
    union all
    select
        written.id as rule_id,
        'is no rule of seeds/sla_rules.csv' as problem
    from written
    left join rules
        on written.written_for = rules.rule_id
    where
        rules.rule_id is null
        and written.written_for not in ('', '*')
    union all
    select
        id as rule_id,
        concat('has ', cast(count(*) as varchar), ' rows; which of them is its policy?') as problem
    from written
    where coalesce(written_for, '') != ''
    group by id
    having count(*) > 1
    {% for column, pattern, least in [
        ('remind_every_days', '^0*[1-9][0-9]{0,4}$', 1),
        ('escalate_after_days', '^[0-9]{1,5}$', 0),
    ] %}
    union all
    select
        id as rule_id,
        concat('{{ column }} is "', {{ column }}, '", not a whole number from {{ least }} to 99999') as problem
    from written
    where not coalesce(regexp_like(nullif(trim({{ column }}), ''), '{{ pattern }}'), true)
    {% endfor %}
    {% for column, accepted in [
        ('escalate_at_severity', ['info', 'warning', 'critical']),
        ('warn_at_risk', ['yes', 'no']),
    ] %}
    union all
    select
        id as rule_id,
        concat('{{ column }} is "', {{ column }}, '", not one of {{ accepted | join(", ") }}') as problem
    from written
    where
        lower(trim({{ column }}))
        not in ('', '{{ accepted | join("', '") }}')
    {% endfor %}
    union all
    select
        id as rule_id,
        'escalate_to is empty: nobody would be told' as problem
    from written
    where
        escalates
        and coalesce(trim(escalate_to), '') = ''
    union all
    select
        id as rule_id,
        concat(
            'escalate_to is "', escalate_to, '", and nothing says when: neither escalate_after_days nor',
            ' escalate_at_severity'
        ) as problem
    from written
    where
        not escalates
        and coalesce(trim(escalate_to), '') != ''
    union all
    select
        id as rule_id,
        concat(
            'quiet_days is "', quiet_days, '", not weekdays (mon tue wed thu fri sat sun) and days written YYYY-MM-DD,',
            ' or --MM-DD for every year, with blanks between'
        ) as problem
    from written
    where
        not coalesce(
            regexp_like(
                nullif(lower(trim(quiet_days)), ''),
                '^{{ quiet_day }}( +{{ quiet_day }})*$'
            ),
            true
        )

)

select * from problems
