use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    app::{App, later},
    auth::{Caller, Token},
    clock::iso,
    error::Refusal,
    journal::TokenClass,
    route::{Access, Call, Encoding, Operation, Reply, Since},
    schema::{Field, Kind, opt, req},
    state::World,
};

const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
const EXCHANGE: &[Field] = &[req("companyId", Kind::Text), req("locationId", Kind::Text)];
const INSTALLED: &[Field] = &[
    req("companyId", Kind::Text),
    req("appId", Kind::Text),
    opt("skip", Kind::Text),
    opt("limit", Kind::Text),
    opt("query", Kind::Text),
    opt("isInstalled", Kind::Flag),
    opt("versionId", Kind::Text),
    opt("onTrial", Kind::Flag),
    opt("planId", Kind::Text),
    opt("locationId", Kind::Text),
];
const INSTALLED_NAMED: &[Field] = &[
    req("companyId", Kind::Text),
    req("appId", Kind::Text),
    opt("pageSize", Kind::Number),
    opt("pageToken", Kind::Text),
    opt("query", Kind::Text),
    opt("isInstalled", Kind::Flag),
    opt("restrictToUserLocations", Kind::Flag),
    opt("versionId", Kind::Text),
    opt("onTrial", Kind::Flag),
    opt("planId", Kind::Text),
    opt("locationId", Kind::Text),
];

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        body: None,
        ..Operation::send("POST", "oauth.token", "/oauth/token", "", &[], token)
    }
    .access(Access::Open)
    .encoding(Encoding::FormOrNamedJson),
    Operation::send(
        "POST",
        "oauth.locationToken",
        "/oauth/locationToken",
        "oauth.write",
        EXCHANGE,
        location_token,
    )
    .access(Access::AgencyApp)
    .encoding(Encoding::Form),
    Operation::send(
        "POST",
        "oauth.locationToken",
        "/oauth/location-token",
        "oauth.write",
        EXCHANGE,
        location_token,
    )
    .access(Access::AgencyApp)
    .encoding(Encoding::Form)
    .since(Since::NamedOnly),
    Operation::get(
        "oauth.installedLocations",
        "/oauth/installedLocations",
        "oauth.readonly",
        installed,
    )
    .access(Access::AgencyApp)
    .query(INSTALLED)
    .since(Since::DatesOnly),
    Operation::get(
        "oauth.installedLocations",
        "/oauth/installed-locations",
        "oauth.readonly",
        installed_named,
    )
    .access(Access::AgencyApp)
    .query(INSTALLED_NAMED)
    .since(Since::NamedOnly),
];

/// A registered app with all its redirect URIs.
#[derive(Debug)]
pub(crate) struct AppRecord {
    pub(crate) app: App,
    pub(crate) redirect_uris: Vec<String>,
}

/// An authorization code: single use, bound to its redirect URI.
#[derive(Debug)]
pub(crate) struct Code {
    pub(crate) caller: Caller,
    pub(crate) redirect_uri: String,
    pub(crate) approved: Vec<String>,
    pub(crate) expires: Timestamp,
}

/// A refresh token; it stays known after its rotation, so that reuse is noticed.
#[derive(Debug, Clone)]
pub(crate) struct RefreshGrant {
    pub(crate) caller: Caller,
    pub(crate) approved: Vec<String>,
    pub(crate) rotated: bool,
    pub(crate) expires: Timestamp,
}

