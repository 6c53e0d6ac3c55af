//! Renewals of subscriptions, by a held clock, against a provider that forgets.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::provider::{ConnectionReport, Integration, Subscription};
use integrations_core::{Error, ErrorKind, IntegrationId, Result, TenantId, Timestamp};
use integrations_sync::schedule::{Connections, RenewalNews, RenewalNotice, Renewals, Renewed};
use url::Url;

use crate::backend::{Backend, on_both_engines, tenant};

on_both_engines!(
    none_ends_in_thirty_days_of_faults,
    somebody_is_told_once_and_again_when_it_recovers,
    what_the_provider_forgot_is_made_again,
    what_cannot_be_renewed_is_replaced,
    what_the_provider_refuses_is_not_kept,
    ending_ends_at_the_provider_and_undoes_a_renewal_on_its_way,
    many_processes_renew_each_once,
    promise_12_subscriptions_of_others_do_not_exist,
);

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A provider whose time is the test's.
#[derive(Debug, Clone)]
struct Provider(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    now: Timestamp,
    life: Duration,
    live: BTreeMap<String, Timestamp>,
    made: usize,
    renewals: usize,
    faults: f64,
    /// Fails every call with this.
    refuses: Option<fn() -> Error>,
    renewable: bool,
    /// Runs inside the next call, before it answers.
    gate: Option<Arc<tokio::sync::Notify>>,
    reached: Arc<tokio::sync::Notify>,
}

impl Provider {
    fn new(now: Timestamp, life: Duration) -> Self {
        Self(Arc::new(Mutex::new(State {
            now,
            life,
            live: BTreeMap::new(),
            made: 0,
            renewals: 0,
            faults: 0.0,
            refuses: None,
            renewable: true,
            gate: None,
            reached: Arc::default(),
        })))
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.lock().unwrap());
    }

    fn live(&self) -> usize {
        let state = self.0.lock().unwrap();
        state
            .live
            .values()
            .filter(|until| **until > state.now)
            .count()
    }

    async fn call<T>(&self, then: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        let (gate, reached) = {
            let mut state = self.0.lock().unwrap();
            (state.gate.take(), state.reached.clone())
        };
        if let Some(gate) = gate {
            reached.notify_one();
            gate.notified().await;
        }
        let mut state = self.0.lock().unwrap();
        if let Some(refuses) = state.refuses {
            return Err(refuses());
        }
        if fastrand::f64() < state.faults {
            return Err(outage());
        }
        then(&mut state)
    }
}

fn outage() -> Error {
    Error::new(ErrorKind::Server, "503").with_retryable(true)
}

fn unauthorized() -> Error {
    Error::new(ErrorKind::Auth, "the token is revoked")
}

impl State {
    fn make(&mut self) -> Subscription {
        self.made += 1;
        self.extend(format!("sub-{}", self.made))
    }

    fn extend(&mut self, id: String) -> Subscription {
        let until = self.now + self.life;
        self.live.insert(id.clone(), until);
        let mut subscription = Subscription::new(id);
        subscription.expires_at = Some(until);
        subscription
    }
}

#[async_trait]
impl Integration for Provider {
    async fn test_connection(&self) -> Result<ConnectionReport> {
        Ok(ConnectionReport::new(Duration::ZERO))
    }

    async fn subscribe(&self, _: &Url) -> Result<Subscription> {
        self.call(|state| Ok(state.make())).await
    }

    async fn renew(&self, subscription: &Subscription) -> Result<Subscription> {
        self.call(|state| {
            if !state.renewable {
                return Err(Error::new(ErrorKind::Config, "no").with_code("unsupported"));
            }
            let until = state.live.get(&subscription.id).copied();
            if until.is_none_or(|until| until <= state.now) {
                return Err(Error::new(ErrorKind::NotFound, "no such subscription"));
            }
            state.renewals += 1;
            Ok(state.extend(subscription.id.clone()))
        })
        .await
    }

