use std::time::Duration;

/// When and how tokens are renewed. Start with the default and set what differs.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct RefreshPolicy {
    /// How long before its end a token is renewed; `None` for the profile's margin. Up to a fifth is added at random.
    pub margin: Option<Duration>,
    /// How long a process may hold the lease; 45 s by default. It must be longer than a token call by 10 s, because a
    /// renewal that outlives its lease may be overtaken.
    pub lease_ttl: Duration,
    /// How long to wait for another process that renews; 60 s by default, longer than the lease, so that the death of
    /// its holder is waited out.
    pub lease_wait: Duration,
    /// How long a token that was called dead, or a client that was refused, is not tried again; 30 s by default. Also
    /// how young a renewed token may be for a refusal of it to be taken as final.
    pub cooldown: Duration,
    /// The longest backoff after failures that may pass; 60 s by default, from 1 s on, doubling.
    pub max_backoff: Duration,
    /// How long tokens are used before the store is asked whether they were replaced or deleted; 30 s by default.
    pub look_again: Duration,
}

impl Default for RefreshPolicy {
    fn default() -> Self {
        Self {
            margin: None,
            lease_ttl: Duration::from_secs(45),
            lease_wait: Duration::from_secs(60),
            cooldown: Duration::from_secs(30),
            max_backoff: Duration::from_secs(60),
            look_again: Duration::from_secs(30),
        }
    }
}