fn token(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let name = |snake: &'static str| match (call.named_version, snake) {
        (true, "client_id") => "clientId",
        (true, "client_secret") => "clientSecret",
        (true, "grant_type") => "grantType",
        (true, "refresh_token") => "refreshToken",
        (true, "redirect_uri") => "redirectUri",
        (_, same) => same,
    };
    let needed = |snake| {
        call.text(name(snake))
            .filter(|value| !value.is_empty())
            .ok_or_else(|| Refusal::plain(400, format!("Missing parameter: {}", name(snake))))
    };
    let client_id = needed("client_id")?;
    let secret = needed("client_secret")?;
    let known = |world: &World| {
        let app = world.auth.apps.get(client_id);
        app.is_some_and(|record| record.app.client_secret == secret)
    };
    let refused = || {
        let message = "Invalid client: client credentials are invalid";
        Refusal::named(401, message, "Unauthorized")
    };
    let (caller, approved) = match needed("grant_type")? {
        "authorization_code" => {
            // The code is looked at before the credentials.
            let key = needed("code")?;
            let code = world.auth.codes.get(key);
            let code = code.filter(|code| code.expires > world.now());
            let code = code.ok_or_else(Refusal::bad_code)?;
            if !known(world) {
                return Err(refused());
            }
            if code.caller.client_id.as_deref() != Some(client_id) {
                return Err(Refusal::bad_code());
            }
            let given = call.text(name("redirect_uri"));
            if given.is_some_and(|uri| uri != code.redirect_uri) {
                let message = format!("Invalid parameter: {}", name("redirect_uri"));
                return Err(Refusal::plain(400, message));
            }
            let code = world.auth.codes.remove(key).ok_or_else(Refusal::bad_code)?;
            world.stats.token_exchanges += 1;
            (code.caller, code.approved)
        }
        "refresh_token" => {
            let key = needed("refresh_token")?;
            if !known(world) {
                return Err(refused());
            }
            let invalid = || Refusal::plain(400, "Invalid grant: refresh token is invalid");
            let now = world.now();
            let grant = world.auth.refresh.get_mut(key).ok_or_else(invalid)?;
            if grant.caller.client_id.as_deref() != Some(client_id) || grant.expires <= now {
                return Err(invalid());
            }
            if grant.rotated {
                world.stats.reused_refresh_tokens += 1;
                return Err(invalid());
            }
            let location = grant.caller.location.as_ref();
            let location = location.and_then(|id| world.locations.get(id));
            if location.is_some_and(|location| !location.active) {
                // The refresh token is not used up: it works again once the location does.
                return Err(Refusal::plain(400, "Location is not active"));
            }
            grant.rotated = true;
            world.stats.refreshes += 1;
            (grant.caller.clone(), grant.approved.clone())
        }
        _ => {
            let message = format!("Invalid parameter: {}", name("grant_type"));
            return Err(Refusal::plain(400, message));
        }
    };
    let body = pair(world, caller, approved, true);
    Reply::ok(spelled(body, call.named_version))
}

/// An access token, with a refresh token if wanted, in the date spelling.
fn pair(world: &mut World, caller: Caller, approved: Vec<String>, refresh: bool) -> Value {
    let lifetime = world.token_lifetime;
    let expires = later(world.now(), lifetime);
    let access = world.mint_jwt(&caller, expires, false);
    let holder = caller.location.as_ref();
    let user = world
        .locations
        .values()
        .find(|l| holder.map_or(l.company == caller.company, |id| *id == l.id))
        .and_then(|location| location.users.first());
    let mut body = json!({
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": lifetime.as_secs(),
        "scope": caller.scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" "),
        "userType": if holder.is_some() { "Location" } else { "Company" },
        "companyId": caller.company,
        "userId": user.map(|user| user.id.clone()),
        "isBulkInstallation": approved.len() > 1,
    });
    if let Some(location) = holder {
        body["locationId"] = json!(location);
    } else {
        body["approvedLocations"] = json!(approved);
        body["installToFutureLocations"] = json!(false);
        body["approveAllLocations"] = json!(false);
    }
    if refresh {
        let expires = later(world.now(), YEAR);
        let refresh = world.mint_jwt(&caller, expires, true);
        body["refresh_token"] = json!(refresh);
        body["refreshTokenId"] = json!(world.ids.object());
        let grant = RefreshGrant {
            caller: caller.clone(),
            approved,
            rotated: false,
            expires,
        };
        world.auth.refresh.insert(refresh, grant);
    }
    let token = Token {
        caller,
        expires: Some(expires),
        revoked: false,
    };
    world.auth.tokens.insert(access, token);
    body
}

/// Renames the snake_case keys under a named version.
fn spelled(body: Value, named: bool) -> Value {
    let Value::Object(body) = body else {
        return body;
    };
    let rename = |key: String| match (named, key.as_str()) {
        (true, "access_token") => "accessToken".to_owned(),
        (true, "token_type") => "tokenType".to_owned(),
        (true, "expires_in") => "expiresIn".to_owned(),
        (true, "refresh_token") => "refreshToken".to_owned(),
        _ => key,
    };
    let body: Map<_, _> = body.into_iter().map(|(k, v)| (rename(k), v)).collect();
    Value::Object(body)
}