    async fn unsubscribe(&self, subscription: &Subscription) -> Result<()> {
        self.call(|state| match state.live.remove(&subscription.id) {
            Some(_) => Ok(()),
            None => Err(Error::new(ErrorKind::NotFound, "no such subscription")),
        })
        .await
    }
}

#[async_trait]
impl Connections for Provider {
    async fn connect(&self, _: &TenantId, _: IntegrationId) -> Result<Arc<dyn Integration>> {
        Ok(Arc::new(self.clone()))
    }
}

type Notices = Arc<Mutex<Vec<RenewalNotice>>>;

fn renewals(backend: &Backend, provider: &Provider) -> (Renewals, Notices) {
    let notices = Notices::default();
    let heard = notices.clone();
    let renewals = Renewals::builder(&backend.store, provider.clone())
        .notifier(move |notice| heard.lock().unwrap().push(notice))
        .build();
    (renewals, notices)
}

fn news(notices: &Notices) -> Vec<RenewalNews> {
    notices
        .lock()
        .unwrap()
        .iter()
        .map(|notice| notice.news)
        .collect()
}

fn url() -> Url {
    "https://hooks.example.com/in?token=planted"
        .parse()
        .unwrap()
}

async fn none_ends_in_thirty_days_of_faults(backend: Backend) {
    let clock = backend.hold_clock().await;
    let acme = tenant("acme");
    let subscriptions = backend.store.subscriptions();
    let mut scenes = Vec::new();
    for (number, life) in [6 * HOUR, DAY, 3 * DAY, 7 * DAY].into_iter().enumerate() {
        let provider = Provider::new(clock.now().await, life);
        let (renewals, notices) = renewals(&backend, &provider);
        let row = backend.active(&acme, &format!("L{number}")).await;
        renewals.subscribe(&acme, row.id, "", &url()).await.unwrap();
        provider.change(|state| state.faults = 0.1);
        scenes.push((row.id, provider, renewals, notices));
    }
    // From one time that something is due to the next, and a worker that looks every five minutes.
    let end = clock.now().await + 30 * DAY;
    loop {
        let mut next = Timestamp::MAX;
        for (id, ..) in &scenes {
            let rows = subscriptions.list(&acme, *id).await.unwrap();
            next = next.min(rows[0].renew_at.unwrap());
        }
        let wait = next.duration_since(clock.now().await).unsigned_abs();
        clock
            .advance(wait + Duration::from_secs(fastrand::u64(1..300)))
            .await;
        let now = clock.now().await;
        if now > end {
            break;
        }
        for (_, provider, ..) in &scenes {
            provider.change(|state| state.now = now);
            assert_eq!(
                provider.live(),
                1,
                "none has ended before its renewal, at {now}"
            );
        }
        let due = backend.store.deployment();
        for (_, id, name) in due.due_subscriptions(100).await.unwrap() {
            let (_, _, renewals, _) = scenes.iter().find(|(of, ..)| *of == id).unwrap();
            renewals.renew(&acme, id, &name).await.unwrap();
        }
    }
    for (_, provider, _, notices) in &scenes {
        let state = provider.0.lock().unwrap();
        assert_eq!(state.made, 1, "renewed, never made again");
        // At two thirds of its life, or up to a tenth earlier; never much more often.
        let lives = 30.0 * 24.0 / (state.life.as_secs_f64() / 3600.0);
        assert!(
            state.renewals as f64 >= lives && state.renewals as f64 <= lives * 1.9,
            "{state:?}"
        );
        assert!(!news(notices).contains(&RenewalNews::Lapsed));
    }
}

