/// The variable that [`AllowedEvents::from_env`] reads.
pub const VARIABLE: &str = "ALOWARE_WEBHOOK_ALLOWED_EVENTS";

/// Families whose members are allowed together: one of them on the list lets in all.
const FAMILIES: [&str; 2] = ["OutboundPhoneCall-", "InboundPhoneCall-"];

/// Which events are wanted, by the names that the provider writes.
///
/// ```
/// use aloware_client::webhook::AllowedEvents;
///
/// let allowed = AllowedEvents::parse("Recording-Saved, OutboundPhoneCall-DispositionCompleted");
/// assert!(allowed.allows("Recording-Saved"));
/// assert!(allowed.allows("OutboundPhoneCall-DispositionFailed"), "of the same family");
/// assert!(!allowed.allows("OutboundPhoneCall"), "the beginning of a call is named by itself");
/// assert!(!allowed.allows("InboundPhoneCall-DispositionMissed"));
/// assert!(AllowedEvents::parse(" , ").allows("anything"), "an empty list is none");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AllowedEvents(Vec<String>);

impl AllowedEvents {
    /// Every event.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Those of a list with commas: each by its name, and all `OutboundPhoneCall-…` or `InboundPhoneCall-…` when one of
    /// them is named. An empty list allows every event.
    #[must_use]
    pub fn parse(list: &str) -> Self {
        let names = list.split(',').map(str::trim);
        let names = names.filter(|name| !name.is_empty());
        Self(names.map(str::to_owned).collect())
    }

    /// Those of `ALOWARE_WEBHOOK_ALLOWED_EVENTS`; every event when it is not set.
    #[must_use]
    pub fn from_env() -> Self {
        std::env::var(VARIABLE).map_or_else(|_| Self::all(), |list| Self::parse(&list))
    }

    /// Whether an event of this name is wanted.
    #[must_use]
    pub fn allows(&self, name: &str) -> bool {
        if self.0.is_empty() || self.0.iter().any(|listed| listed == name) {
            return true;
        }
        FAMILIES.iter().any(|family| {
            name.starts_with(family) && self.0.iter().any(|listed| listed.starts_with(family))
        })
    }
}
