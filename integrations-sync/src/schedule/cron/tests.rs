use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The next times after the first.
fn times(schedule: &Schedule, from: &str, count: usize) -> Vec<String> {
    let mut all = Vec::new();
    let mut now = at(from);
    for _ in 0..count {
        now = schedule.after(now).unwrap();
        all.push(now.to_string());
    }
    all
}

#[test]
fn expressions_in_a_time_zone() {
    let berlin = Schedule::cron("0 9 * * mon-fri", "Europe/Berlin").unwrap();
    assert_eq!(
        times(&berlin, "2026-11-20T08:00:00Z", 2),
        ["2026-11-23T08:00:00Z", "2026-11-24T08:00:00Z"]
    );
    let quarter = Schedule::cron("*/15 * * * *", "Asia/Kathmandu").unwrap();
    assert_eq!(
        times(&quarter, "2026-11-20T00:00:00Z", 2),
        ["2026-11-20T00:15:00Z", "2026-11-20T00:30:00Z"]
    );
    let monthly = Schedule::cron("@monthly", "UTC").unwrap();
    assert_eq!(
        times(&monthly, "2026-11-20T00:00:00Z", 2),
        ["2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"]
    );
    let either = Schedule::cron("0 0 13 * fri", "UTC").unwrap();
    assert_eq!(
        times(&either, "2026-11-10T00:00:00Z", 2),
        ["2026-11-13T00:00:00Z", "2026-11-20T00:00:00Z"]
    );
    let leap = Schedule::cron("0 0 29 2 *", "UTC").unwrap();
    assert_eq!(
        times(&leap, "2026-11-20T00:00:00Z", 1),
        ["2028-02-29T00:00:00Z"]
    );
}

#[test]
fn a_fixed_hour_comes_once_when_the_clocks_change() {
    // Forward on 2026-03-29 from 02:00 to 03:00: half past two comes an hour later by the clock.
    let night = Schedule::cron("30 2 * * *", "Europe/Berlin").unwrap();
    assert_eq!(
        times(&night, "2026-03-27T12:00:00Z", 3),
        [
            "2026-03-28T01:30:00Z",
            "2026-03-29T01:30:00Z",
            "2026-03-30T00:30:00Z"
        ]
    );
    // Back on 2026-10-25 from 03:00 to 02:00: half past two is twice, and comes the first time.
    assert_eq!(
        times(&night, "2026-10-24T12:00:00Z", 2),
        ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
    );
    assert_eq!(
        times(&night, "2026-10-25T00:45:00Z", 1),
        ["2026-10-26T01:30:00Z"],
        "between the two"
    );
}

#[test]
fn every_hour_goes_on_by_the_hours_that_pass() {
    let hourly = Schedule::cron("30 * * * *", "Europe/Berlin").unwrap();
    for (from, hours) in [("2026-03-28T23:30:00Z", 6), ("2026-10-24T22:30:00Z", 6)] {
        let mut now = at(from);
        for _ in 0..hours {
            let next = hourly.after(now).unwrap();
            assert_eq!(next.duration_since(now).as_secs(), 3600, "{now}");
            now = next;
        }
    }
}

#[test]
fn what_is_no_schedule_is_refused() {
    for bad in [
        "",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "a b c d e",
        "@reboot",
        "@every 1s",
        "TZ=UTC * * * * *",
        "CRON_TZ=UTC 0 0 * * *",
        "0 0 30 2 *",
        "0 0 0 * *",
        "5-1 * * * *",
    ] {
        assert!(Schedule::cron(bad, "UTC").is_err(), "{bad}");
    }
    for bad in ["", "Mars/Olympus", "../../etc/passwd", "+01:00x"] {
        assert!(Schedule::cron("@daily", bad).is_err(), "{bad}");
    }
    assert!(Schedule::every(Duration::ZERO).is_err());
    assert!(Schedule::every(Duration::from_millis(999)).is_err());
    assert!(Schedule::every(Duration::MAX).is_err());
}

#[test]
fn an_interval_keeps_its_beat() {
    let every = Schedule::every(Duration::from_secs(600)).unwrap();
    let due = at("2026-11-20T00:00:00Z");
    for (now, next, missed) in [
        ("2026-11-20T00:00:00Z", "2026-11-20T00:10:00Z", 1),
        ("2026-11-20T00:09:59Z", "2026-11-20T00:10:00Z", 1),
        ("2026-11-20T00:10:00Z", "2026-11-20T00:20:00Z", 2),
        ("2026-11-20T01:05:00Z", "2026-11-20T01:10:00Z", 7),
        // The clock of the database was put back.
        ("2026-11-19T23:00:00Z", "2026-11-20T00:10:00Z", 1),
    ] {
        assert_eq!(every.next(due, at(now)), Some(at(next)), "{now}");
        assert_eq!(every.missed(due, at(now)), missed, "{now}");
    }
    assert_eq!(every.missed(due, at("2030-01-01T00:00:00Z")), 1000);
}

#[test]
fn a_spec_reads_back() {
    for schedule in [
        Schedule::cron("0 4 * * *", "America/New_York").unwrap(),
        Schedule::every(Duration::from_secs(90)).unwrap(),
    ] {
        let again = Schedule::from_spec(schedule.spec()).unwrap();
        assert_eq!(again.spec(), schedule.spec());
    }
}
