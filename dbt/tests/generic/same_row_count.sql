{# `model` and `other` hold equally many rows; the one row returned shows both counts. #}
{% test same_row_count(model, other) %}

with

counted as (

    select
        (select count(*) from {{ model }}) as rows_here,
        (select count(*) from {{ other }}) as rows_there

)

select * from counted
where rows_here != rows_there

{% endtest %}