fn location_token(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let Some(company) = &call.caller else {
        return Err(Refusal::invalid_jwt());
    };
    let location = call.location();
    if call.text("companyId") != Some(company.company.as_str()) {
        return Err(Refusal::other_location());
    }
    world.check_location(company, location)?;
    let client_id = company.client_id.clone().unwrap_or_default();
    let install = (client_id.clone(), location.to_owned());
    if !world.auth.installs.contains_key(&install) {
        let message = "The app is not installed on this location";
        return Err(Refusal::bad_request(message));
    }
    let Some(record) = world.auth.apps.get(&client_id) else {
        return Err(Refusal::dead_token());
    };
    let (app_id, version_id) = (
        record.app.app_id().to_owned(),
        record.app.version_id.clone(),
    );
    let mut scopes = company.scopes.clone();
    scopes.extend(record.app.scopes.iter().cloned());
    scopes.extend(["oauth.readonly".to_owned(), "oauth.write".to_owned()]);
    let caller = Caller {
        class: TokenClass::OAuthLocation,
        company: company.company.clone(),
        location: Some(location.to_owned()),
        scopes,
        client_id: Some(client_id),
    };
    world.stats.location_tokens += 1;
    // Only the named version answers with a refresh token.
    let mut body = pair(world, caller, Vec::new(), call.named_version);
    if let Some(body) = body.as_object_mut() {
        for absent in [
            "companyId",
            "isBulkInstallation",
            "refreshTokenId",
            "userType",
        ] {
            body.remove(absent);
        }
    }
    body["appId"] = json!(app_id);
    body["versionId"] = json!(version_id);
    Reply::created(spelled(body, call.named_version))
}

fn installs(world: &World, call: &Call) -> Result<Vec<Value>, Refusal> {
    let Some(caller) = &call.caller else {
        return Err(Refusal::invalid_jwt());
    };
    if call.query("companyId") != Some(caller.company.as_str()) {
        return Err(Refusal::other_location());
    }
    let client_id = caller.client_id.as_deref().unwrap_or_default();
    let app_id = client_id.split('-').next();
    if call.query("appId") != app_id {
        return Err(Refusal::no_scope());
    }
    let installed_at = |id: &str| {
        let key = (client_id.to_owned(), id.to_owned());
        world.auth.installs.get(&key).copied()
    };
    let wanted = |name: &str| call.query("query").is_none_or(|query| name.contains(query));
    let flag = call.query("isInstalled");
    let version = world.auth.apps.get(client_id).map(|r| &r.app.version_id);
    let rows = world
        .locations
        .values()
        .filter(|l| l.company == caller.company && wanted(&l.name))
        .filter(|l| call.query("locationId").is_none_or(|id| id == l.id))
        .map(|location| {
            let at = installed_at(&location.id);
            json!({
                "_id": location.id,
                "name": location.name,
                "address": "1 Example Street, Springfield",
                "isInstalled": at.is_some(),
                "versionId": at.and(version),
                "installedAt": at.map(iso),
            })
        })
        .filter(|row| flag.is_none_or(|flag| row["isInstalled"] == json!(flag == "true")));
    Ok(rows.collect())
}

fn installed(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let rows = installs(world, call)?;
    let page = |name, default| {
        let number = call.number(name).unwrap_or(default);
        usize::try_from(number).unwrap_or_default()
    };
    let (skip, limit) = (page("skip", 0), page("limit", 20));
    let shown: Vec<_> = rows.iter().skip(skip).take(limit).collect();
    Reply::ok(json!({
        "locations": shown,
        "count": rows.len(),
        "installToFutureLocations": false,
    }))
}

fn installed_named(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let rows = installs(world, call)?;
    let size = usize::try_from(call.number("pageSize").unwrap_or(20)).unwrap_or(20);
    let skip = match call.query("pageToken") {
        None => 0,
        Some(token) => token
            .strip_prefix("skip")
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| Refusal::bad_request("Invalid parameter: pageToken"))?,
    };
    let shown: Vec<_> = rows.iter().skip(skip).take(size).collect();
    let next = skip + shown.len();
    let more = next < rows.len();
    Reply::ok(json!({
        "items": shown,
        "pagination": {
            "totalRecords": rows.len(),
            "hasNextPage": more,
            "hasPrevPage": skip > 0,
            "nextPageToken": more.then(|| format!("skip{next}")),
            "currentPageSize": shown.len(),
        },
        "installToFutureLocations": false,
    }))
}
