#![doc = include_str!("../README.md")]

mod audit;
mod check;
mod columns;
mod deployment;
mod dialect;
mod error;
mod events;
mod integrations;
mod leads;
mod leases;
mod manager;
mod migrate;
mod options;
mod session;
mod sqlite;
mod states;
mod store;
mod templates;
mod time;
mod tokens;

pub use audit::{Audit, AuditRow, Broken, ChainReport, NewAudit};
pub use deployment::Deployment;
pub use events::{
    ClaimedEvent, EventCounts, EventFilter, EventStatus, Events, Inserted, NewEvent, StoredEvent,
};
pub use integrations::{
    Changes, Filter, Integrations, NewIntegration, StoredIntegration, Transition, Transitioned,
};
pub use leads::{Lead, LeadFields, LeadId, Leads, Upserted};
pub use manager::{
    Authorized, Disconnected, IntegrationManager, IntegrationView, ManagerBuilder, Notice,
    Notifier, Probed, Rotation, Update, WebhookTarget,
};
pub use migrate::Migrated;
pub use options::{Engine, StoreOptions};
pub use states::States;
pub use store::Store;
pub use templates::{StoredTemplate, Templates};
pub use tokens::Tokens;
