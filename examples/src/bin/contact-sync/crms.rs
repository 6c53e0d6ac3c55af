//! The two simulated CRMs and the people in them.

use std::time::Duration;

use integrations_core::{Error, Result};
use integrations_testkit::SimulatedGhl;
use serde_json::{Value, json};

use crate::Arguments;
use crate::home::Home;

const COMPANY: &str = "5DP4iH6HLkQsiKESj6rh";
/// Of a hundred contacts of a side, so many are on the other side too.
const SHARED: u64 = 30;
/// The span of the limits.
pub(crate) const SECOND: Duration = Duration::from_secs(1);

const FIRST: [&str; 12] = [
    "Ada", "Ben", "Cleo", "Dario", "Edith", "Femi", "Greta", "Hugo", "Iris", "Jonas", "Kira",
    "Liam",
];
const LAST: [&str; 10] = [
    "Abbott", "Brandt", "Costa", "Dietz", "Evans", "Fischer", "Greene", "Haas", "Iversen", "Jensen",
];
const CITIES: [&str; 5] = [
    "Springfield",
    "Riverton",
    "Lakeside",
    "Fairview",
    "Georgetown",
];
const PAGES: [&str; 3] = [
    "https://example.com/a",
    "https://example.com/b",
    "https://example.com/c",
];

/// One side.
pub(crate) struct Crm {
    pub(crate) ghl: SimulatedGhl,
    pub(crate) location: String,
}

/// Starts a side, with its people when it is new.
pub(crate) async fn start(arguments: &Arguments, home: &Home, right: bool) -> Result<Crm> {
    let side = if right { "right" } else { "left" };
    let location = home.locations()[usize::from(right)].to_owned();
    let limit = usize::try_from(arguments.limit).unwrap_or(usize::MAX);
    let ghl = SimulatedGhl::builder()
        .seed(arguments.seed.wrapping_mul(2) + u64::from(right))
        .rate_limit(limit, SECOND)
        .daily_limit(1_000_000_000)
        .location(&location, COMPANY)
        .journal(home.journal(side))
        .start()
        .await
        .map_err(|error| {
            Error::config(format!(
                "the simulated CRM on the {side} does not start: {error}"
            ))
            .with_source(error)
        })?;
    if ghl.contact_count(&location) == 0 {
        let now = ghl.clock().now().as_millisecond();
        let people = people(u64::from(arguments.contacts), arguments.seed, right, now);
        let _ids = ghl.seed_contacts_as(&location, people);
    }
    Ok(Crm { ghl, location })
}

/// How many people there are in all, for so many contacts a side.
pub(crate) fn persons(contacts: u64) -> u64 {
    2 * contacts - shared(contacts)
}

pub(crate) fn shared(contacts: u64) -> u64 {
    contacts * SHARED / 100
}

/// The people of a side, those of both sides scattered among them.
fn people(contacts: u64, seed: u64, right: bool, now: i64) -> impl Iterator<Item = Value> {
    let only = contacts - shared(contacts);
    (0..contacts).map(move |n| {
        let at = scattered(n, contacts, seed.wrapping_add(u64::from(right)));
        // The right side's own come after all of the left's.
        let number = if right { only + at } else { at };
        let both = if right {
            number < contacts
        } else {
            number >= only
        };
        let mut person = person(number, both, right);
        let behind = i64::try_from(contacts - n).unwrap_or(0) * 60_000;
        person["dateAdded"] = json!(now - behind - 86_400_000);
        person["dateUpdated"] = json!(now - behind);
        person
    })
}

/// One of the permutations of the numbers below `count`.
fn scattered(n: u64, count: u64, seed: u64) -> u64 {
    let step = (0..)
        .map(|k| count * 5 / 8 + 1 + k)
        .find(|step| coprime(*step, count));
    (n * step.unwrap_or(1) + seed % count) % count
}

fn coprime(a: u64, b: u64) -> bool {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a == 1
}

/// What a side knows of a person. The sides do not know the same of those who are on both.
fn person(number: u64, both: bool, right: bool) -> Value {
    let pick = |list: &[&str], by: u64| {
        let at = usize::try_from(by % list.len() as u64).unwrap_or(0);
        list[at].to_owned()
    };
    let first = pick(&FIRST, number);
    let last = pick(&LAST, number / 12);
    let email = format!(
        "{}.{}{number}@example.com",
        first.to_lowercase(),
        last.to_lowercase()
    );
    let phone = format!(
        "+1{}555{:04}",
        201 + number % 799,
        100 + number / 799 % 9900
    );
    let mut person = json!({
        "firstName": first,
        "lastName": last,
        "email": email,
        "phone": phone,
        "country": "US",
        "tags": if number.is_multiple_of(4) { json!(["lead"]) } else { json!([]) },
    });
    // Where the lead came from: each side keeps it in another field.
    let field = if right { "website" } else { "source" };
    let city = pick(&CITIES, number / 7);
    let page = pick(&PAGES, number);
    match (both, number % 3, right) {
        // The right has no address of theirs but the phone number, and the left no city.
        (true, 0, true) => {
            person["city"] = json!(city);
            person["email"] = Value::Null;
        }
        (true, 0, false) => person[field] = json!(page),
        // The left has no phone number.
        (true, 1, true) => person["city"] = json!(city),
        (true, 1, false) => person["phone"] = Value::Null,
        // Equal already.
        _ => {
            person["city"] = json!(city);
            person[field] = json!(page);
        }
    }
    if let Value::Object(fields) = &mut person {
        fields.retain(|_, value| !value.is_null());
    }
    person
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_there_once_and_so_many_on_both_sides() {
        for contacts in [1, 2, 3, 10, 150, 1000] {
            let keys = |right: bool| {
                let mut keys: Vec<u64> = (0..contacts)
                    .map(|n| scattered(n, contacts, 3 + u64::from(right)))
                    .collect();
                keys.sort_unstable();
                keys
            };
            assert_eq!(keys(false), (0..contacts).collect::<Vec<_>>());
            assert_eq!(keys(true), keys(false));
            let has = |right: bool| people(contacts, 3, right, 0).count() as u64;
            assert_eq!((has(false), has(true)), (contacts, contacts));
        }
        let addresses = |right| {
            people(150, 1, right, 0)
                .flat_map(|person| [person["email"].clone(), person["phone"].clone()])
                .filter_map(|value| value.as_str().map(str::to_owned))
                .collect::<std::collections::BTreeSet<_>>()
        };
        let (left, right) = (addresses(false), addresses(true));
        let both = left.intersection(&right).count();
        // One address in common for two thirds of them, and both for the rest.
        assert_eq!(both, 45 + 15);
        assert_eq!(persons(150), 255);
    }
}
