use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::{Result, TenantId};
use integrations_store::{Lane, Transaction};

/// Where the inbox leaves word that a lane has work.
///
/// Each entry is one job that calls [`Inbox::work_lane`](super::Inbox::work_lane) some time after the transaction's
/// commit. A job too many does no harm; one too few is made up for by [`Inbox::sweep`](super::Inbox::sweep).
#[async_trait]
pub trait LaneQueue: Debug + Send + Sync {
    /// Adds a job for each lane, in the caller's transaction.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store): then the transaction is not committed.
    async fn insert_in(
        &self,
        transaction: &mut Transaction,
        lanes: &[(TenantId, Lane)],
    ) -> Result<()>;

    /// How long the first job that nobody has taken yet has waited: zero when none waits. The sweeper gives a lane
    /// another job when the one that it gave must have been taken by now, by a process that died with it.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    async fn waited_in(&self, transaction: &mut Transaction) -> Result<Duration>;

    /// Called after that commit: whoever waits for jobs may look now.
    fn wake(&self) {}
}

#[async_trait]
impl<Q: LaneQueue + ?Sized> LaneQueue for Arc<Q> {
    async fn insert_in(
        &self,
        transaction: &mut Transaction,
        lanes: &[(TenantId, Lane)],
    ) -> Result<()> {
        (**self).insert_in(transaction, lanes).await
    }

    async fn waited_in(&self, transaction: &mut Transaction) -> Result<Duration> {
        (**self).waited_in(transaction).await
    }

    fn wake(&self) {
        (**self).wake();
    }
}
