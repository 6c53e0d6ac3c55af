//! Who may use the gateway.

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, header};
use integrations_core::secret::constant_time_eq;
use sha2::{Digest as _, Sha256};

use super::limit::{Bucket, Rate};

/// The other place for a key, where `Authorization` has the user's token.
pub(super) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

integrations_core::secret! {
    /// What lets a caller use a gateway.
    pub struct ApiKey;
}

/// The keys, as digests: comparing takes as long whatever the length of what was sent, and no key stays in memory.
#[derive(Default)]
pub(super) struct Keys(Vec<Known>);

struct Known {
    name: Arc<str>,
    digest: [u8; 32],
    bucket: Option<Arc<Bucket>>,
}

/// The key that a request came with.
#[derive(Debug, Clone)]
pub(super) struct Holder {
    pub(super) name: Arc<str>,
    pub(super) bucket: Option<Arc<Bucket>>,
}

impl Keys {
    /// Empty keys let nobody in. Keys of one name share what it may send, and names that were there before keep it.
    pub(super) fn new(
        keys: Vec<(String, ApiKey)>,
        rate: Option<Rate>,
        before: Option<&Self>,
    ) -> Self {
        let mut all: Vec<Known> = Vec::with_capacity(keys.len());
        for (name, key) in keys {
            if key.is_empty() {
                tracing::warn!(name, "an empty key of the gateway lets nobody in");
                continue;
            }
            let known = before.iter().flat_map(|before| &before.0).chain(&all);
            let bucket = known
                .filter(|known| *known.name == *name)
                .find_map(|known| known.bucket.clone());
            all.push(Known {
                name: name.into(),
                digest: Sha256::digest(key.expose_secret()).into(),
                bucket: bucket.or_else(|| rate.map(|rate| Arc::new(Bucket::new(rate)))),
            });
        }
        Self(all)
    }

    /// Whose key this is. Looks at all of them, whichever it is.
    fn find(&self, presented: &[u8]) -> Option<Holder> {
        let digest: [u8; 32] = Sha256::digest(presented).into();
        let mut found = None;
        for known in &self.0 {
            if constant_time_eq(&known.digest, &digest) {
                found = Some(known);
            }
        }
        found.map(|known| Holder {
            name: Arc::clone(&known.name),
            bucket: known.bucket.clone(),
        })
    }

    /// Who sent a request, and the place of the user's token in it; `None` when nobody did that may.
    ///
    /// Two keys, and two values of one header, are a request that somebody tampered with.
    pub(super) fn admit(&self, headers: &HeaderMap) -> Option<(Holder, TokenPlace)> {
        let mut keys = headers.get_all(API_KEY).iter();
        let mut authorizations = headers.get_all(header::AUTHORIZATION).iter();
        match (keys.next(), authorizations.next()) {
            (Some(key), _) if keys.next().is_none() => {
                Some((self.find(key.as_bytes())?, TokenPlace::Authorization))
            }
            (None, Some(value)) if authorizations.next().is_none() => {
                Some((self.find(bearer(value.as_bytes())?)?, TokenPlace::Nowhere))
            }
            _ => None,
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.0.iter().map(|known| &known.name))
            .finish()
    }
}

/// Whether the headers of a request may hold the user's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenPlace {
    /// `Authorization` holds the key.
    Nowhere,
    /// The key is somewhere else.
    Authorization,
}

/// What follows `Bearer`.
pub(super) fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked(7)?;
    let rest = rest.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"bearer ") && !rest.is_empty()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(keys: &[(&str, &str)]) -> Keys {
        let keys = keys
            .iter()
            .map(|(name, key)| ((*name).to_owned(), (*key).into()));
        Keys::new(keys.collect(), None, None)
    }

    fn admitted(keys: &Keys, headers: &[(&'static str, &str)]) -> Option<(String, TokenPlace)> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let (holder, place) = keys.admit(&map)?;
        Some((holder.name.to_string(), place))
    }

    #[test]
    fn whoever_has_a_key_is_let_in() {
        let keys = keys(&[("one", "key-of-one"), ("two", "key-of-two"), ("nobody", "")]);
        for header in [
            "Bearer key-of-two",
            "bearer  key-of-two ",
            "BEARER key-of-two",
        ] {
            let two = Some(("two".to_owned(), TokenPlace::Nowhere));
            assert_eq!(
                admitted(&keys, &[("authorization", header)]),
                two,
                "{header}"
            );
        }
        let other = [
            ("x-api-key", "key-of-one"),
            ("authorization", "Bearer token"),
        ];
        let one = Some(("one".to_owned(), TokenPlace::Authorization));
        assert_eq!(admitted(&keys, &other), one);
        for refused in [
            &[][..],
            &[("authorization", "key-of-one")],
            &[("authorization", "Bearer")],
            &[("authorization", "Bearer ")],
            &[("authorization", "Bearer key-of-one key-of-one")],
            &[("authorization", "Basic key-of-one")],
            &[("authorization", "Bearer key-of-on")],
            &[("x-api-key", "")],
            &[
                ("x-api-key", "wrong"),
                ("authorization", "Bearer key-of-one"),
            ],
            &[("x-api-key", "key-of-one"), ("x-api-key", "key-of-one")],
            &[
                ("authorization", "Bearer key-of-one"),
                ("authorization", "Bearer x"),
            ],
        ] {
            assert_eq!(admitted(&keys, refused), None, "{refused:?}");
        }
    }

    #[test]
    fn without_keys_nobody_is_let_in() {
        for none in [keys(&[]), keys(&[("unset", "")])] {
            for header in ["Bearer ", "Bearer x", ""] {
                assert_eq!(admitted(&none, &[("authorization", header)]), None);
            }
        }
    }

    #[test]
    fn debug_shows_names_alone() {
        let shown = format!("{:?}", keys(&[("one", "planted-key")]));
        assert_eq!(shown, r#"{"one"}"#);
    }
}
