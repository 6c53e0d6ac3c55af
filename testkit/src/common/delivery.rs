use std::time::Duration;

/// How often and how fast failed webhooks come again.
///
/// GHL waits minutes to hours. Here the delays are compressed to milliseconds; the number of
/// tries and what causes them are GHL's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeliveryPolicy {
    /// Tries after the first.
    pub retries: u32,
    /// Whether only a 429 is tried again, as it was until 2026.
    pub only_429: bool,
    /// The delay before the first retry; it doubles with each.
    pub first_delay: Duration,
    /// The longest delay.
    pub longest_delay: Duration,
    /// How long one try may take.
    pub timeout: Duration,
    /// When deliveries to a URL that fails are paused; never if there is none.
    pub breaker: Option<Breaker>,
}

/// When a provider has enough of a URL. It looks at the end of a period, at GHL every three days: a URL with many tries and
/// few successes is flagged, and at its second flag nothing is sent to it until somebody enables it in the portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Breaker {
    /// A URL with no more tries in a period than this is left alone.
    pub tries: u64,
    /// The share of them, in percent, that has to succeed.
    pub percent: u64,
}

impl Breaker {
    /// With no more tries than `tries`, or at least `percent` of them successful, a URL is left alone.
    #[must_use]
    pub fn new(tries: u64, percent: u64) -> Self {
        Self { tries, percent }
    }

    pub(crate) fn flags(self, tries: u64, successes: u64) -> bool {
        tries > self.tries && successes * 100 < tries * self.percent
    }
}

impl DeliveryPolicy {
    /// What GHL documents since 2026: any answer but 2xx, and no answer, is tried again up to 12
    /// times, with exponential backoff. A URL that fails more than a tenth of over 10,000 tries is flagged.
    #[must_use]
    pub fn current() -> Self {
        Self {
            retries: 12,
            only_429: false,
            first_delay: Duration::from_millis(2),
            longest_delay: Duration::from_millis(50),
            timeout: Duration::from_secs(5),
            breaker: Some(Breaker::new(10_000, 90)),
        }
    }

    /// What GHL did before: only a 429 is tried again, 6 times. Everything else is lost at the
    /// first failure.
    #[must_use]
    pub fn before_2026() -> Self {
        Self {
            retries: 6,
            only_429: true,
            breaker: None,
            ..Self::current()
        }
    }

    /// One try, whatever comes of it.
    #[must_use]
    pub fn never_again() -> Self {
        Self {
            retries: 0,
            breaker: None,
            ..Self::current()
        }
    }

    /// The same with another timeout per try.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The same with other delays: the first before the second try, doubling up to the longest. The
    /// sum of all is how long a receiver may be down without losing anything.
    #[must_use]
    pub fn with_delays(mut self, first: Duration, longest: Duration) -> Self {
        self.first_delay = first;
        self.longest_delay = longest;
        self
    }

    /// The same with another number of tries after the first.
    #[must_use]
    pub fn with_retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// The same with another breaker.
    #[must_use]
    pub fn with_breaker(mut self, breaker: Breaker) -> Self {
        self.breaker = Some(breaker);
        self
    }

    pub(crate) fn tries_again(&self, status: Option<u16>) -> bool {
        match status {
            Some(200..=299) => false,
            Some(429) => true,
            _ => !self.only_429,
        }
    }
}

impl Default for DeliveryPolicy {
    fn default() -> Self {
        Self::current()
    }
}

/// What became of one webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// The webhook's id.
    pub webhook_id: String,
    /// The status of each try; `None` where no answer came.
    pub attempts: Vec<Option<u16>>,
    /// Whether it is a second delivery that a fault plan added.
    pub duplicate: bool,
}

impl Delivery {
    /// Whether a 2xx came in the end.
    #[must_use]
    pub fn delivered(&self) -> bool {
        matches!(self.attempts.last(), Some(Some(200..=299)))
    }
}
