use std::sync::atomic::Ordering;
use std::time::Duration;

use integrations_core::ErrorKind;
use integrations_core::http::{Acquire, LimitSignal, RateLimiter};
use proptest::prelude::*;
use tokio::time::{Instant, sleep};

use super::world::{Job, Process, Provider, Rows, class, key};

const DATABASE: Duration = Duration::from_millis(5);

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

async fn used(
    processes: usize,
    max: u32,
    per: Duration,
    flight: Duration,
    workers: usize,
) -> (f64, f64) {
    let class = class(max, per);
    let (rows, provider) = (Rows::new(), Provider::new(class));
    let mut all = Vec::new();
    for at in 0..processes {
        let mut process = Process::start(&rows, DATABASE, 0, at as u64);
        let mut job = Job::new(&provider, class, flight);
        job.seed = at as u64 * 1000;
        process.work(workers, &job);
        all.push(process);
    }
    sleep(per * 4).await;
    let before = rows.exchanges();
    let used = provider.use_during(per * 30).await;
    let exchanges = (rows.exchanges() - before) as f64 / (per * 30).as_secs_f64();
    provider.check();
    (used, exchanges)
}

#[tokio::test(start_paused = true)]
async fn promise_08_all_processes_together_use_the_limit_and_never_more() {
    for processes in [1, 2, 4, 8] {
        let (used, exchanges) = used(
            processes,
            100,
            Duration::from_secs(10),
            Duration::from_millis(150),
            20,
        )
        .await;
        eprintln!("100 in 10 s, {processes} processes: {used:.4} used, {exchanges:.1} exchanges/s");
        assert!(used >= 0.95, "{processes} processes use {used}");
    }
}

