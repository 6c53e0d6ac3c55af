use std::collections::{HashMap, VecDeque};

use super::Fault;

/// Which requests and webhooks go wrong.
///
/// A plan has scripts, which are used up request by request, and rates, which are probabilities
/// drawn from the seed. A draw depends on the seed, on the method and path, and on how often these
/// were asked for before, so that the order in which parallel requests arrive changes nothing.
///
/// A pattern is a path such as `/contacts/{id}/tags`, where a segment in braces stands for any
/// one segment; a `*` at the end stands for any rest; a method may stand in front, as in
/// `POST /contacts/`.
///
/// ```
/// use std::time::Duration;
///
/// use integrations_testkit::{Fault, FaultPlan};
///
/// let plan = FaultPlan::seeded(7)
///     .rate(Fault::ServerError(503), 0.05)
///     .rate(Fault::Delay(Duration::from_millis(20)), 0.1)
///     .on("/contacts/*")
///     .script("POST /contacts/", [Fault::Pass, Fault::ResetAfter]);
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct FaultPlan {
    seed: u64,
    rates: Vec<(Fault, f64)>,
    only: Vec<Pattern>,
    scripts: Vec<(Pattern, VecDeque<Fault>)>,
    asked: HashMap<String, u64>,
}

#[derive(Debug, Clone)]
struct Pattern {
    method: Option<String>,
    segments: Vec<String>,
    open: bool,
}

impl FaultPlan {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self::default()
    }

    /// A plan whose rates are drawn from this seed.
    pub fn seeded(seed: u64) -> Self {
        Self {
            seed,
            ..Self::default()
        }
    }

    /// Injects `fault` with this probability, from 0 to 1. At most one fault strikes a request,
    /// so the rates of a plan should not add up to more than 1.
    pub fn rate(mut self, fault: Fault, probability: f64) -> Self {
        self.rates.push((fault, probability));
        self
    }

    /// Restricts the rates to paths of this pattern, or of another one that was given before.
    /// Scripts and webhook faults are not restricted.
    pub fn on(mut self, pattern: &str) -> Self {
        self.only.push(Pattern::parse(pattern));
        self
    }

    /// Injects these faults into the next requests of this pattern, one each, in this order.
    /// [`Fault::Pass`] lets one through.
    pub fn script(mut self, pattern: &str, faults: impl IntoIterator<Item = Fault>) -> Self {
        let faults = faults.into_iter().collect();
        self.scripts.push((Pattern::parse(pattern), faults));
        self
    }

    /// Decides about the next request.
    pub(crate) fn decide(&mut self, method: &str, path: &str) -> Option<Fault> {
        for (pattern, faults) in &mut self.scripts {
            if pattern.matches(method, path)
                && let Some(fault) = faults.pop_front()
            {
                return (fault != Fault::Pass).then_some(fault);
            }
        }
        if !self.only.is_empty() && !self.only.iter().any(|only| only.matches(method, path)) {
            return None;
        }
        self.draw(&format!("{method} {path}"), |fault| {
            !fault.is_for_webhooks()
        })
        .0
    }

    /// Decides about the next webhook, and draws a number for how far it goes astray.
    pub(crate) fn decide_webhook(&mut self) -> (Option<Fault>, u64) {
        self.draw("webhook", Fault::is_for_webhooks)
    }

    fn draw(&mut self, key: &str, wanted: impl Fn(&Fault) -> bool) -> (Option<Fault>, u64) {
        if self.rates.is_empty() {
            return (None, 0);
        }
        let count = self.asked.entry(key.to_owned()).or_default();
        let mut rng = fastrand::Rng::with_seed(mix(self.seed, key, *count));
        *count += 1;
        let mut drawn = rng.f64();
        let struck = self.rates.iter().find(|(fault, probability)| {
            let hit = wanted(fault) && drawn < *probability;
            if wanted(fault) {
                drawn -= probability;
            }
            hit
        });
        (struck.map(|(fault, _)| fault.clone()), rng.u64(..))
    }
}

