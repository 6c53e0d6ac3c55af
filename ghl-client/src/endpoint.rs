use std::time::Duration;

use http::{HeaderMap, Method};
use integrations_core::http::{Body, Idempotency, LimitClass, Operation, Query};
use integrations_core::paging::{Cursor, Page};
use integrations_core::{Error, ErrorKind, Result};

use crate::{Answer, Pagination, WholeAnswer};

/// The `Version` header: which generation of the contract a call speaks.
///
/// Each operation knows its own; a client or a call can override it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version(&'static str);

impl Version {
    /// Calendars, conversations and some newer groups.
    pub const V2021_04_15: Self = Self("2021-04-15");
    /// Most of the dated contract.
    pub const V2021_07_28: Self = Self("2021-07-28");
    /// What the provider's own TypeScript SDK sends.
    pub const V2023_02_21: Self = Self("2023-02-21");
    /// The named contract of 2026.
    pub const V3: Self = Self("v3");

    /// A version that this crate does not name.
    #[must_use]
    pub const fn new(version: &'static str) -> Self {
        Self(version)
    }

    /// The header's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// Which kinds of token an operation takes: a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenClasses(u8);

impl TokenClasses {
    /// A location's private integration token.
    pub const LOCATION_PRIVATE: Self = Self(1);
    /// A location's OAuth token.
    pub const LOCATION_OAUTH: Self = Self(2);
    /// A company's private integration token.
    pub const COMPANY_PRIVATE: Self = Self(4);
    /// A company's OAuth token.
    pub const COMPANY_OAUTH: Self = Self(8);
    /// Either token of a location: the provider's `bearer` and `Location-Access`.
    pub const LOCATION: Self = Self(1 | 2);
    /// Either token of a company: the provider's `Agency-Access`.
    pub const COMPANY: Self = Self(4 | 8);
    /// Every token.
    pub const ANY: Self = Self(15);
    /// No token at all.
    pub const NONE: Self = Self(0);

    /// Both sets together.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every token of `other` is in this set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Where an operation wants the location's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LocationIn {
    /// Nowhere: the token or the object's id says it, and some operations refuse a call that names it.
    Nowhere,
    /// In the query.
    Query,
    /// In the path.
    Path,
    /// In the body.
    Body,
}

/// The provider counts 100 requests in 10 seconds per app and location or company.
pub(crate) const RESOURCE: LimitClass = LimitClass {
    name: "resource",
    max: 100,
    per: Duration::from_secs(10),
};

/// What is known of an operation of GoHighLevel, as data.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Spec {
    /// Name, method, path, idempotency and rate limit.
    pub operation: Operation,
    /// The contract that the operation speaks.
    pub version: Version,
    /// The scopes that the token needs: all of them.
    pub scopes: &'static [&'static str],
    /// The tokens that the operation takes.
    pub tokens: TokenClasses,
    /// Where it wants the location's id.
    pub location: LocationIn,
    /// The member of the answer that holds the object, when it is wrapped.
    pub envelope: Option<&'static str>,
    /// Whether the wrapping may be missing: the provider's documents and its answers differ.
    pub envelope_optional: bool,
    /// How it pages.
    pub pagination: Pagination,
    /// How long a call and each of its attempts may take, when that is longer than for other operations: an upload.
    pub timeout: Option<Duration>,
    /// The provider's page.
    pub docs: &'static str,
}

impl Spec {
    /// An operation with the defaults of its method: the contract of 2021-07-28, a location's token, no scope.
    #[must_use]
    pub const fn new(name: &'static str, method: Method, path: &'static str) -> Self {
        let idempotency = match method {
            Method::GET | Method::HEAD => Idempotency::Safe,
            Method::PUT | Method::DELETE => Idempotency::Idempotent,
            _ => Idempotency::Unsafe,
        };
        Self {
            operation: Operation {
                name,
                method,
                path,
                idempotency,
                limit: Some(RESOURCE),
            },
            version: Version::V2021_07_28,
            scopes: &[],
            tokens: TokenClasses::LOCATION,
            location: LocationIn::Nowhere,
            envelope: None,
            envelope_optional: false,
            pagination: Pagination::None,
            timeout: None,
            docs: "https://marketplace.gohighlevel.com/docs/",
        }
    }

