use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::SOON;
use crate::http::later;
use crate::lease::Lease;
use crate::oauth::held::Held;
use crate::oauth::keeper::Keeper;
use crate::{Error, ErrorKind, Result};

/// How long a person's authorization waits for a renewal that is under way.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whose turn it is.
pub(super) enum Turn {
    Ours(Lease),
    Theirs(Arc<Held>),
}

impl Keeper {
    /// Waits for the lease, or for somebody else's tokens.
    pub(super) async fn turn(&self) -> Result<Turn> {
        let deadline = later(Instant::now(), self.policy.lease_wait);
        let mut step = Duration::from_millis(50);
        loop {
            if let Some(lease) = self.try_lease().await? {
                return Ok(Turn::Ours(lease));
            }
            // Somebody is at it. Nobody needs to wait while the token lasts.
            if let Some(held) = self.fall_back() {
                return Ok(Turn::Theirs(held));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                self.count("lease_timeout");
                return Err(self.own(
                    Error::new(
                        ErrorKind::Timeout,
                        "another process holds the lease for renewing the token and does not finish: try later",
                    )
                    .with_code("lease_timeout"),
                ));
            }
            tokio::time::sleep(step.mul_f64(0.5 + fastrand::f64() / 2.0).min(left)).await;
            step = (step * 2).min(SOON);
            if let Some(held) = self.look().await?.held {
                self.count("taken");
                return Ok(Turn::Theirs(held));
            }
        }
    }

    pub(in crate::oauth) async fn try_lease(&self) -> Result<Option<Lease>> {
        let name = match self.key.slot.as_str() {
            "" => format!("oauth:{}", self.key.integration),
            slot => format!("oauth:{}:{slot}", self.key.integration),
        };
        let owner = uuid::Uuid::now_v7().to_string();
        self.leases
            .try_acquire(&self.key.tenant, &name, &owner, self.policy.lease_ttl)
            .await
    }

    /// The lease, if nobody clings to it.
    pub(in crate::oauth) async fn patient_lease(&self) -> Result<Option<Lease>> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(lease) = self.try_lease().await? {
                return Ok(Some(lease));
            }
            if Instant::now() >= deadline {
                return Ok(None);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    pub(in crate::oauth) async fn give_back(&self, lease: &Lease) {
        if let Err(error) = self.leases.release(lease).await {
            tracing::warn!(error = %error, "the lease for renewing a token could not be given back and has to run out");
        }
    }
}
