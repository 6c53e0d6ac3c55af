use std::{error, fmt, time::Duration};

use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::{
    auth::Caller,
    journal::TokenClass,
    oauth::{AppRecord, Code},
    state::World,
};

/// Whom an app's tokens act for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UserType {
    /// An agency. Its tokens cannot touch sub-account data; they are exchanged per location.
    Company,
    /// A sub-account.
    Location,
}

/// What a developer enters in the marketplace portal.
#[derive(Debug, Clone)]
#[must_use]
pub struct AppSpec {
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) target: UserType,
}

impl AppSpec {
    /// An app for sub-accounts with one redirect URI and no scopes.
    pub fn new(redirect_uri: impl Into<String>) -> Self {
        Self {
            redirect_uris: vec![redirect_uri.into()],
            scopes: Vec::new(),
            target: UserType::Location,
        }
    }

    /// The scopes that the app may ask for.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// Whom the app's tokens act for.
    pub fn target(mut self, target: UserType) -> Self {
        self.target = target;
        self
    }
}

/// A registered app. `Debug` hides the client secret.
#[derive(Clone)]
#[non_exhaustive]
pub struct App {
    /// `<24 hex digits>-<suffix>`; the first part is the app id.
    pub client_id: String,
    /// The client secret, a UUID.
    pub client_secret: String,
    /// The first registered redirect URI.
    pub redirect_uri: String,
    /// The scopes that the app may ask for.
    pub scopes: Vec<String>,
    /// Whom its tokens act for.
    pub target: UserType,
    /// The id of the app's version, as webhooks and location tokens carry it.
    pub version_id: String,
}

impl App {
    /// The part of the client id before the dash.
    #[must_use]
    pub fn app_id(&self) -> &str {
        self.client_id.split('-').next().unwrap_or_default()
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("client_id", &self.client_id)
            .field("redirect_uri", &self.redirect_uri)
            .field("scopes", &self.scopes)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

/// Why the consent page would not have let the human through.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthorizeError {
    /// Not an absolute URL of the path `/v2/oauth/chooselocation`.
    NotAnAuthorizeUrl,
    /// `client_id` is missing or unknown.
    UnknownClient,
    /// `response_type` is not `code`.
    ResponseType,
    /// `redirect_uri` is missing or not registered for the app.
    RedirectUri,
    /// `scope` is missing or names one that the app was not registered with.
    Scope(String),
    /// The location or company does not exist.
    UnknownAccount(String),
    /// An app for agencies cannot be approved by a sub-account.
    WrongTarget,
}

impl fmt::Display for AuthorizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnAuthorizeUrl => f.write_str("not an authorize URL"),
            Self::UnknownClient => f.write_str("client_id is missing or unknown"),
            Self::ResponseType => f.write_str("response_type is not `code`"),
            Self::RedirectUri => f.write_str("redirect_uri is missing or not registered"),
            Self::Scope(scope) => write!(f, "scope `{scope}` is not registered for the app"),
            Self::UnknownAccount(id) => write!(f, "no such account: {id}"),
            Self::WrongTarget => f.write_str("the app is for agencies only"),
        }
    }
}

impl error::Error for AuthorizeError {}

const CODE_LIFETIME: Duration = Duration::from_secs(600);

impl World {
    pub(crate) fn register_app(&mut self, spec: AppSpec) -> App {
        let app_id = self.ids.object();
        let suffix = self.ids.alphanumeric(8).to_lowercase();
        let app = App {
            client_id: format!("{app_id}-{suffix}"),
            client_secret: self.ids.uuid(),
            redirect_uri: spec.redirect_uris.first().cloned().unwrap_or_default(),
            scopes: spec.scopes,
            target: spec.target,
            version_id: app_id.clone(),
        };
        // Webhooks go out in the name of the newest app.
        self.app_id.clone_from(&app_id);
        self.version_id.clone_from(&app.version_id);
        let record = AppRecord {
            app: app.clone(),
            redirect_uris: spec.redirect_uris,
        };
        self.auth.apps.insert(app.client_id.clone(), record);
        app
    }

    /// Plays the consent page: checks what the page checks and returns where it redirects to.
    pub(crate) fn approve(
        &mut self,
        url: &str,
        company: Option<&str>,
        locations: &[&str],
    ) -> Result<Url, AuthorizeError> {
        let url = Url::parse(url).map_err(|_| AuthorizeError::NotAnAuthorizeUrl)?;
        if !url.path().ends_with("/oauth/chooselocation") {
            return Err(AuthorizeError::NotAnAuthorizeUrl);
        }
        let param = |name: &str| {
            url.query_pairs()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
                .unwrap_or_default()
        };
        let record = self.auth.apps.get(&param("client_id"));
        let record = record.ok_or(AuthorizeError::UnknownClient)?;
        if param("response_type") != "code" {
            return Err(AuthorizeError::ResponseType);
        }
        let redirect_uri = param("redirect_uri");
        if !record.redirect_uris.contains(&redirect_uri) {
            return Err(AuthorizeError::RedirectUri);
        }
        let mut target = Url::parse(&redirect_uri).map_err(|_| AuthorizeError::RedirectUri)?;
        let scope = param("scope");
        let scopes: Vec<&str> = scope.split_whitespace().collect();
        if scopes.is_empty() {
            return Err(AuthorizeError::Scope(String::new()));
        }
        for scope in &scopes {
            if !record.app.scopes.iter().any(|known| known == scope) {
                return Err(AuthorizeError::Scope((*scope).to_owned()));
            }
        }
        if company.is_none() && record.app.target == UserType::Company {
            return Err(AuthorizeError::WrongTarget);
        }
        let mut owner = company.map(str::to_owned);
        for &id in locations {
            let known = self.locations.get(id);
            let known = known.filter(|l| owner.as_ref().is_none_or(|owner| *owner == l.company));
            let known = known.ok_or_else(|| AuthorizeError::UnknownAccount(id.to_owned()))?;
            owner = Some(known.company.clone());
        }
        let owner = owner.unwrap_or_default();
        if !self.locations.values().any(|l| l.company == owner) {
            return Err(AuthorizeError::UnknownAccount(owner));
        }
        let client_id = record.app.client_id.clone();
        let caller = Caller {
            class: match company {
                Some(_) => TokenClass::OAuthCompany,
                None => TokenClass::OAuthLocation,
            },
            company: owner,
            location: match company {
                Some(_) => None,
                None => locations.first().map(|&id| id.to_owned()),
            },
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
            client_id: Some(client_id.clone()),
        };
        let now = self.now();
        for &id in locations {
            let install = (client_id.clone(), id.to_owned());
            self.auth.installs.insert(install, now);
        }
        let code = hex::encode(self.ids.bytes::<20>());
        self.auth.codes.insert(
            code.clone(),
            Code {
                caller,
                redirect_uri,
                approved: locations.iter().map(|&id| id.to_owned()).collect(),
                expires: later(now, CODE_LIFETIME),
            },
        );
        target.query_pairs_mut().append_pair("code", &code);
        let state = url.query_pairs().find(|(key, _)| key == "state");
        if let Some((_, state)) = state {
            target.query_pairs_mut().append_pair("state", &state);
        }
        Ok(target)
    }
}

/// A time from now, saturating.
pub(crate) fn later(now: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}
