//! Secrets: read by one named method, never printed, compared in constant time, wiped on drop.

pub use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// Compares two byte strings in a time that depends only on their lengths.
#[must_use]
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// Declares a secret with a meaning of its own, so that an access token cannot be passed where a client secret belongs.
///
/// ```
/// integrations_core::secret! {
///     /// A key of the example provider.
///     pub struct ExampleKey;
/// }
/// let key = ExampleKey::from("s3cret");
/// assert_eq!(format!("{key:?}"), "ExampleKey([redacted])");
/// assert_eq!(key.expose_secret(), "s3cret");
/// ```
#[macro_export]
macro_rules! secret {
    ($($(#[$meta:meta])* $vis:vis struct $name:ident;)+) => {$(
        $(#[$meta])*
        #[derive(Clone)]
        $vis struct $name($crate::SecretString);

        impl $name {
            /// The secret itself. Never log, store or format it.
            #[must_use]
            pub fn expose_secret(&self) -> &str {
                $crate::secret::ExposeSecret::expose_secret(&self.0)
            }

            /// Whether it holds nothing: an empty secret never authenticates anything.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.expose_secret().is_empty()
            }
        }

        impl From<&str> for $name {
            fn from(secret: &str) -> Self {
                Self(secret.into())
            }
        }

        impl From<String> for $name {
            fn from(secret: String) -> Self {
                Self(secret.into())
            }
        }

        impl From<$crate::SecretString> for $name {
            fn from(secret: $crate::SecretString) -> Self {
                Self(secret)
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }

        impl PartialEq for $name {
            /// Compares in constant time.
            fn eq(&self, other: &Self) -> bool {
                $crate::secret::constant_time_eq(self.expose_secret().as_bytes(), other.expose_secret().as_bytes())
            }
        }

        impl Eq for $name {}

        impl<'de> $crate::__private::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                <$crate::SecretString as $crate::__private::serde::Deserialize>::deserialize(deserializer).map(Self)
            }
        }
    )+};
}

secret! {
    /// A credential that is sent with a call: an OAuth access token, a private integration token, an API key.
    pub struct AccessToken;
    /// What an OAuth access token is renewed with.
    pub struct RefreshToken;
    /// An OAuth application's own secret.
    pub struct ClientSecret;
    /// What a webhook is verified with.
    pub struct WebhookSecret;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_the_secret() {
        let all = format!(
            "{:?} {:?} {:?} {:?}",
            AccessToken::from("planted-secret"),
            RefreshToken::from("planted-secret"),
            ClientSecret::from("planted-secret"),
            WebhookSecret::from("planted-secret"),
        );
        assert!(!all.contains("planted"), "{all}");
    }

    #[test]
    fn comparison_is_by_content() {
        assert_eq!(AccessToken::from("a"), AccessToken::from(String::from("a")));
        assert_ne!(AccessToken::from("a"), AccessToken::from("ab"));
    }
}
