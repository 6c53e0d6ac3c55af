#![doc = include_str!("../README.md")]

mod audit;
mod batch;
mod budgets;
mod check;
mod columns;
mod conflicts;
mod cursors;
mod dead_letters;
mod deployment;
mod dialect;
mod echoes;
mod endpoints;
mod error;
mod events;
mod flows;
mod integrations;
mod leads;
mod leases;
mod manager;
mod mappings;
mod migrate;
mod opt_outs;
mod options;
mod runs;
mod schedules;
mod sealing;
mod session;
mod sqlite;
mod states;
mod store;
mod subscriptions;
mod templates;
mod time;
mod tokens;
mod transaction;
mod unmatched;

pub use audit::{Audit, AuditRow, Broken, ChainReport, NewAudit};
pub use budgets::{Budget, Budgets, Granted, Holder, Report, Shares, StoredBudget};
pub use conflicts::{ConflictId, Conflicts, NewConflict, StoredConflict};
pub use cursors::Cursors;
pub use dead_letters::{
    CauseCount, DeadLetter, DeadLetterFilter, DeadLetterId, DeadLetterStatus, DeadLetters,
    DeadSource, NewDeadLetter,
};
pub use deployment::{Deployment, WaitingEvents};
pub use echoes::{Echo, Echoes};
pub use endpoints::{
    Attempt, AttemptRow, Claimed, Delivery, DeliveryFilter, DeliveryId, DeliveryStatus, Endpoint,
    EndpointChanges, EndpointId, EndpointState, EndpointSummary, Endpoints, EventPattern, Finished,
    MessageId, NewEndpoint, NewMessage, Next, Outcome, Published, RecoverFrom, Recovered, Work,
};
pub use events::{
    ClaimedEvent, Ended, EventCounts, EventFilter, EventStatus, Events, Failure, Inserted, Lane,
    LaneLease, Lanes, NewEvent, Replayed, Step, StoredEvent,
};
pub use flows::{Flows, StoredFlow};
pub use integrations::{
    Changes, Filter, Integrations, NewIntegration, StoredIntegration, Transition, Transitioned,
};
pub use leads::{Lead, LeadFields, LeadId, Leads, Upserted};
pub use manager::{
    Authorized, Disconnected, IntegrationManager, IntegrationView, ManagerBuilder, Notice,
    Notifier, Probed, Rotation, Update, WebhookTarget,
};
pub use mappings::{
    CopyState, Mapping, MappingId, MappingState, Mappings, MessageMappings, PutMapping, Side,
};
pub use migrate::Migrated;
pub use opt_outs::{OptOutAddress, OptOutSource, OptOutWord, OptOuts, StoredOptOut};
pub use options::{Engine, StoreOptions};
pub use runs::{RunCounts, RunId, RunKind, RunStatus, Runs, StoredRun};
pub use schedules::{Due, MissedRuns, NewSchedule, ScheduleSpec, Schedules, StoredSchedule};
pub use sealing::{PAYLOAD_FIELD, event_record, nobody, unmatched_record};
pub use states::States;
pub use store::Store;
pub use subscriptions::{DueSubscription, StoredSubscription, Subscriptions};
pub use templates::{StoredTemplate, Templates};
pub use tokens::Tokens;
pub use transaction::{SqlxPool, SqlxTransaction, Transaction, sqlx_error};
pub use unmatched::{Attributable, NewUnmatched, UnmatchedLimits};
