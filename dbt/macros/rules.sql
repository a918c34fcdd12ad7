{# Whether a rule applies to an order, by what the rule names; what it leaves open is any. #}
{% macro applies_to(rules, orders) -%}
    coalesce({{ rules }}.shipping_tier = {{ orders }}.shipping_tier, {{ rules }}.shipping_tier is null)
    and coalesce({{ rules }}.country = {{ orders }}.country, {{ rules }}.country is null)
    and coalesce({{ rules }}.carrier = {{ orders }}.carrier, {{ rules }}.carrier is null)
    and coalesce({{ rules }}.segment = {{ orders }}.segment, {{ rules }}.segment is null)
    and {{ orders }}.order_day between {{ rules }}.valid_from and {{ rules }}.valid_to
{%- endmacro %}


{# The columns of seeds/sla_rules.csv. #}
{% macro rule_columns() %}
    {{ return([
        'rule_id', 'description', 'clock_start', 'clock_stop', 'threshold', 'unit', 'at_risk_before', 'severity',
        'owner', 'tier', 'country', 'carrier', 'segment', 'valid_from', 'valid_to'
    ]) }}
{% endmacro %}


{# Whether a row that people write has anything in it: spreadsheets like to leave empty lines at the end. #}
{% macro says_something(columns) -%}
    (
        {%- for column in columns %}
        {{ 'or ' if not loop.first }}coalesce(trim({{ column }}), '') != ''
        {%- endfor %}
    )
{%- endmacro %}


{# Stops the build with the names of columns that a table which people write lacks. #}
{% macro require_columns(relation, file, names) %}
    {%- if execute -%}
        {%- set found = adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | list -%}
        {%- set missing = names | reject('in', found) | list -%}
        {%- if missing -%}
            {{ exceptions.raise_compiler_error(
                file ~ " lacks the column" ~ ('s ' if missing | length > 1 else ' ') ~ missing | join(', ')
                ~ "; its first line names " ~ found | join(', ')
            ) }}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}


{#
    The day at whose end a clock that has not stopped has broken its rule, as a DATE.

    Days are calendar days: 7 days after any moment of the 1st are over at the end of the 8th, so the rule breaks on
    the 9th. Hours are exact: 48 hours after 10:00 on the 1st it breaks, on the 3rd.
#}
{% macro breaks_on(rules, started_at) -%}
    case {{ rules }}.unit
        when 'day' then cast(dateadd(day, {{ rules }}.threshold + 1, {{ started_at }}) as date)
        when 'hour' then cast(dateadd(hour, {{ rules }}.threshold, {{ started_at }}) as date)
    end
{%- endmacro %}


{# Whether a clock that stopped had broken its rule before: later than the threshold, not on it. #}
{% macro broke(rules, started_at, stopped_at) -%}
    case {{ rules }}.unit
        when 'day' then datediff(day, {{ started_at }}, {{ stopped_at }}) > {{ rules }}.threshold
        when 'hour' then {{ stopped_at }} > dateadd(hour, {{ rules }}.threshold, {{ started_at }})
    end
{%- endmacro %}
