//! What a working process does beside its jobs, until it is told to stop.

use std::time::Duration;

use tokio::sync::watch::Receiver;
use tokio::time::sleep;

use super::Runtime;

/// How often the gauges are measured.
const GAUGES: Duration = Duration::from_secs(15);
/// How long a new schedule may go unnoticed.
const SCHEDULES: Duration = Duration::from_secs(1);
/// How often renewals are looked for; they are due minutes to days before the end.
const RENEWALS: Duration = Duration::from_secs(20);
/// How often health probes are looked for.
const PROBES: Duration = Duration::from_secs(1);
/// How often what is old is forgotten.
const PURGES: Duration = Duration::from_secs(60 * 60);
/// How many renewals or probes one look takes.
const BATCH: u32 = 100;

async fn stopped(stop: &mut Receiver<bool>) {
    // Also when whoever could say so is gone: the handle was dropped.
    let _ = stop.wait_for(|stop| *stop).await;
}

pub(super) async fn gauges(runtime: Runtime, mut stop: Receiver<bool>) {
    loop {
        if let Err(error) = runtime.measure().await {
            tracing::debug!(code = error.code(), "gauges not measured");
        }
        tokio::select! {
            () = sleep(GAUGES) => {}
            () = stopped(&mut stop) => return,
        }
    }
}

pub(super) async fn schedules(runtime: Runtime, mut stop: Receiver<bool>) {
    let scheduler = runtime.scheduler().clone();
    scheduler.run(SCHEDULES, stopped(&mut stop)).await;
}

pub(super) async fn renewals(runtime: Runtime, mut stop: Receiver<bool>) {
    loop {
        let renewed = tokio::select! {
            renewed = runtime.renewals().renew_due(BATCH) => renewed,
            () = stopped(&mut stop) => return,
        };
        if let Err(error) = renewed {
            tracing::warn!(code = error.code(), "renewals not looked at");
        }
        tokio::select! {
            () = sleep(RENEWALS) => {}
            () = stopped(&mut stop) => return,
        }
    }
}

pub(super) async fn purges(runtime: Runtime, mut stop: Receiver<bool>) {
    loop {
        let purged = tokio::select! {
            purged = runtime.purge_state() => purged,
            () = stopped(&mut stop) => return,
        };
        if let Err(error) = purged {
            tracing::warn!(code = error.code(), "what is old was not forgotten");
        }
        tokio::select! {
            () = sleep(PURGES) => {}
            () = stopped(&mut stop) => return,
        }
    }
}

pub(super) async fn probes(runtime: Runtime, mut stop: Receiver<bool>) {
    loop {
        let probed = tokio::select! {
            probed = runtime.manager().probe_due(BATCH) => probed.map(drop),
            () = stopped(&mut stop) => return,
        };
        if let Err(error) = probed {
            tracing::debug!(code = error.code(), "health probes not made");
        }
        tokio::select! {
            () = sleep(PROBES) => {}
            () = stopped(&mut stop) => return,
        }
    }
}