#[tokio::test(start_paused = true)]
async fn promise_08_five_hundred_a_second_cost_few_transactions() {
    for processes in [1, 4] {
        let (used, exchanges) = used(
            processes,
            500,
            Duration::from_secs(1),
            Duration::from_millis(30),
            150,
        )
        .await;
        eprintln!("500 in 1 s, {processes} processes: {used:.4} used, {exchanges:.1} exchanges/s");
        assert!(used >= 0.95, "{processes} processes use {used}");
        assert!(
            exchanges <= 10.0 * processes as f64,
            "{exchanges} exchanges a second"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn promise_08_fewer_places_than_processes_are_used_in_turn() {
    let (class, flight) = (class(2, Duration::from_secs(5)), Duration::from_millis(50));
    let (rows, provider) = (Rows::new(), Provider::new(class));
    let mut all = Vec::new();
    for at in 0..6 {
        let mut process = Process::start(&rows, DATABASE, 0, at);
        let job = Job::new(&provider, class, flight);
        process.work(3, &job);
        all.push((process, job));
    }
    sleep(class.per * 4).await;
    let used = provider.use_during(class.per * 60).await;
    provider.check();
    let sent: Vec<u64> = all.iter().map(|(_, job)| job.sent()).collect();
    eprintln!("2 in 5 s, 6 processes: {used:.4} used, {sent:?}");
    assert!(used >= 0.9, "{used}");
    assert!(
        sent.iter().all(|sent| *sent >= 12),
        "nobody starves: {sent:?}"
    );
}

#[derive(Debug, Clone)]
struct Chaos {
    seed: u64,
    processes: usize,
    max: u32,
    per: Duration,
    flight: Duration,
    database: Duration,
    loss: u8,
}

fn chaos() -> impl Strategy<Value = Chaos> {
    let numbers = (any::<u64>(), 1_usize..6, 1_u32..60, 0_u8..30);
    let times = (200_u64..10_000, 1_u64..1500, 1_u64..200);
    (numbers, times).prop_map(
        |((seed, processes, max, loss), (per, flight, database))| Chaos {
            seed,
            processes,
            max,
            per: Duration::from_millis(per),
            flight: Duration::from_millis(flight),
            database: Duration::from_millis(database),
            loss,
        },
    )
}

/// Processes start, work, rest, lose the database, die.
async fn live_through(chaos: &Chaos) {
    let class = class(chaos.max, chaos.per);
    let (rows, provider) = (Rows::new(), Provider::new(class));
    let mut random = fastrand::Rng::with_seed(chaos.seed);
    let mut all: Vec<Process> = Vec::new();
    for round in 0..40 {
        if all.len() < chaos.processes {
            all.push(Process::start(
                &rows,
                chaos.database,
                chaos.loss,
                random.u64(..),
            ));
        }
        let at = random.usize(..all.len());
        match random.u8(..10) {
            0..4 => {
                let mut job = Job::new(&provider, class, chaos.flight);
                job.seed = random.u64(..1 << 40);
                job.pause = Duration::from_millis(random.u64(..300));
                all[at].work(random.usize(1..30), &job);
            }
            4 => all[at].rest(),
            5 => {
                let cut = &all[at].cut;
                cut.store(!cut.load(Ordering::Relaxed), Ordering::Relaxed);
            }
            6 => all.swap_remove(at).kill(),
            7 => {
                let mut process = all.swap_remove(at);
                process.rest();
                process.limiter.close().await;
            }
            8 => drop(all.swap_remove(at)),
            _ => {}
        }
        sleep(Duration::from_millis(random.u64(..4000))).await;
        provider.check();
        let _ = round;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn promise_08_nothing_makes_the_processes_exceed_the_limit(chaos in chaos()) {
        runtime().block_on(live_through(&chaos));
    }
}

/// Requests that were given up, whose places went back to the row as if they had been answered.
#[tokio::test(start_paused = true)]
async fn promise_08_what_once_exceeded_the_limit_does_not_again() {
    let chaos = Chaos {
        seed: 11_970_435_162_836_129_895,
        processes: 4,
        max: 7,
        per: Duration::from_millis(7464),
        flight: Duration::from_millis(1313),
        database: Duration::from_millis(7),
        loss: 15,
    };
    live_through(&chaos).await;
}

#[tokio::test(start_paused = true)]
async fn the_places_of_a_dead_process_come_back() {
    let class = class(50, Duration::from_secs(2));
    let (rows, provider) = (Rows::new(), Provider::new(class));
    let job = Job::new(&provider, class, Duration::from_millis(20));
    let mut one = Process::start(&rows, DATABASE, 0, 1);
    let mut two = Process::start(&rows, DATABASE, 0, 2);
    one.work(60, &job);
    two.work(60, &job);
    sleep(Duration::from_secs(10)).await;
    one.kill();
    // Lease, travel and span.
    sleep(Duration::from_millis(3000 + 2000 + 2000 + 200)).await;
    let used = provider.use_during(Duration::from_secs(20)).await;
    provider.check();
    assert!(used >= 0.95, "{used}");
    drop(two);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_closes_leaves_its_places_at_once() {
    let class = class(50, Duration::from_secs(10));
    let (rows, provider) = (Rows::new(), Provider::new(class));
    let one = Process::start(&rows, DATABASE, 0, 1);
    let two = Process::start(&rows, DATABASE, 0, 2);
    let ask = |limiter| take(limiter, class, Duration::from_millis(500));
    for _ in 0..30 {
        drop(ask(&one.limiter).await.unwrap());
        provider.arrive();
    }
    one.limiter.close().await;
    let error = ask(&one.limiter).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Store, Some("closed"))
    );
    for _ in 0..20 {
        drop(ask(&two.limiter).await.unwrap());
        provider.arrive();
    }
    assert_eq!(
        ask(&two.limiter).await.unwrap_err().kind(),
        ErrorKind::RateLimited
    );
    assert_eq!(rows.budget().places(), 50);
    provider.check();
}

async fn take(
    limiter: &integrations_sync::budget::SharedLimiter,
    class: integrations_core::http::LimitClass,
    within: Duration,
) -> integrations_core::Result<integrations_core::http::Permit> {
    let key = key();
    limiter
        .acquire(Acquire::new(&key, class, Instant::now() + within))
        .await
}

#[tokio::test(start_paused = true)]
async fn alone_a_process_hardly_asks() {
    let class = class(100, Duration::from_secs(10));
    let (rows, provider) = (Rows::new(), Provider::new(class));
    let one = Process::start(&rows, DATABASE, 0, 1);
    let started = Instant::now();
    for _ in 0..45 {
        drop(
            take(&one.limiter, class, Duration::from_secs(1))
                .await
                .unwrap(),
        );
        provider.arrive();
    }
    assert!(started.elapsed() <= DATABASE * 4, "{:?}", started.elapsed());
    assert!(rows.exchanges() <= 3, "{}", rows.exchanges());
    // Long after the last use nothing is held, and the task sleeps.
    sleep(Duration::from_secs(60)).await;
    let quiet = rows.exchanges();
    sleep(Duration::from_secs(600)).await;
    assert_eq!(rows.exchanges(), quiet);
    assert!(rows.budget().holders.is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_the_database_nothing_is_sent_and_the_error_says_so() {
    let class = class(100, Duration::from_secs(1));
    let (rows, provider) = (Rows::new(), Provider::new(class));
    let mut one = Process::start(&rows, DATABASE, 0, 1);
    one.cut.store(true, Ordering::Relaxed);
    let error = take(&one.limiter, class, Duration::from_secs(2))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Store, Some("budget_unavailable"))
    );
    assert!(error.is_retryable());
    one.cut.store(false, Ordering::Relaxed);
    let job = Job::new(&provider, class, Duration::from_millis(10));
    one.work(120, &job);
    sleep(Duration::from_secs(10)).await;
    // It goes on with what it has until its lease ends, and then stops.
    one.cut.store(true, Ordering::Relaxed);
    sleep(Duration::from_secs(1)).await;
    assert!(provider.use_during(Duration::from_secs(1)).await > 0.9);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(provider.use_during(Duration::from_secs(10)).await, 0.0);
    one.cut.store(false, Ordering::Relaxed);
    sleep(Duration::from_secs(4)).await;
    assert!(provider.use_during(Duration::from_secs(5)).await > 0.95);
    provider.check();
}

#[tokio::test(start_paused = true)]
async fn what_one_process_learns_all_know() {
    let class = class(100, Duration::from_secs(2));
    let (rows, provider) = (Rows::new(), Provider::new(class));
    let mut one = Process::start(&rows, DATABASE, 0, 1);
    let mut two = Process::start(&rows, DATABASE, 0, 2);
    let job = Job::new(&provider, class, Duration::from_millis(10));
    one.work(60, &job);
    two.work(60, &job);
    sleep(Duration::from_secs(8)).await;
    let mut signal = LimitSignal::default();
    signal.max = Some(20);
    one.limiter.observe(&key(), &signal, false);
    sleep(Duration::from_secs(3)).await;
    let used = provider.use_during(Duration::from_secs(20)).await;
    assert!((0.19..=0.2).contains(&used), "{used}");
    signal.max = Some(100);
    signal.retry_after = Some(Duration::from_secs(5));
    two.limiter.observe(&key(), &signal, true);
    sleep(Duration::from_millis(300)).await;
    assert_eq!(provider.use_during(Duration::from_secs(4)).await, 0.0);
    sleep(Duration::from_secs(3)).await;
    let used = provider.use_during(Duration::from_secs(20)).await;
    assert!(used >= 0.95, "{used}");
    provider.check();
}
