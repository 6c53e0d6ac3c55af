//! What happens in the row, as a pure function of the row, the report and the time.
//!
//! # Why no span at the provider ever holds more than the limit
//!
//! 1. *Conservation.* There are `max` places. Each is in exactly one hand: free or cooling in the row, or held by one
//!    holder. [`Budget::exchange`] only moves them, under the row's lock; it adds some only when `max` grows, and when
//!    `max` sinks it takes what comes back out of use, the free ones first. A report that is sent again is known by its
//!    number and moves nothing twice; places that were granted in an answer that never arrived are `held` here and not
//!    there, and come back as if just used.
//! 2. *One request per place and span.* A holder sends one request at a time on a place, and none before a span after
//!    the last answer began ([`Places`](integrations_core::http::Places)); one that was given up counts as answered
//!    later, and its place stays until then. When a place changes hands, that time goes with it and only ever moves
//!    later: the age of an answer is taken before the report leaves, and the row's time is read afterwards; the wait of
//!    a grant counts from that time, and is waited out from when the answer is there.
//! 3. *The dead.* A holder stops at its own lease's end, counted from before it reported, which is no later than
//!    `deadline` here. What it sent until then has arrived by `gone_at`, a `travel` later. Only then do its places come
//!    back, as if answered at `gone_at`. Should it report later, it is told that it lost them.
//!
//! Each place so puts at most one request into any span, and all together at most `max`. What this rests on: no request
//! travels longer than `travel`, the rates of clocks differ by less than the 0.2 % that is added to the span, and
//! nobody sets the database's clock forward while places cool (one that is set back only makes them cool longer).
//!
//! # Why at least 95 % are used when there is work
//!
//! With work everywhere, the shares add up to `max` and do not change; each holder uses its places again without asking
//! here. A place is then idle for the drift (0.2 %), the grain (0.1 %) and the time that its request travels: together
//! less than 5 % when that is less than 4.7 % of the span. When shares change, places move while they cool, and lose
//! time only if the move takes longer than that.

use std::time::Duration;

use super::model::{Budget, Granted, Holder, LEVELS, Report};
use super::share::narrow;

/// What a process must look at is shown for so long: several times as long as it takes to look again.
const SHOWN: i64 = 2_000_000;
/// The database's clock may tell whole milliseconds.
const TICK: i64 = 1_000;
/// No lease and no travel is longer.
const LONGEST_LEASE: Duration = Duration::from_secs(600);
/// What headers say counts up to here, or up to the declared span.
const LONGEST_LEARNED: i64 = 3_600_000_000;
/// Answers that began within this part of a span are kept as one group.
const GRAIN: i64 = 256;
/// Of a holder's tenants.
const HEAVIEST: u32 = 1024;

impl Budget {
    /// A limit of which nothing is used.
    #[must_use]
    pub fn new(max: u32, per: Duration) -> Self {
        let (max, per) = (max.max(1), micros(per).max(1));
        Self {
            max,
            per,
            declared: (max, per),
            free: max,
            cooling: Vec::new(),
            holders: Vec::new(),
            blocked_until: 0,
            news_until: 0,
        }
    }

    /// Carries out one report.
    pub fn exchange(&mut self, now: i64, report: &Report) -> Granted {
        self.tame(now);
        self.bury(now);
        self.learn(now, report);
        let me = self.account(now, report);
        self.settle(now);
        let places = match me {
            Some(me) => self.grant(now, me),
            None => Vec::new(),
        };
        self.holders.retain(|holder| {
            holder.held > 0 || holder.deadline > now && holder.want != [0; LEVELS]
        });
        Granted {
            places,
            lost: me.is_none(),
            budget: self.clone(),
            now,
        }
    }

    /// Until when other processes should look at this without being asked.
    #[must_use]
    pub fn attention_until(&self, now: i64) -> i64 {
        let shares = self.shares(now);
        match shares.missing > 0 || shares.too_many > 0 {
            true => now + SHOWN,
            false => self.news_until,
        }
    }

    /// When nothing of this is needed any more, unless it is used again.
    #[must_use]
    pub fn is_idle(&self, now: i64) -> bool {
        self.holders.is_empty()
            && self.blocked_until <= now
            && self
                .cooling
                .iter()
                .all(|(done, _)| done + self.span() <= now)
    }

    /// The database's clock was set back, perhaps: nothing lies further ahead than it can.
    fn tame(&mut self, now: i64) {
        for (done, _) in &mut self.cooling {
            *done = (*done).min(now + TICK);
        }
        let longest = micros(LONGEST_LEASE);
        for holder in &mut self.holders {
            holder.deadline = holder.deadline.min(now + longest);
            holder.gone_at = holder.gone_at.min(now + longest * 2);
        }
        self.blocked_until = self.blocked_until.min(now + self.longest());
        self.news_until = self.news_until.min(now + SHOWN);
    }

    /// The dead give their places back.
    fn bury(&mut self, now: i64) {
        let gone = |holder: &Holder| holder.gone_at <= now;
        let buried: Vec<_> = self.holders.extract_if(.., |holder| gone(holder)).collect();
        for holder in buried {
            self.cool(holder.gone_at, holder.held);
        }
    }

