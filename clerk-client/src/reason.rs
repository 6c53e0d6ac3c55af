use std::fmt;

use integrations_core::{Error, ErrorKind};

/// Why a token was refused, in Clerk's own words for it: the code of the error.
///
/// ```
/// use clerk_client::Reason;
///
/// fn answer(error: &clerk_client::Error) -> u16 {
///     match Reason::of(error) {
///         Some(reason) if reason.is_about_keys() => 503,
///         _ => 401,
///     }
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// It is no token, or not of a kind that is accepted.
    TokenInvalid,
    /// It is signed in a way that is not accepted; `none` is one.
    InvalidAlgorithm,
    /// The signature is not the key's.
    InvalidSignature,
    /// A claim is missing or has the wrong form.
    VerificationFailed,
    /// It was made for another party.
    InvalidAuthorizedParties,
    /// Another instance issued it.
    InvalidIssuer,
    /// It has expired.
    Expired,
    /// It is not valid yet.
    NotActiveYet,
    /// It says that it will be issued later.
    IssuedInTheFuture,
    /// Its key is not among the keys.
    KidMismatch,
    /// The keys could not be fetched.
    RemoteFailedToLoad,
    /// There is no local key.
    LocalMissing,
    /// What was fetched holds no keys in a readable form.
    RemoteInvalid,
    /// What was fetched holds no key at all.
    RemoteMissing,
    /// There is neither a local key nor a place to fetch keys from, or the key is unusable.
    FailedToResolve,
    /// The secret key that fetches the keys was refused.
    SecretKeyInvalid,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::TokenInvalid,
        Self::InvalidAlgorithm,
        Self::InvalidSignature,
        Self::VerificationFailed,
        Self::InvalidAuthorizedParties,
        Self::InvalidIssuer,
        Self::Expired,
        Self::NotActiveYet,
        Self::IssuedInTheFuture,
        Self::KidMismatch,
        Self::RemoteFailedToLoad,
        Self::LocalMissing,
        Self::RemoteInvalid,
        Self::RemoteMissing,
        Self::FailedToResolve,
        Self::SecretKeyInvalid,
    ];

    /// The code as Clerk's own libraries write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::TokenInvalid => "token-invalid",
            Self::InvalidAlgorithm => "token-invalid-algorithm",
            Self::InvalidSignature => "token-invalid-signature",
            Self::VerificationFailed => "token-verification-failed",
            Self::InvalidAuthorizedParties => "token-invalid-authorized-parties",
            Self::InvalidIssuer => "token-invalid-issuer",
            Self::Expired => "token-expired",
            Self::NotActiveYet => "token-not-active-yet",
            Self::IssuedInTheFuture => "token-iat-in-the-future",
            Self::KidMismatch => "jwk-kid-mismatch",
            Self::RemoteFailedToLoad => "jwk-remote-failed-to-load",
            Self::LocalMissing => "jwk-local-missing",
            Self::RemoteInvalid => "jwk-remote-invalid",
            Self::RemoteMissing => "jwk-remote-missing",
            Self::FailedToResolve => "jwk-failed-to-resolve",
            Self::SecretKeyInvalid => "secret-key-invalid",
        }
    }

    /// Whether it is the keys that are missing, and says nothing about the token.
    #[must_use]
    pub fn is_about_keys(self) -> bool {
        matches!(
            self,
            Self::RemoteFailedToLoad
                | Self::LocalMissing
                | Self::RemoteInvalid
                | Self::RemoteMissing
                | Self::FailedToResolve
                | Self::SecretKeyInvalid
        )
    }

    /// The reason that an error was made from.
    #[must_use]
    pub fn of(error: &Error) -> Option<Self> {
        let code = error.code()?;
        (error.provider() == Some(crate::PROVIDER))
            .then(|| Self::ALL.into_iter().find(|reason| reason.code() == code))?
    }

    fn kind(self) -> ErrorKind {
        match self {
            Self::RemoteFailedToLoad | Self::RemoteInvalid | Self::RemoteMissing => {
                ErrorKind::Connect
            }
            Self::LocalMissing | Self::FailedToResolve | Self::SecretKeyInvalid => {
                ErrorKind::Config
            }
            _ => ErrorKind::Auth,
        }
    }

    fn message(self) -> &'static str {
        match self {
            Self::TokenInvalid => "the token is not a session token of this application",
            Self::InvalidAlgorithm => "the token is signed in a way that is not accepted",
            Self::InvalidSignature => "the token's signature does not match",
            Self::VerificationFailed => "a claim of the token is missing or malformed",
            Self::InvalidAuthorizedParties => "the token was made for another party",
            Self::InvalidIssuer => "the token was issued by another instance",
            Self::Expired => "the token has expired: get a new one",
            Self::NotActiveYet => "the token is not valid yet: check the clocks",
            Self::IssuedInTheFuture => {
                "the token says that it was issued in the future: check the clocks"
            }
            Self::KidMismatch => "the token's key is not among the instance's keys",
            Self::RemoteFailedToLoad => "the instance's keys cannot be fetched now",
            Self::LocalMissing => "no public key is configured",
            Self::RemoteInvalid => "what was fetched as the instance's keys is not readable",
            Self::RemoteMissing => "the instance's key set is empty",
            Self::FailedToResolve => {
                "no usable key is configured: give a JWKS URL or the PEM public key"
            }
            Self::SecretKeyInvalid => "the secret key was refused: check CLERK_SECRET_KEY",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl From<Reason> for Error {
    fn from(reason: Reason) -> Self {
        Self::new(reason.kind(), reason.message())
            .with_provider(crate::PROVIDER)
            .with_code(reason.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_survives_as_the_code_of_an_error() {
        for reason in Reason::ALL {
            let error = Error::from(reason);
            assert_eq!(Reason::of(&error), Some(reason));
            assert_eq!(reason.is_about_keys(), error.kind() != ErrorKind::Auth);
        }
        let other = Error::new(ErrorKind::Auth, "").with_code("token-expired");
        assert_eq!(Reason::of(&other), None);
    }
}
