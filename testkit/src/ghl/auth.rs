use std::collections::{BTreeSet, HashMap};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::json;

use super::{
    error::Refusal,
    journal::TokenClass,
    limit::Key,
    oauth::{AppRecord, Code, RefreshGrant},
    route::{Access, Operation},
    state::World,
};

/// All credentials.
#[derive(Debug, Default)]
pub(crate) struct AuthTables {
    pub(crate) tokens: HashMap<String, Token>,
    pub(crate) apps: HashMap<String, AppRecord>,
    pub(crate) codes: HashMap<String, Code>,
    pub(crate) refresh: HashMap<String, RefreshGrant>,
    /// (client id, location) pairs where an app is installed, with the time.
    pub(crate) installs: HashMap<(String, String), Timestamp>,
}

/// One bearer token.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) caller: Caller,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) revoked: bool,
}

/// Who calls.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) class: TokenClass,
    pub(crate) company: String,
    pub(crate) location: Option<String>,
    pub(crate) scopes: BTreeSet<String>,
    pub(crate) client_id: Option<String>,
}

impl Caller {
    /// Private tokens of one resource share a budget; an app has its own per resource.
    pub(crate) fn budget(&self) -> Key {
        Key {
            app: self.client_id.clone().unwrap_or_else(|| "pit".to_owned()),
            resource: self.location.as_ref().unwrap_or(&self.company).clone(),
        }
    }
}

impl World {
    /// Finds the caller of an `Authorization` header.
    pub(crate) fn identify(&self, header: Option<&str>) -> Result<Caller, Refusal> {
        let token = header
            .and_then(|header| header.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .and_then(|(_, token)| self.auth.tokens.get(token.trim()))
            .ok_or_else(Refusal::invalid_jwt)?;
        let expired = token.expires.is_some_and(|at| at <= self.now());
        if token.revoked || expired {
            return Err(Refusal::dead_token());
        }
        Ok(token.caller.clone())
    }

    /// Checks class, scope and the locations that the request names, in this order.
    pub(crate) fn authorize<'a>(
        &self,
        caller: &Caller,
        operation: &Operation,
        named: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), Refusal> {
        match (operation.access, caller.class) {
            (Access::SubAccount, TokenClass::PrivateAgency) => return Err(Refusal::user_type()),
            (Access::SubAccount, TokenClass::OAuthCompany) => return Err(Refusal::auth_class()),
            (Access::AgencyApp, class) if class.is_private() => return Err(Refusal::no_scope()),
            (Access::AgencyApp, TokenClass::OAuthLocation) => return Err(Refusal::auth_class()),
            _ => {}
        }
        if !operation.scope.is_empty() && !caller.scopes.contains(operation.scope) {
            return Err(Refusal::no_scope());
        }
        for location in named {
            self.check_location(caller, location)?;
        }
        Ok(())
    }

    /// Refuses a caller that may not touch a location.
    pub(crate) fn check_location(&self, caller: &Caller, location: &str) -> Result<(), Refusal> {
        let allowed = match &caller.location {
            Some(own) => own == location,
            None => self
                .locations
                .get(location)
                .is_some_and(|known| known.company == caller.company),
        };
        if allowed {
            Ok(())
        } else {
            Err(Refusal::other_location())
        }
    }

    /// Mints a token of an app that looks like GHL's: a JWT with its claims. Nobody can verify
    /// its signature, which is random.
    pub(crate) fn mint_jwt(
        &mut self,
        caller: &Caller,
        expires: Timestamp,
        refresh: bool,
    ) -> String {
        let class_id = caller.location.as_ref().unwrap_or(&caller.company);
        let class = match caller.location {
            Some(_) => "Location",
            None => "Company",
        };
        let claims = json!({
            "authClass": class,
            "authClassId": class_id,
            "primaryAuthClassId": class_id,
            "source": "INTEGRATION",
            "sourceId": caller.client_id,
            "channel": "OAUTH",
            "type": if refresh { "refresh" } else { "access" },
            "jti": self.ids.object(),
            "iat": self.now().as_second(),
            "exp": expires.as_second(),
        });
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT"}"#);
        let payload = URL_SAFE_NO_PAD.encode(claims.to_string());
        let signature = URL_SAFE_NO_PAD.encode(self.ids.bytes::<64>());
        format!("{header}.{payload}.{signature}")
    }

    /// Issues a private integration token.
    pub(crate) fn issue_private_token(
        &mut self,
        company: &str,
        location: Option<&str>,
        scopes: &[&str],
    ) -> String {
        let token = format!("pit-{}", self.ids.uuid());
        let caller = Caller {
            class: match location {
                Some(_) => TokenClass::PrivateLocation,
                None => TokenClass::PrivateAgency,
            },
            company: company.to_owned(),
            location: location.map(str::to_owned),
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
            client_id: None,
        };
        self.auth.tokens.insert(
            token.clone(),
            Token {
                caller,
                expires: None,
                revoked: false,
            },
        );
        self.keep_token(&token);
        token
    }
}
