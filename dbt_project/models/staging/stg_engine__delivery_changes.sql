{#- The view holds its instant, so outcomes alone need it anew as well. #}
{{ config(tags=['outcomes']) }}

with delivery_changes as (

    select * from {{ source('engine', 'delivery_changes') }}

),

known as (

    select *
    from delivery_changes
    where changed_at <= {{ as_of() }}

)

select * from known
