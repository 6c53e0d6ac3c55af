use std::sync::Arc;
use std::time::Duration;

use integrations_core::{Clock, Error, Result, SystemClock};
use jiff::{SignedDuration, Timestamp};

use crate::claims::Claims;
use crate::jwt::Parts;
use crate::keys::KeySource;
use crate::reason::Reason;

/// Clerk's marks of what a token is, in the header `cat`.
const MACHINE: &str = "cl_B7d4PD333AAA";
const TEMPLATE: &str = "cl_B7d4PD222AAA";

/// Which tokens are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Accept {
    /// Those of a session: with `sid`, and of no other category.
    #[default]
    Sessions,
    /// Those of JWT templates too, which name no session.
    SessionsAndTemplates,
    /// Machine tokens in the form of a JWT, and nothing else.
    Machines,
}

/// Verifies session tokens.
///
/// In this order: the form of the token, `typ`, the algorithm (RS256, RS384 or RS512), the signature, and only then the
/// category and the claims, so that nobody learns anything from an answer whose token is not signed. The clocks may
/// differ by five seconds.
///
/// ```no_run
/// use clerk_client::{Jwks, SessionVerifier};
/// use integrations_core::http::HttpContext;
///
/// # async fn demo() -> clerk_client::Result<()> {
/// let context = HttpContext::new()?;
/// let keys = Jwks::at("https://clerk.example.com/.well-known/jwks.json", &context)?.build();
/// let verifier = SessionVerifier::builder(keys)
///     .issuer("https://clerk.example.com")
///     .authorized_party("https://app.example.com")
///     .build()?;
/// let claims = verifier.verify("eyJ…").await?;
/// println!("{}", claims.subject);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct SessionVerifier {
    keys: KeySource,
    accept: Accept,
    issuers: Vec<String>,
    parties: Vec<String>,
    audiences: Vec<String>,
    leeway: SignedDuration,
    admin_claim: String,
    clock: Arc<dyn Clock>,
}

impl SessionVerifier {
    /// A verifier with these keys.
    pub fn builder(keys: impl Into<KeySource>) -> SessionVerifierBuilder {
        SessionVerifierBuilder {
            keys: keys.into(),
            accept: Accept::default(),
            issuers: Vec::new(),
            parties: Vec::new(),
            audiences: Vec::new(),
            leeway: Duration::from_secs(5),
            admin_claim: "admin".to_owned(),
            clock: Arc::new(SystemClock),
        }
    }

    /// What a token says, once it is proven.
    ///
    /// # Errors
    /// [`ErrorKind::Auth`](crate::ErrorKind::Auth) when it is not good,
    /// [`ErrorKind::Connect`](crate::ErrorKind::Connect) when the keys cannot be had; [`Reason::of`] says which.
    pub async fn verify(&self, token: &str) -> Result<Claims> {
        let parts = Parts::of(token)?;
        let key = self.keys.key(parts.header.kid.as_deref()).await?;
        if key.algorithm.is_some_and(|only| only != parts.algorithm) {
            return Err(Reason::InvalidAlgorithm.into());
        }
        let signed = jsonwebtoken::crypto::verify(
            parts.signature,
            parts.message.as_bytes(),
            &key.decoding,
            parts.algorithm,
        );
        if !matches!(signed, Ok(true)) {
            return Err(Reason::InvalidSignature.into());
        }
        self.check_category(parts.header.cat.as_deref())?;
        let claims = Claims::read(parts.claims()?)?;
        self.check(&claims, self.clock.now())?;
        Ok(claims)
    }

    /// Whether the user whose token this is administers the system: the admin claim is exactly `true`.
    #[must_use]
    pub fn is_admin(&self, claims: &Claims) -> bool {
        self.accept != Accept::Machines && claims.is_true(&self.admin_claim)
    }

    fn check_category(&self, category: Option<&str>) -> Result<(), Reason> {
        let fits = match (self.accept, category) {
            (Accept::Machines, category) => category == Some(MACHINE),
            (_, Some(MACHINE)) => false,
            (Accept::Sessions, Some(TEMPLATE)) => false,
            _ => true,
        };
        fits.then_some(()).ok_or(Reason::TokenInvalid)
    }