    /// What the report says about the limit.
    fn learn(&mut self, now: i64, report: &Report) {
        let before = (self.max, self.per, self.blocked_until);
        let declared = (report.class.max.max(1), micros(report.class.per).max(1));
        if self.declared != declared {
            self.declared = declared;
            (self.max, self.per) = declared;
        }
        if let Some(max) = report.max.filter(|max| *max > 0) {
            self.max = max;
        }
        if let Some(per) = report.per.map(micros).filter(|per| *per > 0) {
            self.per = per.min(self.longest());
        }
        if let Some(blocked) = report.blocked {
            let until = now + micros(blocked).min(self.longest());
            self.blocked_until = self.blocked_until.max(until);
        }
        if before != (self.max, self.per, self.blocked_until) {
            self.news_until = now + SHOWN;
        }
    }

    /// Finds the holder and takes what it gives back; `None` when it is not known any more.
    fn account(&mut self, now: i64, report: &Report) -> Option<usize> {
        let known = self.holders.iter().position(|one| one.id == report.holder);
        let me = match known {
            Some(me) => me,
            None if report.seq == 1 && report.held == 0 => {
                self.holders.push(Holder {
                    id: report.holder,
                    seq: 0,
                    held: 0,
                    deadline: now,
                    gone_at: now,
                    want: [0; LEVELS],
                    weight: 1,
                });
                self.holders.len() - 1
            }
            None => return None,
        };
        let holder = &self.holders[me];
        let (seq, held) = (holder.seq, holder.held);
        // The second time, what it gives back was taken already.
        let returned: Vec<_> = match report.seq {
            again if again == seq => Vec::new(),
            next if next == seq + 1 => report.returned.clone(),
            _ => return None,
        };
        let sum: u64 = returned.iter().map(|(count, _)| u64::from(*count)).sum();
        // Places whose grant it never heard of.
        let unheard = u64::from(held).checked_sub(sum + u64::from(report.held))?;
        for (count, age) in returned {
            match age {
                Some(age) => self.cool(now + TICK - micros(age), count),
                None => self.free += count,
            }
        }
        self.cool(now + TICK, narrow(unheard));
        let lease = micros(report.lease.min(LONGEST_LEASE));
        let holder = &mut self.holders[me];
        holder.seq = report.seq;
        holder.held = report.held;
        holder.want = report.want;
        holder.weight = report.weight.clamp(1, HEAVIEST);
        holder.deadline = now + lease;
        holder.gone_at = holder.deadline + micros(report.travel.min(LONGEST_LEASE));
        Some(me)
    }

    /// Makes the pool what it must be for all places together to be `max`.
    fn settle(&mut self, now: i64) {
        let span = self.span();
        let cooled = self.cooling.extract_if(.., |(done, _)| *done + span <= now);
        let cooled: u64 = cooled.map(|(_, count)| u64::from(count)).sum();
        self.free = narrow(u64::from(self.free) + cooled);
        let (places, max) = (self.places(), u64::from(self.max));
        // The free ones first: what was used lately still counts at the provider.
        self.take(now, narrow(places.saturating_sub(max)));
        self.free = narrow(u64::from(self.free) + max.saturating_sub(places));
    }

    /// Gives the holder what it is due, and some more while nobody else lacks anything.
    fn grant(&mut self, now: i64, me: usize) -> Vec<(u32, Duration)> {
        let shares = self.shares(now);
        let holder = &self.holders[me];
        if holder.deadline <= now {
            return Vec::new();
        }
        let due = shares.due[me].saturating_sub(holder.held);
        let others = u64::from(shares.missing.saturating_sub(due));
        let wants = holder.want != [0; LEVELS] && others == 0;
        let more = match wants {
            true => (shares.due[me].saturating_add(shares.slack)).saturating_sub(holder.held),
            false => due,
        };
        let granted = self.take(now, more);
        let count: u64 = granted.iter().map(|(count, _)| u64::from(*count)).sum();
        let holder = &mut self.holders[me];
        holder.held = narrow(u64::from(holder.held) + count);
        granted
    }

    /// Takes up to so many places out of the pool, those first that may be used the soonest.
    fn take(&mut self, now: i64, count: u32) -> Vec<(u32, Duration)> {
        let span = self.span();
        let mut taken = Vec::new();
        let free = self.free.min(count);
        self.free -= free;
        if free > 0 {
            taken.push((free, Duration::ZERO));
        }
        let mut left = count - free;
        while left > 0
            && let Some((done, there)) = self.cooling.first_mut()
        {
            let part = left.min(*there);
            let wait = (*done + span - now).max(0).unsigned_abs();
            taken.push((part, Duration::from_micros(wait)));
            left -= part;
            *there -= part;
            if *there == 0 {
                self.cooling.remove(0);
            }
        }
        taken
    }

    /// Adds places to the pool whose last answers began then.
    fn cool(&mut self, done: i64, count: u32) {
        if count == 0 {
            return;
        }
        let at = self.cooling.partition_point(|(other, _)| *other < done);
        // Into a later group, never into an earlier one.
        match self.cooling.get_mut(at) {
            Some((later, there)) if *later - done <= self.per / GRAIN => *there += count,
            _ => self.cooling.insert(at, (done, count)),
        }
    }

    /// The span, with what clocks may differ by.
    fn span(&self) -> i64 {
        self.per + self.per / 500 + 1
    }

    fn longest(&self) -> i64 {
        self.declared.1.max(LONGEST_LEARNED)
    }
}

fn micros(span: Duration) -> i64 {
    crate::time::span(span)
}