/// FNV-1a, which is the same on every machine.
pub(crate) fn mix(seed: u64, key: &str, count: u64) -> u64 {
    let bytes = seed.to_le_bytes().into_iter();
    let bytes = bytes.chain(key.bytes()).chain(count.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl Pattern {
    fn parse(text: &str) -> Self {
        let (method, path) = match text.split_once(' ') {
            Some((method, path)) => (Some(method.to_uppercase()), path),
            None => (None, text),
        };
        let open = path.ends_with('*');
        let path = path.trim_end_matches('*').trim_matches('/');
        Self {
            method,
            segments: path.split('/').map(str::to_owned).collect(),
            open,
        }
    }

    fn matches(&self, method: &str, path: &str) -> bool {
        if self.method.as_ref().is_some_and(|wanted| wanted != method) {
            return false;
        }
        let given: Vec<_> = path.trim_matches('/').split('/').collect();
        let long_enough = if self.open {
            given.len() >= self.segments.len() || self.segments == [""]
        } else {
            given.len() == self.segments.len()
        };
        let same = |(wanted, given): (&String, &&str)| {
            wanted == given || wanted.starts_with('{') || (self.open && wanted.is_empty())
        };
        long_enough && self.segments.iter().zip(&given).all(same)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let check = |pattern: &str, method: &str, path: &str, expected: bool| {
            let matched = Pattern::parse(pattern).matches(method, path);
            assert_eq!(matched, expected, "{pattern} on {method} {path}");
        };
        check("/contacts/", "GET", "/contacts/", true);
        check("/contacts/", "GET", "/contacts", true);
        check("/contacts/", "GET", "/contacts/search", false);
        check("/contacts/*", "GET", "/contacts/search", true);
        check("/contacts/*", "GET", "/contacts", true);
        check("/contacts/*", "GET", "/conversations/search", false);
        check("/contacts/{id}/tags", "POST", "/contacts/abc/tags", true);
        check("/contacts/{id}", "POST", "/contacts/abc/tags", false);
        check("POST /contacts/", "GET", "/contacts/", false);
        check("post /contacts/", "POST", "/contacts/", true);
        check("/*", "GET", "/anything/at/all", true);
    }

    #[test]
    fn draws_repeat_with_the_seed_and_not_with_another() {
        let run = |seed| {
            let mut plan = FaultPlan::seeded(seed).rate(Fault::ServerError(503), 0.3);
            (0..200)
                .map(|_| plan.decide("GET", "/contacts/").is_some())
                .collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        let struck = run(7).into_iter().filter(|struck| *struck).count();
        assert!((30..=90).contains(&struck), "{struck} of 200 at 30 %");
    }

    #[test]
    fn draws_do_not_depend_on_other_paths() {
        let plan = || FaultPlan::seeded(3).rate(Fault::ResetBefore, 0.5);
        let (mut alone, mut mixed) = (plan(), plan());
        for _ in 0..50 {
            let _ = mixed.decide("GET", "/users/");
            assert_eq!(
                alone.decide("GET", "/contacts/"),
                mixed.decide("GET", "/contacts/")
            );
        }
    }

    #[test]
    fn scripts_are_used_up_in_order() {
        let mut plan = FaultPlan::none().script("/contacts/*", [Fault::Pass, Fault::HtmlOnOk]);
        assert_eq!(plan.decide("GET", "/users/"), None);
        assert_eq!(plan.decide("GET", "/contacts/a"), None);
        assert_eq!(plan.decide("GET", "/contacts/b"), Some(Fault::HtmlOnOk));
        assert_eq!(plan.decide("GET", "/contacts/c"), None);
    }

    #[test]
    fn rates_add_up_and_keep_to_their_paths() {
        let mut plan = FaultPlan::seeded(1)
            .rate(Fault::EmptyBody, 0.5)
            .rate(Fault::NoContent, 0.5)
            .on("/contacts/*");
        let all: Vec<_> = (0..40).map(|_| plan.decide("GET", "/contacts/a")).collect();
        assert!(all.iter().all(Option::is_some));
        assert!(all.contains(&Some(Fault::EmptyBody)) && all.contains(&Some(Fault::NoContent)));
        assert_eq!(plan.decide("GET", "/users/"), None);
    }
}
