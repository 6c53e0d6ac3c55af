//! What starts by itself: cron, intervals, renewals of subscriptions.
//!
//! A [`Schedule`] is declared once and comes by the database's clock. [`Scheduler::tick`] takes what is due and hands it
//! to a [`TickQueue`] in one transaction, so that any number of processes may call it: no tick is doubled, and none is
//! lost by a crash in between. Runs that were missed while nothing ran are made up for by one, or by none.
//!
//! [`Renewals`] keeps subscriptions to providers' webhooks alive.

mod cron;
mod renewals;
mod scheduler;

pub use cron::Schedule;
pub use renewals::{
    Connections, RenewalNews, RenewalNotice, RenewalNotifier, Renewals, RenewalsBuilder, Renewed,
};
pub use scheduler::{Scheduler, Tick, TickQueue, Ticked};
