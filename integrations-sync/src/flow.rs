//! Two-way sync of contacts between two integrations of a tenant.
//!
//! A [`Flow`] keeps the contacts of its left and its right side equal. For one pair it compares three states, field by
//! field: what both were when they were last equal, and what each is now. What one side changed goes to the other; what
//! both changed is settled by the [`ConflictPolicy`]; what nobody can settle waits for a person
//! ([`Flow::resolve`]).
//!
//! - **Events** go to [`Flows::handle_changes`]: an event only says where to look. What comes back of our own writes is
//!   known by its content, so it ends there.
//! - **Runs** ([`Flow::run`]) read what changed since the last one, or everything; a full run also finds what was
//!   deleted, and what webhooks lost. [`Run::plan`] says what a run would do.
//! - **A crash** loses nothing and doubles nothing: before a contact is created, a committed row says so, and whoever
//!   comes after looks for it at the provider before it is created again.
//! - **Opt-outs** go to both sides, and only the side that said STOP takes it back.
//!
//! ```
//! use integrations_store::{RunKind, Side};
//! use integrations_sync::flow::{
//!     ConflictPolicy, DeletePolicy, Field, FieldRule, Flow, FlowConfig, Way,
//! };
//!
//! let config = FlowConfig::new()
//!     .with_field(FieldRule::renamed(Field::JobTitle, Field::extra("title")))
//!     .with_field(FieldRule::same(Field::Source).way(Way::ToRight))
//!     .with_constant(Side::Right, Field::Timezone, "America/New_York")
//!     .with_conflicts(ConflictPolicy::LastWriteWins)
//!     .with_deletes(DeletePolicy::Propagate);
//! assert_eq!(config.way, Way::Both);
//!
//! async fn first_run(flow: &Flow) -> integrations_core::Result<()> {
//!     let plan = flow.run(RunKind::Full).plan().await?;
//!     let writes = plan.steps.iter().filter(|step| step.writes()).count();
//!     let done = flow.run(RunKind::Full).started_by("user:42").execute().await?;
//!     assert_eq!(done.counts.created + done.counts.updated + done.counts.deleted, writes as u64);
//!     Ok(())
//! }
//! ```

mod agree;
mod base;
mod books;
mod candidates;
mod config;
mod content;
mod decide;
mod engine;
mod field;
mod flows;
mod link;
mod locks;
mod map;
mod matching;
mod merge;
mod messages;
mod position;
mod resolve;
mod run;
mod step;
mod sync;
mod write;

pub use books::Books;
pub use config::{
    Clears, ConflictPolicy, Constant, DeletePolicy, FieldRule, FlowConfig, MatchKey, Way,
};
pub use engine::{End, Flow, FlowBuilder, Handled};
pub use field::Field;
pub use flows::{Connector, Flows};
pub use map::Transform;
pub use messages::Copied;
pub use resolve::Resolution;
pub use run::{Run, RunProgress, RunReport};
pub use step::{Action, Question, Step, Synced};