    /// Sets the contract.
    #[must_use]
    pub const fn version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// Sets the scopes.
    #[must_use]
    pub const fn scopes(mut self, scopes: &'static [&'static str]) -> Self {
        self.scopes = scopes;
        self
    }

    /// Sets the tokens.
    #[must_use]
    pub const fn tokens(mut self, tokens: TokenClasses) -> Self {
        self.tokens = tokens;
        self
    }

    /// Sets where the location's id goes.
    #[must_use]
    pub const fn location(mut self, location: LocationIn) -> Self {
        self.location = location;
        self
    }

    /// Names the member of the answer that holds the object.
    #[must_use]
    pub const fn envelope(mut self, member: &'static str) -> Self {
        self.envelope = Some(member);
        self
    }

    /// Names the member of the answer that holds the object, unless the answer is the object itself.
    #[must_use]
    pub const fn envelope_if_present(mut self, member: &'static str) -> Self {
        self.envelope = Some(member);
        self.envelope_optional = true;
        self
    }

    /// Overrides whether the call may be repeated, for a POST that only reads or writes the same twice.
    #[must_use]
    pub const fn idempotency(mut self, idempotency: Idempotency) -> Self {
        self.operation.idempotency = idempotency;
        self
    }

    /// Sets how it pages.
    #[must_use]
    pub const fn pagination(mut self, pagination: Pagination) -> Self {
        self.pagination = pagination;
        self
    }

    /// Gives every call the time that a large file takes.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Links the provider's page.
    #[must_use]
    pub const fn docs(mut self, url: &'static str) -> Self {
        self.docs = url;
        self
    }
}

/// One operation: its request, with what is known of it as data.
///
/// Requests are plain values: build one, look at its path and body, send it with a [`Client`](crate::Client) or not.
pub trait Endpoint: Clone + Send + Sync + 'static {
    /// What is known of the operation.
    const SPEC: Spec;

    /// What it answers: a type that decodes from JSON, [`Untyped`](crate::Untyped), or
    /// [`Download`](crate::Download).
    type Response: Answer;

    /// The values of the path's parameters, in their order.
    fn path(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Adds the query.
    fn query(&self, query: &mut Query) {
        let _ = query;
    }

    /// The body, with its content type put into `headers`.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] when it cannot be written.
    fn body(&self, headers: &mut HeaderMap) -> Result<Body> {
        let _ = headers;
        Ok(Body::Empty)
    }
}

/// An operation that answers in pages.
pub trait Paged: Endpoint<Response: WholeAnswer> {
    /// What a page is made of.
    type Item: Send + 'static;

    /// Asks for the page at this cursor.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] when the cursor is not one that this operation made.
    fn set_cursor(&mut self, cursor: &Cursor) -> Result<()>;

    /// Splits an answer into items and the next cursor.
    fn page(&self, response: Self::Response) -> Page<Self::Item>;
}

/// The time for an upload: a large file over a slow line.
pub(crate) const UPLOAD_TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// The error for a cursor of another operation.
pub(crate) fn foreign_cursor() -> Error {
    Error::new(
        ErrorKind::Validation,
        "the cursor is not one of this operation: pass one that a page of it returned",
    )
    .with_provider(crate::PROVIDER)
}

/// Writes the setters of a request on [`Call`](crate::Call): `field: Type` for an optional field.
macro_rules! setters {
    ($request:ident { $($(#[$meta:meta])* $field:ident: $type:ty,)+ }) => {
        impl $crate::Call<$request> {
            $(
                $(#[$meta])*
                #[doc = concat!("Sets [`", stringify!($field), "`](", stringify!($request), "::", stringify!($field), ").")]
                pub fn $field(mut self, $field: impl Into<$type>) -> Self {
                    self.request.$field = $field.into().into();
                    self
                }
            )+
        }
    };
}
pub(crate) use setters;
