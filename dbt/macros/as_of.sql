{#
    The day a run closes, as a DATE expression. Every clock stands at the end of this day, UTC.
    It is the var `as_of`, else the latest day loaded into raw.orders; never the wall clock.
#}
{% macro as_of() -%}
    {%- set day = var('as_of') -%}
    {%- if day is none -%}
        (select max(_batch_day) from {{ source('raw', 'orders') }})
    {%- else -%}
        {{- day_of(parse_day(day)) -}}
    {%- endif -%}
{%- endmacro %}


{# A Python date as a DATE expression, which depends on no setting of the session. #}
{% macro day_of(day) -%}
    date_from_parts({{ day.year }}, {{ day.month }}, {{ day.day }})
{%- endmacro %}


{# A calendar day written YYYY-MM-DD, as a Python date; anything else stops the run and names the value. #}
{% macro parse_day(text) %}
    {%- set digits = modules.re.fullmatch('([12][0-9]{3})-(0[1-9]|1[0-2])-([0-3][0-9])', text | string) -%}
    {%- if digits -%}
        {%- set year, month, day = digits.group(1) | int, digits.group(2) | int, digits.group(3) | int -%}
        {%- set next_month = modules.datetime.date(year + month // 12, month % 12 + 1, 1) -%}
        {%- set last_day = (next_month - modules.datetime.timedelta(days=1)).day -%}
        {%- if 1 <= day <= last_day -%}
            {{ return(modules.datetime.date(year, month, day)) }}
        {%- endif -%}
    {%- endif -%}
    {{ exceptions.raise_compiler_error("as_of must be a calendar day written YYYY-MM-DD, not '" ~ text ~ "'") }}
{% endmacro %}
