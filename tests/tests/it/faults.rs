//! A short life under seeded faults: what was promised holds at the end of it, whatever went wrong on the way.
//!
//! A seed that fails says how to run it alone: `INTEGRATIONS_SEED=7 cargo test -p integrations-tests faults`.

mod life;
mod plan;
mod push;
mod receive;
mod verdict;

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;

const SEEDS: std::ops::Range<u64> = 0..20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_life_under_seeded_faults_keeps_the_promises() {
    let seeds: Vec<u64> = match std::env::var("INTEGRATIONS_SEED") {
        Ok(seed) => vec![seed.parse().expect("INTEGRATIONS_SEED is a number")],
        Err(_) => SEEDS.collect(),
    };
    let lives = seeds.into_iter().map(|seed| async move {
        let life = AssertUnwindSafe(life::live(seed)).catch_unwind();
        life.await.map_err(|_| seed)
    });
    let (mut failed, mut struck, mut unknown) = (Vec::new(), 0, 0);
    for life in futures_util::future::join_all(lives).await {
        match life {
            Ok(summary) => {
                struck += summary.faults;
                unknown += summary.unknown;
            }
            Err(seed) => failed.push(seed),
        }
    }
    let again: Vec<_> = failed
        .iter()
        .map(|seed| format!("INTEGRATIONS_SEED={seed} cargo test -p integrations-tests faults"))
        .collect();
    assert!(failed.is_empty(), "run again with:\n{}", again.join("\n"));
    println!("{struck} faults struck; {unknown} writes ended with an unknown outcome");
}
