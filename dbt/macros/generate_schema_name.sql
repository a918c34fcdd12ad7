{# A model's schema is the one it names (STAGING, MARTS, ALERTS), not a suffix to the profile's. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