async fn somebody_is_told_once_and_again_when_it_recovers(backend: Backend) {
    let clock = backend.hold_clock().await;
    let provider = Provider::new(clock.now().await, 3 * DAY);
    let (renewals, notices) = renewals(&backend, &provider);
    let acme = tenant("acme");
    let row = backend.active(&acme, "L1").await;
    renewals.subscribe(&acme, row.id, "", &url()).await.unwrap();
    provider.change(|state| state.refuses = Some(outage));
    clock.advance(2 * DAY).await;
    let mut tries = 0;
    while tries < 6 {
        clock.advance(HOUR).await;
        tries += renewals.renew_due(10).await.unwrap().1;
        let told = usize::from(tries >= 3);
        assert_eq!(news(&notices).len(), told, "after {tries} failures");
    }
    assert_eq!(news(&notices), [RenewalNews::Failing]);
    let stored = backend
        .store
        .subscriptions()
        .list(&acme, row.id)
        .await
        .unwrap();
    assert_eq!(
        (stored[0].failures, stored[0].error_kind.as_deref()),
        (6, Some("server"))
    );
    assert!(!format!("{stored:?}").contains("planted"));
    let now = clock.now().await;
    provider.change(|state| (state.refuses, state.now) = (None, now));
    clock.advance(HOUR).await;
    assert_eq!(renewals.renew_due(10).await.unwrap(), (1, 0));
    assert_eq!(
        news(&notices),
        [RenewalNews::Failing, RenewalNews::Recovered]
    );
    // A refused credential is told of at once.
    provider.change(|state| state.refuses = Some(unauthorized));
    clock.advance(2 * DAY).await;
    renewals.renew_due(10).await.unwrap();
    assert_eq!(news(&notices).len(), 3);
}

async fn what_the_provider_forgot_is_made_again(backend: Backend) {
    let clock = backend.hold_clock().await;
    let provider = Provider::new(clock.now().await, 3 * DAY);
    let (renewals, notices) = renewals(&backend, &provider);
    let acme = tenant("acme");
    let row = backend.active(&acme, "L1").await;
    renewals.subscribe(&acme, row.id, "", &url()).await.unwrap();
    // Nothing of ours ran for ten days.
    clock.advance(10 * DAY).await;
    let now = clock.now().await;
    provider.change(|state| state.now = now);
    assert_eq!(provider.live(), 0);
    assert_eq!(renewals.renew_due(10).await.unwrap(), (1, 0));
    assert_eq!(
        (provider.live(), news(&notices)),
        (1, vec![RenewalNews::Lapsed])
    );
    assert_eq!(renewals.renew_due(10).await.unwrap(), (0, 0));
}

async fn what_cannot_be_renewed_is_replaced(backend: Backend) {
    let clock = backend.hold_clock().await;
    let provider = Provider::new(clock.now().await, 3 * DAY);
    provider.change(|state| state.renewable = false);
    let (renewals, notices) = renewals(&backend, &provider);
    let acme = tenant("acme");
    let row = backend.active(&acme, "L1").await;
    renewals.subscribe(&acme, row.id, "", &url()).await.unwrap();
    clock.advance(2 * DAY).await;
    let now = clock.now().await;
    provider.change(|state| state.now = now);
    assert_eq!(renewals.renew_due(10).await.unwrap(), (1, 0));
    let state = provider.0.lock().unwrap();
    assert_eq!(
        state.live.keys().collect::<Vec<_>>(),
        ["sub-2"],
        "the old one is ended"
    );
    assert_eq!(news(&notices), []);
}

async fn what_the_provider_refuses_is_not_kept(backend: Backend) {
    let provider = Provider::new(Timestamp::UNIX_EPOCH, DAY);
    provider.change(|state| {
        state.refuses = Some(|| Error::new(ErrorKind::Config, "no").with_code("unsupported"));
    });
    let (renewals, _) = renewals(&backend, &provider);
    let acme = tenant("acme");
    let row = backend.active(&acme, "L1").await;
    let error = renewals
        .subscribe(&acme, row.id, "", &url())
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("unsupported"));
    let subscriptions = backend.store.subscriptions();
    assert!(subscriptions.list(&acme, row.id).await.unwrap().is_empty());
    // One that may work later is.
    provider.change(|state| state.refuses = Some(outage));
    let wanted = renewals.subscribe(&acme, row.id, "", &url()).await.unwrap();
    assert_eq!((wanted.subscription, wanted.failures), (None, 1));
    let other: Url = "https://elsewhere.example.com/".parse().unwrap();
    let error = renewals
        .subscribe(&acme, row.id, "", &other)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("url"));
    let nobody = renewals
        .subscribe(&acme, IntegrationId::new(), "", &url())
        .await;
    assert_eq!(nobody.unwrap_err().code(), Some("foreign_key"));
}

