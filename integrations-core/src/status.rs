//! The status machine of an integration: a pure function, so that every writer agrees.

pub mod probe;

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, Result};

/// How an integration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(
    clippy::exhaustive_enums,
    reason = "four states are the contract; a fifth is a breaking change"
)]
pub enum Status {
    /// Created, not tested yet.
    Pending,
    /// Connected and working.
    Active,
    /// The last call or test failed.
    Error,
    /// Switched off by a person, or the provider ended the connection.
    Disconnected,
}

impl Status {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Active, Self::Error, Self::Disconnected];

    /// The word that is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Error => "error",
            Self::Disconnected => "disconnected",
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Status {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::Store,
                    "a stored status is not one of pending, active, error, disconnected",
                )
            })
    }
}

/// What moves an integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Event {
    /// A call, test or sync succeeded.
    Succeeded,
    /// The connection is bad: it needs a person, or a probe that finds it well again.
    Failed,
    /// A person switched it off, or the provider uninstalled it.
    Disconnected,
}

impl Event {
    /// A stable word for the audit trail.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Disconnected => "disconnected",
        }
    }
}

/// The one map from a call's error to what it says about the connection.
///
/// `None`: the call failed, the connection did not. A contact that does not exist, a refused field, a full rate budget
/// or one lost packet say nothing against the credential; a refused credential does. Outages are judged over time by
/// the health probe, not by one call.
#[must_use]
pub fn event_of(error: &Error) -> Option<Event> {
    match error.kind() {
        ErrorKind::Auth | ErrorKind::Permission | ErrorKind::Crypto | ErrorKind::Config => {
            Some(Event::Failed)
        }
        ErrorKind::NotFound
        | ErrorKind::Conflict
        | ErrorKind::Validation
        | ErrorKind::RateLimited
        | ErrorKind::Server
        | ErrorKind::Timeout
        | ErrorKind::Connect
        | ErrorKind::Io
        | ErrorKind::Decode
        | ErrorKind::Redirect
        | ErrorKind::Webhook
        | ErrorKind::Transition
        | ErrorKind::Store
        | ErrorKind::Other => None,
    }
}

/// The status after an event.
///
/// ```text
/// Pending      → Active | Error | Disconnected
/// Active       → Active | Error | Disconnected
/// Error        → Active | Error | Disconnected
/// Disconnected → Active | Error          (only by a test that a person asks for)
/// ```
///
/// # Errors
/// [`ErrorKind::Transition`] when a disconnected integration is disconnected again.
pub fn apply(status: Status, event: Event) -> Result<Status> {
    match (status, event) {
        (Status::Disconnected, Event::Disconnected) => Err(Error::new(
            ErrorKind::Transition,
            "the integration is disconnected already; test the connection to bring it back",
        )),
        (_, Event::Succeeded) => Ok(Status::Active),
        (_, Event::Failed) => Ok(Status::Error),
        (_, Event::Disconnected) => Ok(Status::Disconnected),
    }
}

/// Whether a status may follow another: what a database checks before it stores one.
#[must_use]
pub fn is_legal(from: Status, to: Status) -> bool {
    [Event::Succeeded, Event::Failed, Event::Disconnected]
        .into_iter()
        .any(|event| apply(from, event).is_ok_and(|status| status == to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table() {
        use Event as E;
        use Status::{Active, Disconnected, Error, Pending};
        let table = [
            (Pending, E::Succeeded, Some(Active)),
            (Pending, E::Failed, Some(Error)),
            (Pending, E::Disconnected, Some(Disconnected)),
            (Active, E::Succeeded, Some(Active)),
            (Active, E::Failed, Some(Error)),
            (Active, E::Disconnected, Some(Disconnected)),
            (Error, E::Succeeded, Some(Active)),
            (Error, E::Failed, Some(Error)),
            (Error, E::Disconnected, Some(Disconnected)),
            (Disconnected, E::Succeeded, Some(Active)),
            (Disconnected, E::Failed, Some(Error)),
            (Disconnected, E::Disconnected, None),
        ];
        assert_eq!(table.len(), Status::ALL.len() * 3, "every pair has a row");
        for (from, event, to) in table {
            assert_eq!(apply(from, event).ok(), to, "{from} on {}", event.as_str());
        }
    }

    #[test]
    fn nothing_returns_to_pending() {
        for from in Status::ALL {
            assert!(!is_legal(from, Status::Pending), "{from}");
        }
    }

    #[test]
    fn words_round_trip() {
        for status in Status::ALL {
            assert_eq!(status.as_str().parse::<Status>().unwrap(), status);
            assert_eq!(
                serde_json::to_string(&status).unwrap(),
                format!("\"{status}\"")
            );
        }
        assert!("gone".parse::<Status>().is_err());
    }

    #[test]
    fn only_errors_about_the_connection_move_it() {
        for (kind, moves) in [
            (ErrorKind::Auth, true),
            (ErrorKind::Permission, true),
            (ErrorKind::Crypto, true),
            (ErrorKind::NotFound, false),
            (ErrorKind::Validation, false),
            (ErrorKind::RateLimited, false),
            (ErrorKind::Server, false),
            (ErrorKind::Timeout, false),
        ] {
            assert_eq!(event_of(&Error::new(kind, "")).is_some(), moves, "{kind}");
        }
    }
}
