{{
    config(
        unique_key='incident_id',
        meta={'changes': 'stg_activation__incident_changes'},
    )
}}

with deliveries as (

    select
        incident_id,
        service_id,
        kind,
        incident_text,
        coalesce(revision, 1) as revision,
        not is_deleted and coalesce(status, 'open') <> 'resolved' as is_open,
        starts_at,
        ends_at,
        changed_at,
        known_at
    from {{ affected(
        ref('stg_activation__incident_changes'), 'incident_id'
    ) }}

),

versions as (
    {{ versions_in_force(
        'deliveries', 'incident_id',
        columns=[
            'service_id', 'kind', 'incident_text', 'revision', 'is_open',
            'starts_at', 'ends_at',
        ],
        state=['service_id', 'revision', 'is_open'],
    ) }}
),

revisions as (

    select
        incident_id,
        service_id,
        kind,
        incident_text,
        revision,
        starts_at,
        ends_at,
        changed_at,
        valid_from,
        state_valid_to as valid_to,
        known_at
    from versions
    where is_open and is_new_state and service_id is not null

)

select * from revisions