async fn ending_ends_at_the_provider_and_undoes_a_renewal_on_its_way(backend: Backend) {
    let clock = backend.hold_clock().await;
    let provider = Provider::new(clock.now().await, DAY);
    let (renewals, _) = renewals(&backend, &provider);
    let acme = tenant("acme");
    let row = backend.active(&acme, "L1").await;
    for name in ["a", "b"] {
        renewals
            .subscribe(&acme, row.id, name, &url())
            .await
            .unwrap();
        let again = renewals
            .subscribe(&acme, row.id, name, &url())
            .await
            .unwrap();
        assert!(again.subscription.is_some());
    }
    assert_eq!(provider.live(), 2, "subscribing again makes no second one");
    assert_eq!(renewals.end(&acme, row.id).await.unwrap(), 2);
    assert_eq!(provider.live(), 0);
    // Ended while the provider is being asked for a new one.
    let gate = Arc::new(tokio::sync::Notify::new());
    provider.change(|state| state.gate = Some(gate.clone()));
    let reached = provider.0.lock().unwrap().reached.clone();
    let asking = {
        let (renewals, acme) = (renewals.clone(), acme.clone());
        tokio::spawn(async move { renewals.subscribe(&acme, row.id, "a", &url()).await })
    };
    reached.notified().await;
    assert_eq!(renewals.end(&acme, row.id).await.unwrap(), 0);
    gate.notify_one();
    asking.await.unwrap().unwrap();
    assert_eq!(provider.live(), 0, "what was made for nobody is ended");
    let subscriptions = backend.store.subscriptions();
    assert!(subscriptions.list(&acme, row.id).await.unwrap().is_empty());
}

async fn many_processes_renew_each_once(backend: Backend) {
    let clock = backend.hold_clock().await;
    let provider = Provider::new(clock.now().await, DAY);
    let (first, _) = renewals(&backend, &provider);
    let acme = tenant("acme");
    for number in 0..20 {
        let row = backend.active(&acme, &format!("L{number}")).await;
        first.subscribe(&acme, row.id, "", &url()).await.unwrap();
    }
    let mut all = vec![first];
    for _ in 0..3 {
        let store = backend.another().await;
        all.push(Renewals::builder(&store, provider.clone()).build());
    }
    clock.advance(DAY * 3 / 4).await;
    let now = clock.now().await;
    provider.change(|state| state.now = now);
    let renewed = futures_util::future::join_all(all.iter().map(|one| one.renew_due(100))).await;
    let renewed: usize = renewed.into_iter().map(|done| done.unwrap().0).sum();
    assert_eq!((renewed, provider.0.lock().unwrap().renewals), (20, 20));
}

async fn promise_12_subscriptions_of_others_do_not_exist(backend: Backend) {
    let provider = Provider::new(Timestamp::UNIX_EPOCH + 10_000 * DAY * 3, DAY);
    let (renewals, _) = renewals(&backend, &provider);
    let (acme, other) = (tenant("acme"), tenant("other"));
    let row = backend.active(&acme, "L1").await;
    renewals.subscribe(&acme, row.id, "", &url()).await.unwrap();
    assert!(
        renewals
            .subscribe(&other, row.id, "", &url())
            .await
            .is_err()
    );
    assert!(matches!(
        renewals.renew(&other, row.id, "").await.unwrap(),
        Renewed::NotDue
    ));
    assert_eq!(renewals.end(&other, row.id).await.unwrap(), 0);
    let subscriptions = backend.store.subscriptions();
    assert!(!subscriptions.remove(&other, row.id, "").await.unwrap());
    assert!(subscriptions.list(&other, row.id).await.unwrap().is_empty());
    assert_eq!(subscriptions.list(&acme, row.id).await.unwrap().len(), 1);
}
