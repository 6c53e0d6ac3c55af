//! Who may hold how many places.

use super::model::{Budget, Holder, LEVELS};

/// Who may hold how many places; in the order of the budget's holders.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shares {
    /// What each may have, by what all want: the urgent first, then max-min fair by weight. Never more than there is.
    pub due: Vec<u32>,
    /// What each may hold beyond that while nobody lacks anything.
    pub slack: u32,
    /// How many places are missing where they are due.
    pub missing: u32,
    /// How many places there are too many, after the limit sank.
    pub too_many: u32,
}

impl Budget {
    /// Who may hold how many places at this time.
    #[must_use]
    pub fn shares(&self, now: i64) -> Shares {
        let live = |holder: &Holder| holder.deadline > now;
        // What the dead hold is out of reach until it comes back.
        let dead = self.holders.iter().filter(|holder| !live(holder));
        let dead: u64 = dead.map(|holder| u64::from(holder.held)).sum();
        let mut room = u64::from(self.max).saturating_sub(dead);
        let mut due = vec![0_u64; self.holders.len()];
        // With fewer places than takers, each span it is others' turn.
        let turn = now.max(0).unsigned_abs() / self.per.max(1).unsigned_abs();
        for level in (0..LEVELS).rev() {
            let claims = self.holders.iter().enumerate();
            let claims = claims
                .filter(|(_, holder)| live(holder) && holder.want[level] > 0)
                .map(|(at, holder)| Claim {
                    at,
                    want: u64::from(holder.want[level]),
                    weight: u64::from(holder.weight.max(1)),
                });
            room = fill(room, claims.collect(), turn, &mut due);
        }
        let due: Vec<u32> = due.into_iter().map(narrow).collect();
        let count = self.holders.iter().filter(|holder| live(holder)).count() as u64;
        let missing = self.holders.iter().zip(&due);
        let missing = missing.map(|(holder, due)| u64::from(due.saturating_sub(holder.held)));
        Shares {
            slack: narrow(room / (count + 1)),
            missing: narrow(missing.sum()),
            too_many: narrow(self.places().saturating_sub(u64::from(self.max))),
            due,
        }
    }

    /// Places that nobody holds.
    #[must_use]
    pub fn pool(&self) -> u64 {
        let cooling = self.cooling.iter().map(|(_, count)| u64::from(*count));
        u64::from(self.free) + cooling.sum::<u64>()
    }

    /// All places, wherever they are.
    #[must_use]
    pub fn places(&self) -> u64 {
        let held = self.holders.iter().map(|holder| u64::from(holder.held));
        self.pool() + held.sum::<u64>()
    }
}

struct Claim {
    at: usize,
    want: u64,
    weight: u64,
}

/// Adds what each claim gets of the room; how much is left.
fn fill(mut room: u64, mut claims: Vec<Claim>, turn: u64, due: &mut [u64]) -> u64 {
    let count = claims.len() as u64;
    if room < count {
        let start = (turn % count).wrapping_mul(room) % count;
        let start = usize::try_from(start).unwrap_or_default();
        let chosen = claims.iter().cycle().skip(start);
        for (claim, _) in chosen.zip(0..room) {
            due[claim.at] += 1;
        }
        return 0;
    }
    // One for each, so that no weight starves anybody; the rest by weight, who wants little first.
    for claim in &mut claims {
        due[claim.at] += 1;
        claim.want -= 1;
    }
    room -= count;
    claims.sort_by(|one, two| (one.want * two.weight).cmp(&(two.want * one.weight)));
    let mut weights: u64 = claims.iter().map(|claim| claim.weight).sum();
    for claim in &mut claims {
        let share = (room * claim.weight / weights.max(1)).min(claim.want);
        weights -= claim.weight;
        room -= share;
        claim.want -= share;
        due[claim.at] += share;
    }
    // What rounding left over.
    for claim in &claims {
        let share = room.min(claim.want);
        room -= share;
        due[claim.at] += share;
    }
    room
}

pub(super) fn narrow(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
