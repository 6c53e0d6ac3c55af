use std::time::Duration;

use integrations_core::TenantId;
use integrations_core::http::Priority;
use tokio::time::sleep;

use super::world::{Job, Process, Provider, Rows, class};

const DATABASE: Duration = Duration::from_millis(5);
const FLIGHT: Duration = Duration::from_millis(50);

#[tokio::test(start_paused = true)]
async fn who_comes_later_gets_a_fair_share() {
    let class = class(100, Duration::from_secs(10));
    let (rows, provider) = (Rows::new(), Provider::new(class));
    let job = Job::new(&provider, class, FLIGHT);
    let mut one = Process::start(&rows, DATABASE, 0, 1);
    one.work(150, &job);
    sleep(Duration::from_secs(25)).await;
    let late = Job::new(&provider, class, FLIGHT);
    let mut two = Process::start(&rows, DATABASE, 0, 2);
    two.work(150, &late);
    sleep(Duration::from_secs(20)).await;
    let before = (job.sent(), late.sent());
    let used = provider.use_during(Duration::from_secs(50)).await;
    let (first, second) = (job.sent() - before.0, late.sent() - before.1);
    eprintln!("late joiner: {used:.4} used, {first} and {second}");
    assert!(used >= 0.95, "{used}");
    assert!(second * 10 >= first * 9, "{first} and {second}");
    provider.check();
}

/// One sends a little now and then, the other all it can: the little one is not held up, and nothing is wasted.
#[tokio::test(start_paused = true)]
async fn a_little_work_beside_much() {
    let class = class(100, Duration::from_secs(10));
    let (rows, provider) = (Rows::new(), Provider::new(class));
    let mut little = Job::new(&provider, class, FLIGHT);
    little.pause = Duration::from_millis(1000);
    let much = Job::new(&provider, class, FLIGHT);
    let mut one = Process::start(&rows, DATABASE, 0, 1);
    one.work(2, &little);
    let mut two = Process::start(&rows, DATABASE, 0, 2);
    two.work(200, &much);
    sleep(Duration::from_secs(30)).await;
    let (before, exchanges) = (little.sent(), rows.exchanges());
    little.waits.lock().unwrap().clear();
    let used = provider.use_during(Duration::from_secs(100)).await;
    let waits = little.waits.lock().unwrap().clone();
    let mean = waits.iter().sum::<Duration>() / u32::try_from(waits.len()).unwrap();
    let sent = little.sent() - before;
    let exchanges = (rows.exchanges() - exchanges) as f64 / 100.0;
    eprintln!(
        "a little beside much: {used:.4} used, {sent} sent, mean wait {mean:?}, {exchanges} exchanges/s"
    );
    assert!(used >= 0.95, "{used}");
    // Two workers that pause a second: nearly 200 if they never wait.
    assert!(sent >= 120, "{sent}, mean wait {mean:?}");
    provider.check();
}

#[tokio::test(start_paused = true)]
async fn the_urgent_of_one_process_go_before_the_bulk_of_another() {
    let class = class(100, Duration::from_secs(10));
    let (rows, provider) = (Rows::new(), Provider::new(class));
    let mut bulk = Job::new(&provider, class, FLIGHT);
    bulk.priority = Priority::Bulk;
    let mut urgent = Job::new(&provider, class, FLIGHT);
    urgent.priority = Priority::Urgent;
    urgent.pause = Duration::from_millis(400);
    let mut one = Process::start(&rows, DATABASE, 0, 1);
    one.work(300, &bulk);
    sleep(Duration::from_secs(25)).await;
    let mut two = Process::start(&rows, DATABASE, 0, 2);
    two.work(3, &urgent);
    sleep(Duration::from_secs(20)).await;
    urgent.waits.lock().unwrap().clear();
    let used = provider.use_during(Duration::from_secs(100)).await;
    let mut waits = urgent.waits.lock().unwrap().clone();
    waits.sort();
    let (p50, p95) = (waits[waits.len() / 2], waits[waits.len() * 95 / 100]);
    eprintln!(
        "urgent beside bulk: {used:.4} used, {} urgent, wait p50 {p50:?} p95 {p95:?}",
        waits.len()
    );
    assert!(used >= 0.95, "{used}");
    assert!(p50 <= Duration::from_millis(600), "{p50:?}");
    provider.check();
}

#[tokio::test(start_paused = true)]
async fn tenants_share_alike_in_one_process_and_across() {
    let class = class(100, Duration::from_secs(10));
    let (rows, provider) = (Rows::new(), Provider::new(class));
    let tenant = |name: &str, at| {
        let mut job = Job::new(&provider, class, FLIGHT);
        (job.tenant, job.seed) = (Some(TenantId::new(name).unwrap()), at);
        job
    };
    let (a, b, c, d) = (
        tenant("a", 1),
        tenant("b", 2),
        tenant("c", 3),
        tenant("d", 4),
    );
    let mut one = Process::start(&rows, DATABASE, 0, 1);
    let mut two = Process::start(&rows, DATABASE, 0, 2);
    one.work(400, &a);
    two.work(300, &b);
    two.work(100, &c);
    two.work(100, &d);
    sleep(Duration::from_secs(60)).await;
    let before = [&a, &b, &c, &d].map(Job::sent);
    let used = provider.use_during(Duration::from_secs(200)).await;
    let sent: Vec<u64> = [&a, &b, &c, &d]
        .iter()
        .zip(before)
        .map(|(job, before)| job.sent() - before)
        .collect();
    eprintln!("tenants: {used:.4} used, {sent:?}");
    assert!(used >= 0.95, "{used}");
    let (least, most) = (sent.iter().min().unwrap(), sent.iter().max().unwrap());
    assert!(least * 10 >= most * 8, "{sent:?}");
    provider.check();
}
