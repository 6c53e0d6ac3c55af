use std::time::Duration;

use integrations_core::http::{LimitClass, LimitKey};
use proptest::prelude::*;
use uuid::Uuid;

use super::model::{Budget, Holder, Report};

const SECOND: i64 = 1_000_000;
const CLASS: LimitClass = LimitClass {
    name: "test",
    max: 10,
    per: Duration::from_secs(1),
};

fn holder(held: u32, want: [u32; 3], weight: u32) -> Holder {
    Holder {
        id: Uuid::now_v7(),
        seq: 1,
        held,
        deadline: i64::MAX,
        gone_at: i64::MAX,
        want,
        weight,
    }
}

fn report(holder: Uuid, seq: u64, held: u32, want: u32) -> Report {
    let key = LimitKey::new("test", "a", CLASS.name);
    let mut report = Report::new(key, CLASS, holder);
    (report.seq, report.held) = (seq, held);
    report.want = [0, want, 0];
    report
}

fn got(granted: &super::Granted) -> u32 {
    granted.places.iter().map(|(count, _)| count).sum()
}

proptest! {
    #[test]
    fn shares_use_all_that_is_wanted_and_no_more_than_there_is(
        max in 1_u32..200,
        holders in proptest::collection::vec((0_u32..50, [0_u32..60, 0..60, 0..60], 0_u32..9), 0..9),
        turn in 0_i64..100,
    ) {
        let mut budget = Budget::new(max, Duration::from_secs(1));
        budget.holders = holders.into_iter().map(|(held, want, weight)| holder(held, want, weight)).collect();
        let shares = budget.shares(turn * SECOND);
        let wants: Vec<u32> = budget.holders.iter().map(|one| one.want.iter().sum()).collect();
        let wanted: u32 = wants.iter().sum();
        prop_assert_eq!(shares.due.iter().sum::<u32>(), wanted.min(max));
        for (due, want) in shares.due.iter().zip(&wants) {
            prop_assert!(due <= want);
        }
        // The urgent ones before all others.
        let urgent: u32 = budget.holders.iter().map(|one| one.want[2]).sum();
        if urgent <= max {
            for (due, one) in shares.due.iter().zip(&budget.holders) {
                prop_assert!(*due >= one.want[2]);
            }
        }
        let takers = budget.holders.iter().filter(|one| one.want != [0; 3]).count();
        if u32::try_from(takers).unwrap() <= max && urgent == 0 && budget.holders.iter().all(|one| one.want[0] == 0) {
            for (due, want) in shares.due.iter().zip(&wants) {
                prop_assert!(*due > 0 || *want == 0, "nobody starves");
            }
        }
    }
}

#[test]
fn shares_are_fair_by_weight() {
    let mut budget = Budget::new(100, Duration::from_secs(1));
    budget.holders = vec![
        holder(0, [0, 100, 0], 1),
        holder(0, [0, 10, 0], 1),
        holder(0, [0, 100, 0], 2),
    ];
    assert_eq!(budget.shares(0).due, [31, 10, 59]);
    budget.holders.push(holder(0, [0, 0, 40], 1));
    assert_eq!(budget.shares(0).due.iter().sum::<u32>(), 100);
    assert_eq!(budget.shares(0).due[3], 40);
    let mut one = Budget::new(1, Duration::from_secs(1));
    one.holders = (0..3).map(|_| holder(0, [0, 9, 0], 1)).collect();
    let turns: Vec<_> = (0..3)
        .map(|turn| one.shares(turn * SECOND * 1001 / 1000).due)
        .collect();
    assert_eq!(turns, [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "in turn");
}

#[test]
fn a_report_that_is_sent_again_moves_nothing_twice() {
    let mut budget = Budget::new(10, CLASS.per);
    let (one, two) = (Uuid::now_v7(), Uuid::now_v7());
    let first = budget.exchange(0, &report(one, 1, 0, 10));
    assert_eq!(got(&first), 10);
    let mut gives = report(one, 2, 6, 0);
    gives.returned = vec![(4, Some(Duration::from_millis(500)))];
    budget.exchange(SECOND, &gives);
    assert_eq!((budget.pool(), budget.places()), (4, 10));
    // Its answer was lost, as was what it granted to the other one at first.
    budget.exchange(SECOND, &gives);
    assert_eq!((budget.pool(), budget.places()), (4, 10));
    let granted = budget.exchange(SECOND, &report(two, 1, 0, 4));
    assert_eq!(got(&granted), 4);
    let wait = granted.places[0].1;
    assert!(
        wait >= Duration::from_millis(500) && wait < Duration::from_millis(510),
        "{wait:?}"
    );
    let again = budget.exchange(SECOND, &report(two, 1, 0, 4));
    assert_eq!((got(&again), budget.places()), (4, 10));
    assert!(again.places[0].1 >= CLASS.per, "perhaps they were used");
}

#[test]
fn the_dead_are_waited_for() {
    let mut budget = Budget::new(10, CLASS.per);
    let (one, two) = (Uuid::now_v7(), Uuid::now_v7());
    assert_eq!(got(&budget.exchange(0, &report(one, 1, 0, 10))), 10);
    let gone = 16 * SECOND;
    assert_eq!(got(&budget.exchange(gone - 1, &report(two, 1, 0, 10))), 0);
    let mut later = report(two, 2, 0, 10);
    later.seq = 2;
    let granted = budget.exchange(gone, &later);
    assert_eq!(got(&granted), 10);
    assert!(granted.places[0].1 >= CLASS.per);
    let ghost = budget.exchange(gone, &report(one, 2, 10, 10));
    assert!(ghost.lost && got(&ghost) == 0);
    assert_eq!(budget.places(), 10);
}

#[test]
fn a_limit_that_sinks_is_kept_when_places_come_back() {
    let mut budget = Budget::new(10, CLASS.per);
    let one = Uuid::now_v7();
    budget.exchange(0, &report(one, 1, 0, 10));
    let mut learned = report(one, 2, 10, 10);
    learned.max = Some(4);
    let granted = budget.exchange(0, &learned);
    let shares = granted.budget.shares(0);
    assert_eq!((shares.due, shares.too_many), (vec![4], 6));
    assert!(budget.attention_until(0) > 0);
    let mut gives = report(one, 3, 4, 4);
    gives.returned = vec![(6, Some(Duration::ZERO))];
    assert_eq!(got(&budget.exchange(0, &gives)), 0);
    assert_eq!((budget.places(), budget.pool()), (4, 0));
    let mut grows = report(one, 4, 4, 12);
    grows.max = Some(12);
    assert_eq!(got(&budget.exchange(0, &grows)), 8);
}

#[test]
fn a_clock_that_is_set_back_locks_nobody_out() {
    let mut budget = Budget::new(10, CLASS.per);
    let (one, two) = (Uuid::now_v7(), Uuid::now_v7());
    let year = 366 * 86_400 * SECOND;
    budget.exchange(year, &report(one, 1, 0, 10));
    let mut gives = report(one, 2, 5, 5);
    gives.returned = vec![(5, Some(Duration::ZERO))];
    gives.blocked = Some(Duration::from_secs(86_400));
    budget.exchange(year, &gives);
    let granted = budget.exchange(0, &report(two, 1, 0, 5));
    assert!(granted.places[0].1 <= CLASS.per.mul_f64(1.01));
    assert!(granted.budget.blocked_until <= 3_600 * SECOND);
    let later = budget.exchange(1_800 * SECOND, &report(Uuid::now_v7(), 1, 0, 10));
    assert_eq!(got(&later), 10);
}
