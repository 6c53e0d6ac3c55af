//! What a deployment looks like from outside.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use integrations_core::Result;
use tokio::time::timeout;

use super::Runtime;

/// How long the database may take to say that it is there.
const PING: Duration = Duration::from_secs(2);

/// Whether this process can do its work now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Health {
    /// Whether the database answers.
    pub database: bool,
}

impl Health {
    /// Whether requests should be sent here.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.database
    }
}

impl Runtime {
    /// Whether this process can do its work now: for a readiness check. Ends within two seconds.
    pub async fn health(&self) -> Health {
        let ping = timeout(PING, self.0.manager.store().ping()).await;
        Health {
            database: matches!(ping, Ok(Ok(()))),
        }
    }

    pub(super) async fn measure(&self) -> Result<()> {
        for count in self.0.jobs.totals().await? {
            metrics::gauge!("integrations_jobs", "kind" => count.kind, "state" => count.state.as_str())
                .set(number(count.count));
        }
        for queue in self.0.jobs.backlog().await? {
            metrics::gauge!("integrations_queue_oldest_seconds", "queue" => queue.queue)
                .set(queue.oldest.as_secs_f64());
        }
        let deployment = self.0.manager.store().deployment();
        let waiting = deployment.waiting_events().await?;
        for (status, count) in [
            ("pending", waiting.pending),
            ("processing", waiting.processing),
            ("kept", waiting.kept),
        ] {
            metrics::gauge!("integrations_events_waiting", "status" => status).set(number(count));
        }
        metrics::gauge!("integrations_events_oldest_seconds").set(waiting.oldest.as_secs_f64());
        let mut causes = BTreeMap::new();
        for count in deployment.dead_letter_counts().await? {
            *causes
                .entry((count.source.as_str(), count.cause))
                .or_default() += count.count;
        }
        self.0.causes.show(causes);
        Ok(())
    }
}

type Causes = BTreeMap<(&'static str, String), u64>;

/// The dead letters that were shown last: a cause that is gone is shown as none, or its last number would stay for ever.
#[derive(Default)]
pub(super) struct Shown(Mutex<Causes>);

impl Shown {
    fn show(&self, causes: Causes) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (source, cause) in last.keys().filter(|cause| !causes.contains_key(*cause)) {
            gauge(source, cause).set(0.0);
        }
        for ((source, cause), count) in &causes {
            gauge(source, cause).set(number(*count));
        }
        *last = causes;
    }
}

fn gauge(source: &'static str, cause: &str) -> metrics::Gauge {
    metrics::gauge!("integrations_dead_letters", "source" => source, "cause" => cause.to_owned())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a gauge of rows is exact up to 2^53"
)]
fn number(count: u64) -> f64 {
    count as f64
}
