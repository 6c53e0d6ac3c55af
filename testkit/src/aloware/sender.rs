use std::{
    fmt,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, header};
use tokio::sync::mpsc;

use super::{
    events::{PlainWebhook, Told},
    server::Shared,
    state::Subscription,
};
use crate::common::{
    delivery::DeliveryPolicy,
    sender::{Ready, Setup, WebhookSender},
    webhook_faults::WebhookFaults,
};

/// What the webhook's settings call *Authentication*.
#[derive(Clone)]
#[non_exhaustive]
pub enum Auth {
    /// None.
    Nothing,
    /// A user and a password, which may hold colons.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
    /// A token.
    Bearer(String),
}

impl Auth {
    /// A user and a password.
    pub fn basic(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self::Basic {
            user: user.into(),
            password: password.into(),
        }
    }

    /// Puts it on a request.
    pub fn add_to(&self, headers: &mut HeaderMap) {
        let value = match self {
            Self::Nothing => return,
            Self::Basic { user, password } => {
                format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
            }
            Self::Bearer(token) => format!("Bearer {token}"),
        };
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(header::AUTHORIZATION, value);
        }
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Basic { .. } => "Basic",
            Self::Bearer(_) => "Bearer",
        })
    }
}

/// Settings of a [`WebhookSender`].
#[must_use = "nothing is sent before it is started"]
pub struct SenderBuilder {
    shared: Arc<Shared>,
    url: String,
    auth: Auth,
    faults: WebhookFaults,
    pace: f64,
    at_once: usize,
}

impl SenderBuilder {
    pub(crate) fn new(shared: Arc<Shared>, url: String, auth: Auth) -> Self {
        Self {
            shared,
            url,
            auth,
            faults: WebhookFaults::none(),
            pace: 0.001,
            at_once: 16,
        }
    }

    /// What happens to the webhooks on their way; nothing by default. What is lost is lost: the provider never comes back.
    pub fn faults(mut self, faults: WebhookFaults) -> Self {
        self.faults = faults;
        self
    }

    /// How fast the hands of the clock turn between the events of a call; by default a thousandth, so that the two
    /// minutes until a summary take a tenth of a second.
    pub fn pace(mut self, pace: f64) -> Self {
        self.pace = pace.clamp(0.0, 1.0);
        self
    }

    /// How many deliveries are on their way at once; 16 by default.
    pub fn at_once(mut self, deliveries: usize) -> Self {
        self.at_once = deliveries.max(1);
        self
    }

    /// Starts it on the current tokio runtime.
    ///
    /// # Panics
    ///
    /// If the URL is not one.
    #[must_use = "it stops when it is dropped"]
    pub fn start(self) -> WebhookSender {
        let (told, inbox) = mpsc::unbounded_channel();
        let count: Arc<AtomicU64> = Arc::default();
        let subscription = Subscription {
            told,
            count: Arc::clone(&count),
        };
        self.shared.world().subscriptions.push(subscription);
        let (shared, own) = (self.shared, Arc::clone(&count));
        let unsubscribe = move || {
            let subscriptions = &mut shared.world().subscriptions;
            subscriptions.retain(|subscription| !Arc::ptr_eq(&subscription.count, &own));
        };
        let setup = Setup {
            url: self.url,
            // Two minutes for an answer, and never again.
            policy: DeliveryPolicy::never_again().with_timeout(Duration::from_secs(110)),
            faults: self.faults,
            at_once: self.at_once,
            told: count,
            unsubscribe: Box::new(unsubscribe),
        };
        let (auth, pace) = (self.auth, self.pace);
        setup.start(inbox, move |told: Told| prepare(told, &auth, pace))
    }
}

fn prepare(told: Told, auth: &Auth, pace: f64) -> Ready {
    let (about, after) = (told.about.to_string(), told.after.mul_f64(pace));
    let mut webhook = PlainWebhook::of(told);
    auth.add_to(&mut webhook.headers);
    Ready {
        name: |ready| format!("{} {}", ready.kind, ready.record),
        kind: webhook.event,
        record: about,
        headers: webhook.headers,
        body: webhook.body,
        after,
    }
}

impl fmt::Debug for SenderBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SenderBuilder")
            .field("auth", &self.auth)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}
