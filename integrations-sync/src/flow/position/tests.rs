use proptest::prelude::*;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[test]
fn a_listing_begins_at_the_moment_itself_and_some_time_before() {
    let mut position = Position::default();
    assert_eq!(position.since(Duration::from_secs(5)), None);
    position.advance("a", at(100));
    assert_eq!(position.since(Duration::ZERO), Some(at(100)));
    assert_eq!(position.since(Duration::from_secs(5)), Some(at(95)));
    assert!(position.has("a", Some(at(100))));
    assert!(!position.has("b", Some(at(100))));
    assert!(!position.has("a", Some(at(101))), "changed since");
    position.advance("b", at(100));
    position.advance("old", at(50));
    assert_eq!(position.at, Some(at(100)));
    assert_eq!(position.ties.len(), 2);
}

#[test]
fn a_row_that_failed_holds_the_cursor() {
    let mut progress = Progress::new(Position::default());
    for (id, second) in [("a", 1), ("b", 2), ("c", 3)] {
        progress.saw(Some(at(second)));
        if id == "b" {
            progress.failed(Some(at(second)));
        } else {
            progress.stored(id, Some(at(second)));
        }
    }
    assert_eq!(progress.page_done().at, Some(at(1)));
}

#[test]
fn without_order_the_cursor_waits_for_the_end() {
    let mut progress = Progress::new(Position::default());
    for second in [5, 3, 9] {
        progress.saw(Some(at(second)));
        progress.stored("x", Some(at(second)));
    }
    assert_eq!(progress.page_done().at, None);
    // What changed after the listing began may have been passed by.
    assert_eq!(progress.listing_done(at(7)).at, Some(at(7)));
}

#[derive(Debug, Clone)]
struct Row {
    id: String,
    at: i64,
    late: bool,
}

proptest! {
    /// Rows with few different moments, some of which appear only after others that are newer; read page by page, cut
    /// off anywhere: in the end each row has been seen as it is now.
    #[test]
    fn promise_11_no_row_is_lost_at_a_boundary(
        times in proptest::collection::vec((0i64..20, any::<bool>()), 1..60),
        page in 1usize..7,
        cuts in proptest::collection::vec(1usize..4, 0..8),
    ) {
        let rows: Vec<Row> = times.iter().enumerate().map(|(n, (at, late))| Row {
            id: format!("r{n}"), at: *at, late: *late,
        }).collect();
        let mut seen = std::collections::BTreeMap::new();
        let mut saved = Position::default();
        // Late rows appear once the first runs are over: within the lookback, that is 20 seconds here.
        let lookback = Duration::from_secs(20);
        for (run, pages) in cuts.iter().copied().chain([usize::MAX, usize::MAX]).enumerate() {
            let all_there = run >= cuts.len();
            let since = saved.since(lookback);
            let mut listed: Vec<&Row> = rows.iter()
                .filter(|row| (all_there || !row.late) && since.is_none_or(|since| at(row.at) >= since))
                .collect();
            listed.sort_by_key(|row| row.at);
            let mut progress = Progress::new(saved.clone());
            for chunk in listed.chunks(page).take(pages) {
                for row in chunk {
                    progress.saw(Some(at(row.at)));
                    if !saved.has(&row.id, Some(at(row.at))) {
                        seen.insert(row.id.clone(), row.at);
                    }
                    progress.stored(&row.id, Some(at(row.at)));
                }
                // The cursor commits with its page; a run that is cut off begins here again.
                saved = progress.page_done().clone();
            }
        }
        for row in &rows {
            prop_assert_eq!(seen.get(&row.id), Some(&row.at));
        }
    }

    /// The same without a lookback and without late rows: equal moments alone never lose a row.
    #[test]
    fn promise_11_equal_moments_need_no_lookback(
        times in proptest::collection::vec(0i64..4, 1..60),
        page in 1usize..5,
        cuts in proptest::collection::vec(1usize..3, 0..20),
    ) {
        let rows: Vec<(String, i64)> = times.iter().enumerate().map(|(n, at)| (format!("r{n}"), *at)).collect();
        let mut seen = BTreeSet::new();
        let mut saved = Position::default();
        for pages in cuts.into_iter().chain([usize::MAX]) {
            let since = saved.since(Duration::ZERO);
            let mut listed: Vec<_> = rows.iter()
                .filter(|(_, second)| since.is_none_or(|since| at(*second) >= since)).collect();
            listed.sort_by_key(|(_, second)| *second);
            let mut progress = Progress::new(saved.clone());
            for chunk in listed.chunks(page).take(pages) {
                for (id, second) in chunk {
                    progress.saw(Some(at(*second)));
                    if !saved.has(id, Some(at(*second))) {
                        prop_assert!(seen.insert(id.clone()), "read again");
                    }
                    progress.stored(id, Some(at(*second)));
                }
                saved = progress.page_done().clone();
            }
        }
        prop_assert_eq!(seen.len(), rows.len());
    }
}
