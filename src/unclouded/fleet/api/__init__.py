"""The HTTP API of a fleet: homes, history, energy, commands, people, audit. Everything is below /api/fleet.

    GET    /homes?org&state&flag&version&q&after&limit      HomesView: the worst first; summary in the first page
    GET    /homes/ID                                        FleetHomeView
    PATCH  /homes/ID                 HomeBody               FleetHomeView           operator
    GET    /homes/ID/history?series&start&end&points&source   HomeHistory   source=fleet|hub|"" (fleet if it can)
    GET    /homes/ID/energy?by&start&end&device&source      HomeEnergyView
    GET    /homes/ID/events?kind&after&limit                FleetEventsView
    any    /homes/ID/api/PATH                               the hub's own API at /api/PATH; X-Answered-By: ID
    POST   /homes/ID/again           AgainBody              DoneView                operator
    POST   /homes/ID/revoke                                 DoneView                owner
    POST   /homes/ID/forget          ForgetBody             DoneView                owner
    GET    /energy?by&start&end&org&…filter&home&after&limit    FleetEnergyView
    GET    /events?org&kind&after&limit                     FleetEventsView
    GET    /commands?org&home&batch&state&after&limit       FleetCommandsView
    POST   /commands                 FleetCommandBody       SentCommandsView        operator
    GET    /audit?org&who&what&after&limit                  AuditView               owner
    GET    /organisations                                   list of OrganisationView
    PATCH  /organisations/ORG        OrganisationBody       OrganisationView        owner
    GET    /organisations/ORG/persons                       list of PersonView      owner
    POST   /organisations/ORG/persons             NewPersonBody    NewPersonView    owner
    PUT    /organisations/ORG/persons/ID          RoleBody         PersonView       owner
    POST   /organisations/ORG/persons/ID/password                  NewPersonView    owner
    DELETE /organisations/ORG/persons/ID                           DoneView         owner
    GET    /organisations/ORG/codes                         list of OpenCodeView    operator
    POST   /organisations/ORG/codes               NewCodeBody      CodeView         operator
    DELETE /organisations/ORG/codes/ID                             DoneView         operator
    GET    /export?content=homes|energy|events|commands|audit&format=csv|jsonl|parquet&…    a file
    GET    /session                                         FleetSessionView        public
    POST   /login                    FleetLoginBody         FleetSessionView        public
    POST   /logout                                          FleetSessionView        public
    PUT    /password                 OwnPasswordBody        FleetSessionView
    GET    /openapi.json
    WS     /changes                  page sends WatchBody; gets FleetChanges

Without a role in the column a viewer may do it. What is of an organisation in which the caller has no role is answered
with 404, as if it were not there; what their role does not allow with 403.

Source: docs/protocols/fleet.md §9, §10
"""
