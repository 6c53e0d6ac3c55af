//! Which contact of the other side is the same person: pure.

use std::collections::BTreeSet;

use integrations_core::model::Contact;

use super::config::MatchKey;
use super::content::hash;

/// By what a contact is found: hashes of its addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Card {
    pub(crate) emails: BTreeSet<u64>,
    pub(crate) phones: BTreeSet<u64>,
}

impl Card {
    pub(crate) fn of(contact: &Contact, keys: &[MatchKey]) -> Self {
        let mut card = Self::default();
        if keys.contains(&MatchKey::Email) {
            card.emails = contact
                .emails()
                .map(|email| hash(&["email", &email.normalized()]))
                .collect();
        }
        if keys.contains(&MatchKey::Phone) {
            card.phones = contact
                .phones()
                .map(|phone| hash(&["phone", phone.as_str()]))
                .collect();
        }
        card
    }

    /// All of them.
    pub(crate) fn keys(&self) -> impl Iterator<Item = u64> + '_ {
        self.emails.iter().chain(&self.phones).copied()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.emails.is_empty() && self.phones.is_empty()
    }
}

/// How a candidate stands in the flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// Nobody's.
    Free,
    /// Being created, or somebody works on it.
    Busy,
    /// Its other half was being created by somebody who is gone.
    CutOff,
    /// Another contact's.
    Taken,
}

/// How well two contacts fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// Something in common, and nothing that speaks against it.
    Full,
    /// Something in common, and something else that differs: the same phone, another e-mail address.
    Twin,
    /// Nothing in common.
    None,
}

fn fit(a: &Card, b: &Card) -> Fit {
    let email = relation(&a.emails, &b.emails);
    let phone = relation(&a.phones, &b.phones);
    match (email, phone) {
        (Some(true), Some(false)) | (Some(false), Some(true)) => Fit::Twin,
        (Some(true), _) | (_, Some(true)) => Fit::Full,
        _ => Fit::None,
    }
}

/// Whether they have one in common; `None` when one of them has none at all.
fn relation(a: &BTreeSet<u64>, b: &BTreeSet<u64>) -> Option<bool> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    Some(!a.is_disjoint(b))
}

/// Who the same person is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Match<T> {
    /// Nobody: create.
    Nobody,
    /// This one.
    One(T),
    /// One that is being worked on: look again later.
    Busy,
    /// What became of this one's other half has to be found out first: it may be who is asked about.
    CutOff(T),
    /// More than one could be.
    Ambiguous(Vec<T>),
    /// This person is the other half of another pair already.
    Duplicate(Vec<T>),
    /// One that shares an address and differs in another.
    Twins(Vec<T>),
}

/// Finds the same person among candidates.
pub(crate) fn choose<T: Clone>(me: &Card, candidates: &[(T, Card, Standing)]) -> Match<T> {
    let (mut free, mut taken, mut twins) = (Vec::new(), Vec::new(), Vec::new());
    let (mut busy, mut cut_off) = (false, None);
    for (candidate, card, standing) in candidates {
        match (fit(me, card), standing) {
            (Fit::None, _) => {}
            (_, Standing::Busy) => busy = true,
            (_, Standing::CutOff) => cut_off = Some(candidate.clone()),
            (Fit::Full, Standing::Free) => free.push(candidate.clone()),
            (Fit::Full, Standing::Taken) => taken.push(candidate.clone()),
            (Fit::Twin, _) => twins.push(candidate.clone()),
        }
    }
    if let Some(candidate) = cut_off.filter(|_| !busy) {
        return Match::CutOff(candidate);
    }
    match (busy, free.len(), taken.is_empty(), twins.is_empty()) {
        (true, ..) => Match::Busy,
        (_, 1, ..) => Match::One(free.remove(0)),
        (_, 2.., ..) => Match::Ambiguous(free),
        (_, 0, false, _) => Match::Duplicate(taken),
        (_, 0, true, false) => Match::Twins(twins),
        (_, 0, true, true) => Match::Nobody,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(emails: &[u64], phones: &[u64]) -> Card {
        Card {
            emails: emails.iter().copied().collect(),
            phones: phones.iter().copied().collect(),
        }
    }

    #[test]
    fn the_table_of_matches() {
        use Standing::{Busy, CutOff, Free, Taken};
        let me = card(&[1], &[10]);
        let chosen = |others: &[(&'static str, Card, Standing)]| choose(&me, others);
        assert_eq!(chosen(&[]), Match::Nobody);
        assert_eq!(chosen(&[("a", card(&[2], &[20]), Free)]), Match::Nobody);
        assert_eq!(chosen(&[("a", card(&[], &[]), Free)]), Match::Nobody);
        for same in [card(&[1], &[10]), card(&[1], &[]), card(&[], &[10, 11])] {
            assert_eq!(chosen(&[("a", same.clone(), Free)]), Match::One("a"));
            assert_eq!(
                chosen(&[("a", same.clone(), Taken)]),
                Match::Duplicate(vec!["a"])
            );
            let cut_off = ("a", same.clone(), CutOff);
            assert_eq!(chosen(std::slice::from_ref(&cut_off)), Match::CutOff("a"));
            assert_eq!(chosen(&[cut_off, ("b", same.clone(), Busy)]), Match::Busy);
            assert_eq!(chosen(&[("a", same, Busy)]), Match::Busy);
        }
        for twin in [card(&[2], &[10]), card(&[1], &[20])] {
            assert_eq!(
                chosen(&[("a", twin.clone(), Free)]),
                Match::Twins(vec!["a"])
            );
            assert_eq!(chosen(&[("a", twin, Taken)]), Match::Twins(vec!["a"]));
        }
        let both = [("a", card(&[1], &[]), Free), ("b", card(&[], &[10]), Free)];
        assert_eq!(chosen(&both), Match::Ambiguous(vec!["a", "b"]));
        // One that fits in full beats twins and those that are taken.
        let mixed = [
            ("twin", card(&[2], &[10]), Free),
            ("taken", card(&[1], &[]), Taken),
            ("me", card(&[1], &[10]), Free),
        ];
        assert_eq!(chosen(&mixed), Match::One("me"));
    }

    #[test]
    fn without_addresses_nobody_is_the_same() {
        let nobody = Card::default();
        assert!(nobody.is_empty());
        let others = [("a", Card::default(), Standing::Free)];
        assert_eq!(choose(&nobody, &others), Match::Nobody);
    }
}