    fn check(&self, claims: &Claims, now: Timestamp) -> Result<(), Reason> {
        if self.accept == Accept::Sessions && claims.session.is_none() {
            return Err(Reason::TokenInvalid);
        }
        if !self.audiences.is_empty() {
            let named = claims.audiences()?.unwrap_or_default();
            let ours = named
                .iter()
                .any(|audience| self.audiences.iter().any(|ours| ours == audience));
            if !ours {
                return Err(Reason::VerificationFailed);
            }
        }
        if !self.parties.is_empty() {
            let party = claims.authorized_party.as_deref().unwrap_or_default();
            if party.is_empty() || !self.parties.iter().any(|ours| ours == party) {
                return Err(Reason::InvalidAuthorizedParties);
            }
        }
        if !self.issuers.contains(&claims.issuer) {
            return Err(Reason::InvalidIssuer);
        }
        let earliest = now.saturating_sub(self.leeway).unwrap_or(Timestamp::MIN);
        let latest = now.saturating_add(self.leeway).unwrap_or(Timestamp::MAX);
        if claims.expires_at <= earliest {
            return Err(Reason::Expired);
        }
        if claims.not_before()?.is_some_and(|start| start > latest) {
            return Err(Reason::NotActiveYet);
        }
        if claims.issued_at.is_some_and(|issued| issued > latest) {
            return Err(Reason::IssuedInTheFuture);
        }
        Ok(())
    }
}

#[cfg(feature = "catalog")]
#[async_trait::async_trait]
impl integrations_core::catalog::TokenVerifier for SessionVerifier {
    async fn verify(&self, token: &str) -> Result<integrations_core::catalog::Caller> {
        let claims = Self::verify(self, token).await?;
        let mut caller = integrations_core::catalog::Caller::new(claims.subject.as_str());
        caller.is_admin = self.is_admin(&claims);
        caller.session = claims.session.map(|session| session.as_str().to_owned());
        Ok(caller)
    }
}

/// Builds a [`SessionVerifier`].
#[derive(Debug)]
#[must_use]
pub struct SessionVerifierBuilder {
    keys: KeySource,
    accept: Accept,
    issuers: Vec<String>,
    parties: Vec<String>,
    audiences: Vec<String>,
    leeway: Duration,
    admin_claim: String,
    clock: Arc<dyn Clock>,
}

impl SessionVerifierBuilder {
    /// Takes the tokens of this issuer: the address of the instance's Frontend API, as it stands in `iss`. Required;
    /// call it again for another.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuers.push(issuer.into());
        self
    }

    /// Takes tokens that were made for this origin only (`azp`); call it again for another. Without any, the origin is
    /// not looked at; with one, a token that names none is refused.
    pub fn authorized_party(mut self, origin: impl Into<String>) -> Self {
        self.parties.push(origin.into());
        self
    }

    /// Takes tokens for this audience only (`aud`); call it again for another: one of them has to be among the token's.
    /// Without any, the audience is not looked at; with one, a token that names none is refused.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Which tokens are taken; those of sessions by default.
    pub fn accept(mut self, accept: Accept) -> Self {
        self.accept = accept;
        self
    }

    /// How far the clocks may differ; five seconds by default.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// The claim that marks an administrator when it is `true`; `admin` by default.
    pub fn admin_claim(mut self, name: impl Into<String>) -> Self {
        self.admin_claim = name.into();
        self
    }

    /// Tells the time by this clock.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The verifier.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) without an issuer, or when an issuer, a party or an audience is
    /// empty.
    pub fn build(self) -> Result<SessionVerifier> {
        let config = |message: &'static str| Error::config(message).with_provider(crate::PROVIDER);
        if self.issuers.is_empty() {
            return Err(config(
                "no issuer: give issuer() the address of the instance's Frontend API, or every instance's tokens would pass",
            ));
        }
        let lists = [&self.issuers, &self.parties, &self.audiences];
        if lists.into_iter().flatten().any(String::is_empty) {
            return Err(config("an issuer, authorized party or audience is empty"));
        }
        Ok(SessionVerifier {
            keys: self.keys,
            accept: self.accept,
            issuers: self.issuers,
            parties: self.parties,
            audiences: self.audiences,
            leeway: SignedDuration::try_from(self.leeway).unwrap_or(SignedDuration::MAX),
            admin_claim: self.admin_claim,
            clock: self.clock,
        })
    }
}
