{#
    A node's schema is the one it names (STAGING, MARTS, ALERTS), not a suffix to the profile's. A day before the one
    the models stand at has schemas of its own, so that looking back leaves today's tables as they are.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}{{ '_PAST' if var('past') }}
{%- endmacro %}
