//! The process's metrics in Prometheus' text form.

use std::sync::OnceLock;
use std::time::Duration;

use integrations_core::{Error, Result};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::time::{MissedTickBehavior, interval};

/// How often old samples of histograms are folded, so that a process that nobody scrapes does not grow.
const UPKEEP: Duration = Duration::from_secs(5);
/// Of histograms in seconds.
const BUCKETS: [f64; 12] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0,
];

/// There is one recorder in a process.
static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

/// What is measured in this process.
#[derive(Clone)]
pub(crate) struct Metrics(PrometheusHandle);

impl Metrics {
    /// Measures from now on, or goes on with it.
    pub(crate) fn install() -> Result<Self> {
        if let Some(handle) = RECORDER.get() {
            return Ok(Self(handle.clone()));
        }
        let failed = |_| Error::config("metrics cannot be recorded: somebody else does already");
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)
            .map_err(failed)?
            .install_recorder()
            .map_err(failed)?;
        Ok(Self(RECORDER.get_or_init(|| handle).clone()))
    }

    pub(crate) fn text(&self) -> String {
        self.0.render()
    }

    /// Keeps it small, until it is dropped.
    pub(crate) async fn upkeep(self) {
        let mut ticks = interval(UPKEEP);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.0.run_upkeep();
        }
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}
