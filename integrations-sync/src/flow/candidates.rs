//! Who may be the same person on the other side: asked at the provider, or looked up in what a run has listed.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use integrations_core::Result;
use integrations_core::model::Contact;
use integrations_store::{MappingState, Side};

use super::config::MatchKey;
use super::engine::Inner;
use super::matching::{Card, Match, Standing, choose};
use super::step::Action;
use super::sync::{Pass, Turn};

/// Where to look for the same person.
#[derive(Debug, Clone)]
pub(crate) enum Lookup {
    /// Ask the provider.
    Ask,
    /// A run has listed the other side; the contact's own place there, should it be created.
    Listed(Arc<Index>, Option<usize>),
}

impl Lookup {
    /// One turn is over: the contact's place in the index gets its id, or is given up.
    pub(crate) fn settle(&mut self, pass: &Pass, to: Side, turn: &Result<Turn>) {
        let Self::Listed(index, slot) = self else {
            return;
        };
        let mut slots = index.lock();
        let step = match turn {
            Ok(Turn::Done(synced)) => synced.steps.iter().find(|step| step.side == to),
            // It is tried again, and its place is kept.
            Ok(_) => return,
            Err(_) => None,
        };
        let place = match step.map(|step| (step.action, &step.id)) {
            Some((Action::Create, Some(id))) => Place::At(id.clone()),
            // A plan creates nobody, but the next one is a twin all the same.
            Some((Action::Create, None)) => Place::Planned,
            Some((Action::Link, Some(id))) if pass.plan => {
                for slot in &mut slots.slots {
                    if slot.place == Place::At(id.clone()) {
                        slot.place = Place::Planned;
                    }
                }
                return;
            }
            _ => Place::Free,
        };
        if let Some(slot) = slot.and_then(|slot| slots.slots.get_mut(slot)) {
            slot.place = place;
        }
    }
}

/// What a run knows of one side without keeping the contacts: their ids and the hashes of their addresses.
#[derive(Debug, Default)]
pub(crate) struct Index(Mutex<Slots>);

#[derive(Debug, Default)]
struct Slots {
    slots: Vec<Slot>,
    by_key: HashMap<u64, Vec<usize>>,
}

#[derive(Debug)]
struct Slot {
    place: Place,
    card: Card,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// It is there.
    At(String),
    /// It is going to be created.
    Reserved,
    /// It would be created, or linked.
    Planned,
    /// It was not created after all.
    Free,
}

impl Index {
    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A contact was listed.
    pub(crate) fn add(&self, id: &str, card: Card) {
        if !card.is_empty() {
            self.lock().push(Place::At(id.to_owned()), card);
        }
    }

    /// A contact that nobody on this side seems to be gets a place, so that the next one with the same address is
    /// noticed; `None` when somebody is there already, or it has no address.
    pub(crate) fn reserve(&self, card: &Card) -> Option<usize> {
        if card.is_empty() {
            return None;
        }
        let mut slots = self.lock();
        if card.keys().any(|key| slots.by_key.contains_key(&key)) {
            return None;
        }
        Some(slots.push(Place::Reserved, card.clone()))
    }

    /// Those with an address in common, but for the contact's own place.
    fn find(&self, card: &Card, own: Option<usize>) -> Vec<(Place, Card)> {
        let slots = self.lock();
        let hits: BTreeSet<usize> = card
            .keys()
            .filter_map(|key| slots.by_key.get(&key))
            .flatten()
            .copied()
            .filter(|slot| Some(*slot) != own)
            .collect();
        hits.into_iter()
            .filter_map(|slot| slots.slots.get(slot))
            .map(|slot| (slot.place.clone(), slot.card.clone()))
            .collect()
    }
}

impl Slots {
    fn push(&mut self, place: Place, card: Card) -> usize {
        let at = self.slots.len();
        for key in card.keys() {
            self.by_key.entry(key).or_default().push(at);
        }
        self.slots.push(Slot { place, card });
        at
    }
}

impl Inner {
    /// Finds the same person on a side.
    pub(crate) async fn same_person(
        &self,
        pass: &Pass,
        on: Side,
        contact: &Contact,
        card: &Card,
        lookup: &Lookup,
    ) -> Result<Match<String>> {
        if card.is_empty() {
            return Ok(Match::Nobody);
        }
        let keys = &self.map.config().match_by;
        let mut candidates = Vec::new();
        let mut nameless = Vec::new();
        match lookup {
            Lookup::Listed(index, own) => {
                for (place, card) in index.find(card, *own) {
                    match place {
                        Place::At(id) => candidates.push((id, card)),
                        Place::Reserved if !pass.plan => nameless.push((card, Standing::Busy)),
                        Place::Reserved | Place::Planned => nameless.push((card, Standing::Taken)),
                        Place::Free => {}
                    }
                }
            }
            Lookup::Ask => candidates = self.search(on, contact, keys).await?.unwrap_or_default(),
        }
        let mut standing = self.standing(on, candidates).await?;
        standing.extend(
            nameless
                .into_iter()
                .map(|(card, stands)| (String::new(), card, stands)),
        );
        Ok(choose(card, &standing))
    }

    /// Asks the provider for those with an address in common; `None` when it cannot be asked.
    pub(crate) async fn search(
        &self,
        on: Side,
        contact: &Contact,
        keys: &[MatchKey],
    ) -> Result<Option<Vec<(String, Card)>>> {
        let email = contact
            .email
            .as_ref()
            .filter(|_| keys.contains(&MatchKey::Email));
        let phone = contact
            .phone
            .as_ref()
            .filter(|_| keys.contains(&MatchKey::Phone));
        if email.is_none() && phone.is_none() {
            return Ok(Some(Vec::new()));
        }
        match self.contacts(on)?.find(email, phone).await {
            Ok(found) => Ok(Some(
                found
                    .iter()
                    .filter_map(|contact| {
                        let id = contact.id.as_ref()?.as_str().to_owned();
                        Some((id, Card::of(contact, keys)))
                    })
                    .collect(),
            )),
            Err(error) if error.code() == Some("unsupported") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// How candidates of a side stand in the flow.
    pub(crate) async fn standing(
        &self,
        on: Side,
        candidates: Vec<(String, Card)>,
    ) -> Result<Vec<(String, Card, Standing)>> {
        let rows = self
            .store()
            .mappings()
            .find_many(
                &self.tenant,
                &self.name,
                on,
                candidates.iter().map(|(id, _)| id.as_str()),
            )
            .await?;
        let stands: HashMap<&str, Option<Standing>> = rows
            .iter()
            .filter_map(|row| {
                let stands = match row.state {
                    _ if row.claimed => Some(Standing::Busy),
                    MappingState::Half => Some(Standing::Free),
                    MappingState::Creating => Some(Standing::CutOff),
                    // A search that still shows what was deleted.
                    MappingState::Gone => None,
                    _ => Some(Standing::Taken),
                };
                Some((row.external_id(on)?, stands))
            })
            .collect();
        Ok(candidates
            .iter()
            .filter_map(|(id, card)| {
                let stands = stands
                    .get(id.as_str())
                    .copied()
                    .unwrap_or(Some(Standing::Free))?;
                Some((id.clone(), card.clone(), stands))
            })
            .collect())
    }
}
