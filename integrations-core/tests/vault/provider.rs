use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use integrations_core::vault::{KeyProvider, KeyRing, RecordScope, Vault, VaultKey, WrappedKey};
use integrations_core::{Error, ErrorKind};

use crate::*;

/// A KMS: answers after a while, counts its calls, sometimes cannot be reached.
#[derive(Debug)]
struct Kms {
    ring: KeyRing,
    calls: AtomicUsize,
    reachable: bool,
}

impl Kms {
    fn new(reachable: bool) -> Arc<Self> {
        let ring = KeyRing::new([(KeyId::new("arn:kms/1").unwrap(), key(1))]).unwrap();
        Arc::new(Self {
            ring,
            calls: AtomicUsize::new(0),
            reachable,
        })
    }

    async fn call(&self) -> Result<()> {
        tokio::task::yield_now().await;
        self.calls.fetch_add(1, Ordering::Relaxed);
        if self.reachable {
            Ok(())
        } else {
            Err(Error::new(ErrorKind::Connect, "the KMS is away"))
        }
    }
}

#[async_trait::async_trait]
impl KeyProvider for Kms {
    fn active_id(&self) -> KeyId {
        self.ring.active_id().clone()
    }

    async fn wrap(&self, key: &VaultKey, scope: &RecordScope<'_>) -> Result<WrappedKey> {
        self.call().await?;
        self.ring.wrap(key, scope).await
    }

    async fn unwrap(&self, wrapped: &WrappedKey, scope: &RecordScope<'_>) -> Result<VaultKey> {
        self.call().await?;
        self.ring.unwrap(wrapped, scope).await
    }
}

#[tokio::test]
async fn a_kms_is_asked_once_per_record() {
    let kms = Kms::new(true);
    let vault = Vault::with_provider(Arc::clone(&kms) as _);
    let acme = tenant("acme");
    let scope = scope_of(&acme, "/token");
    let values = secrets([("/a", "1"), ("/b", "2")]);
    let record_scope = scope.record();
    let record = vault.seal_record(&record_scope, &values, None);
    let record = record.await.unwrap();
    assert_eq!(record.key_id().as_str(), "arn:kms/1");
    for _ in 0..10 {
        let opened = vault.open_record(&scope.record(), &record).await.unwrap();
        assert_eq!(exposed(&opened), exposed(&values));
    }
    assert_eq!(kms.calls.load(Ordering::Relaxed), 1, "wrapped once, cached");
    vault.forget_cached_keys();
    vault.open_record(&scope.record(), &record).await.unwrap();
    assert_eq!(kms.calls.load(Ordering::Relaxed), 2);
    // The key id holds dots, colons and slashes; the text form survives it.
    let value = vault.seal(&scope, "pit-1").await.unwrap();
    let stored = value.to_string().parse().unwrap();
    let opened = vault.open(&scope, &stored).await.unwrap();
    assert_eq!(opened.expose_secret(), "pit-1");
    assert!(vault.upgrade_value(&scope, &value).await.unwrap().is_none());
    assert_ne!(vault.rewrap_value(&scope, &value).await.unwrap(), value);
}

#[tokio::test]
async fn a_kms_that_is_away_may_be_tried_again() {
    let vault = Vault::with_provider(Kms::new(false));
    let acme = tenant("acme");
    let error = vault.seal(&scope_of(&acme, "/a"), "pit-1").await;
    assert!(error.unwrap_err().is_retryable());
}

#[test]
fn sync_code_is_told_to_await() {
    let vault = Vault::with_provider(Kms::new(true));
    let acme = tenant("acme");
    let error = Vault::now(vault.seal(&scope_of(&acme, "/a"), "pit-1")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[test]
fn futures_can_move_between_threads() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let vault = vault(&[1]);
    let acme = tenant("acme");
    let scope = scope_of(&acme, "/a");
    let values = secrets([("/a", "1")]);
    let future = is_send(
        vault
            .seal_record(&scope.record(), &values, None)
            .boxed_size(),
    );
    assert!(future < 1024, "{future} bytes");
}

trait BoxedSize: Future + Send + Sized {
    fn boxed_size(self) -> usize {
        size_of::<Self>()
    }
}

impl<F: Future + Send> BoxedSize for F {}
