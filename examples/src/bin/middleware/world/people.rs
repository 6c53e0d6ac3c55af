//! Made-up people.

use integrations_testkit::plan::Dice;
use integrations_testkit::{SimulatedAloware, SimulatedGhl};
use serde_json::json;

use super::LOCATION;

/// How many are in both systems at the start.
const BOTH: usize = 25;
/// How many pairs have one phone number and two e-mail addresses: one person, or two, only a person can tell.
const TWINS: usize = 2;
/// Real area codes: a number of another one is not valid.
const AREAS: [&str; 12] = [
    "206", "212", "303", "312", "404", "415", "503", "512", "617", "702", "713", "916",
];
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

/// Somebody with a phone number, which is what ties the systems together. `Debug` shows the number in it, not the name.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) number: usize,
    pub(crate) phone: String,
    pub(crate) first: String,
    pub(crate) last: String,
    pub(crate) email: String,
    pub(crate) city: String,
    /// Whom Aloware knows by the same number, when that is somebody else for all that one can tell.
    pub(crate) twin: Option<Box<Person>>,
    /// The contact in GoHighLevel.
    pub(crate) ghl: Option<String>,
    /// The contact in Aloware.
    pub(crate) aloware: Option<String>,
}

impl Person {
    /// Number so-and-so, who is nowhere yet.
    pub(crate) fn made_up(number: usize, dice: &mut Dice) -> Self {
        let mut pick = |list: &[&str]| list[dice.below(list.len())].to_owned();
        let (first, last, city) = (pick(&FIRST), pick(&LAST), pick(&CITIES));
        let (area, line) = (AREAS[number / 100 % AREAS.len()], number % 100);
        Self {
            number,
            phone: format!("+1{area}55501{line:02}"),
            email: format!(
                "{}.{}{number}@example.com",
                first.to_lowercase(),
                last.to_lowercase()
            ),
            first,
            last,
            city,
            twin: None,
            ghl: None,
            aloware: None,
        }
    }

    /// As GoHighLevel writes it.
    pub(crate) fn in_ghl(&self) -> serde_json::Value {
        json!({
            "firstName": self.first,
            "lastName": self.last,
            "email": self.email,
            "phone": self.phone,
            "city": self.city,
        })
    }

    /// As Aloware writes it.
    pub(crate) fn in_aloware(&self) -> serde_json::Value {
        json!({
            "first_name": self.first,
            "last_name": self.last,
            "email": self.email,
            "phone_number": self.phone,
            "city": self.city,
        })
    }
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

/// People who are in both systems already, and nobody is told of.
pub(super) fn settle(seed: u64, ghl: &SimulatedGhl, aloware: &SimulatedAloware) -> Vec<Person> {
    let mut dice = Dice::new(seed);
    let mut people: Vec<_> = (0..BOTH)
        .map(|number| Person::made_up(number, &mut dice))
        .collect();
    for number in BOTH..BOTH + TWINS {
        let mut person = Person::made_up(number, &mut dice);
        let mut twin = Person::made_up(number, &mut dice);
        twin.email = format!("twin.{}", twin.email);
        person.twin = Some(Box::new(twin));
        people.push(person);
    }
    let ids = ghl.seed_contacts_as(LOCATION, people.iter().map(Person::in_ghl));
    for (person, id) in people.iter_mut().zip(ids) {
        let there = person.twin.as_deref().unwrap_or(person).in_aloware();
        person.ghl = Some(id);
        person.aloware = Some(aloware.seed_contact(there));
    }
    people
}
