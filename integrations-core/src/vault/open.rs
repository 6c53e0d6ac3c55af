//! The vault itself: single values, and the data keys behind them.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::cache::Cache;
use super::{
    KeyId, KeyProvider, KeyRing, RecordKey, RecordScope, Scope, Sealed, SecretBytes, VaultKey,
    WrappedKey,
};
use crate::{Error, Result, SecretString};

/// How many unwrapped data keys a vault keeps unless told otherwise: about 1 MB.
pub const DEFAULT_CACHED_KEYS: usize = 1024;

/// Seals and opens secrets. Clones share the keys and the cache.
///
/// Its methods are async for the sake of a KMS. On a [`KeyRing`] they never wait: [`Vault::now`] runs them in sync code.
#[derive(Clone)]
pub struct Vault {
    keys: Arc<Keys>,
    cache: Arc<Cache>,
}

enum Keys {
    Ring(KeyRing),
    Provider(Arc<dyn KeyProvider>),
}

impl Vault {
    /// A vault on a key ring.
    #[must_use]
    pub fn new(ring: KeyRing) -> Self {
        Self::build(Keys::Ring(ring), DEFAULT_CACHED_KEYS)
    }

    /// A vault whose data keys are wrapped elsewhere, for example in a KMS.
    #[must_use]
    pub fn with_provider(provider: Arc<dyn KeyProvider>) -> Self {
        Self::build(Keys::Provider(provider), DEFAULT_CACHED_KEYS)
    }

    /// Keeps up to this many unwrapped data keys in memory, 0 none, in a cache that starts empty and is not shared with
    /// earlier clones.
    #[must_use]
    pub fn with_cached_keys(mut self, keys: usize) -> Self {
        self.cache = Arc::new(Cache::new(keys));
        self
    }

    fn build(keys: Keys, cached: usize) -> Self {
        Self {
            keys: Arc::new(keys),
            cache: Arc::new(Cache::new(cached)),
        }
    }

    /// Runs one of the vault's futures to its end, without a runtime: for sync code on a key ring.
    ///
    /// # Errors
    /// The future's own, or [`ErrorKind::Config`](crate::ErrorKind::Config) when it waits for a remote
    /// [`KeyProvider`].
    pub fn now<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result,
            Poll::Pending => Err(Error::config(
                "the key provider answers from afar: await this call instead",
            )),
        }
    }

    /// The key that wraps new data keys.
    #[must_use]
    pub fn active_id(&self) -> KeyId {
        match &*self.keys {
            Keys::Ring(ring) => ring.active_id().clone(),
            Keys::Provider(provider) => provider.active_id(),
        }
    }

    /// Wipes the cached data keys, for example after a key was revoked in the KMS.
    pub fn forget_cached_keys(&self) {
        self.cache.clear();
    }

    /// How many unwrapped data keys are cached.
    #[must_use]
    pub fn cached_keys(&self) -> usize {
        self.cache.len()
    }

    /// Seals one value under a new data key.
    ///
    /// # Errors
    /// The key provider's.
    pub async fn seal(&self, scope: &Scope<'_>, plaintext: impl AsRef<[u8]>) -> Result<Sealed> {
        let key = self.new_record_key(&scope.record()).await?;
        let ciphertext = key.seal(scope.field(), plaintext)?;
        Ok(Sealed::new(key.wrapped_key().clone(), ciphertext))
    }

    /// Opens one value that is text.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`](crate::ErrorKind::Crypto) with code `unknown_key`, `tampered`, `malformed` or `not_text`,
    /// or the key provider's.
    pub async fn open(&self, scope: &Scope<'_>, sealed: &Sealed) -> Result<SecretString> {
        let key = self
            .record_key(&scope.record(), sealed.wrapped_key())
            .await?;
        key.open(scope.field(), sealed.ciphertext())
    }

    /// Opens one value of any bytes.
    ///
    /// # Errors
    /// As [`open`](Self::open), without `not_text`.
    pub async fn open_bytes(&self, scope: &Scope<'_>, sealed: &Sealed) -> Result<SecretBytes> {
        let key = self
            .record_key(&scope.record(), sealed.wrapped_key())
            .await?;
        key.open_bytes(scope.field(), sealed.ciphertext())
    }

    /// A new data key for a record.
    ///
    /// # Errors
    /// The key provider's.
    pub async fn new_record_key(&self, scope: &RecordScope<'_>) -> Result<Arc<RecordKey>> {
        let key = VaultKey::generate()?;
        let wrapped = self.wrap(&key, scope).await?;
        self.keep(&key, wrapped, scope)
    }

    /// The data key of a stored record, from the cache or unwrapped now.
    ///
    /// # Errors
    /// As [`open`](Self::open), without `not_text`.
    pub async fn record_key(
        &self,
        scope: &RecordScope<'_>,
        wrapped: &WrappedKey,
    ) -> Result<Arc<RecordKey>> {
        if let Some(key) = self.cache.get(wrapped, scope) {
            return Ok(key);
        }
        let key = self.unwrap(wrapped, scope).await?;
        self.keep(&key, wrapped.clone(), scope)
    }

    fn keep(
        &self,
        key: &VaultKey,
        wrapped: WrappedKey,
        scope: &RecordScope<'_>,
    ) -> Result<Arc<RecordKey>> {
        let key = Arc::new(RecordKey::new(key, wrapped, scope)?);
        self.cache.put(&key);
        Ok(key)
    }

    pub(super) async fn wrap(&self, key: &VaultKey, scope: &RecordScope<'_>) -> Result<WrappedKey> {
        match &*self.keys {
            Keys::Ring(ring) => ring.wrap_now(key, scope),
            Keys::Provider(provider) => provider.wrap(key, scope).await,
        }
    }

    pub(super) async fn unwrap(
        &self,
        wrapped: &WrappedKey,
        scope: &RecordScope<'_>,
    ) -> Result<VaultKey> {
        match &*self.keys {
            Keys::Ring(ring) => ring.unwrap_now(wrapped, scope),
            Keys::Provider(provider) => provider.unwrap(wrapped, scope).await,
        }
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: &dyn fmt::Debug = match &*self.keys {
            Keys::Ring(ring) => ring,
            Keys::Provider(provider) => provider,
        };
        f.debug_struct("Vault")
            .field("keys", keys)
            .field("cached_keys", &self.cached_keys())
            .finish()
    }
}
