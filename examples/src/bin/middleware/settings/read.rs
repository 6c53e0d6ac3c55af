//! The settings as the environment has them.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use aloware_client::rules::{self, SequenceRules};
use aloware_client::webhook::{ALLOWED_EVENTS_VARIABLE, AllowedEvents};
use ghl_client::oauth::app_of;
use integrations_core::phone::Region;
use integrations_core::vault::{KeyRing, Vault};
use integrations_core::webhook::DedupePolicy;
use integrations_core::webhook::schemes::Ed25519Key;
use integrations_core::{AccessToken, Error, Result, TenantId};
use url::Url;
use verity_client::DEFAULT_BASE_URL;

use super::{
    AlowareSettings, Broadcasts, ClerkSettings, GatewaySettings, GhlOAuth, GhlSettings, Pace,
    Settings, VeritySettings,
};

/// Where it listens unless it is told.
const LISTEN: &str = "127.0.0.1:8080";
/// The tenant unless one is named.
pub(crate) const TENANT: &str = "default";

/// The variables that make it work with real providers: when one of them is set, all that are needed are.
pub(crate) const CREDENTIALS: [&str; 4] = [
    "GHL_API_KEY",
    "GHL_CLIENT_ID",
    "ALOWARE_API_TOKEN",
    "VERITY_API_KEY",
];

/// What the marketplace app is asked to be allowed, unless it is told.
const GHL_SCOPES: [&str; 7] = [
    "contacts.readonly",
    "contacts.write",
    "conversations.readonly",
    "conversations.write",
    "conversations/message.readonly",
    "conversations/message.write",
    "locations.readonly",
];

/// What `--help` says of the variables.
pub(crate) const HELP: &str = "\
Environment, for real providers. What is needed as soon as one of their credentials is set is marked *:

 GoHighLevel
  GHL_API_KEY *                    private integration token (pit-…); not needed with
  GHL_CLIENT_ID                    the marketplace app. `middleware authorize` prints the page on which an owner of the
                                   location installs it; from then on calls go with its tokens, which are refreshed here
  GHL_CLIENT_SECRET                needed with GHL_CLIENT_ID, as is
  GHL_REDIRECT_URL                 where the page sends its user back to: https://THIS_SERVICE/api/oauth/ghl/callback
  GHL_SCOPES                       what the app asks for, with blanks or commas; contacts, conversations and the location by
                                   default
  GHL_COMPANY_ID                   the agency, for an app that is installed in the agency
  GHL_LOCATION_ID *                the location
  GHL_CONVERSATION_PROVIDER_ID     messages and calls are reported by it, and sent through it; without it they are
                                   written into the conversation partners' notes, and nothing is sent
  GHL_CALENDAR_ID                  calendar for bookings
  GHL_BASE_URL                     another address of the API
  GHL_WEBHOOK_PUBLIC_KEY           Ed25519 keys of webhooks in place of GoHighLevel's own, with commas between them
  GHL_APP_ID                       takes the webhooks of this app alone; that of GHL_CLIENT_ID by default
  GHL_DELIVERY_SECRET              the secret in the delivery URL (…/provider-delivery?key=SECRET), whose deliveries may
                                   be unsigned; without it, unsigned deliveries are refused
 Aloware
  ALOWARE_API_TOKEN *              token of a user
  ALOWARE_WEBHOOK_BASIC_USER *     user and
  ALOWARE_WEBHOOK_BASIC_PASS *     password that its webhooks are sent with
  ALOWARE_WEBHOOK_ALLOWED_EVENTS   names of events with commas; all by default
  ALOWARE_FROM_NUMBER              number that texts come from
  ALOWARE_BASE_URL                 another address of the API
  ENABLE_ALOWARE_SEQUENCES         true: dispositions lead to sequences, by
  ALOWARE_STATUS_TO_SEQUENCE       {\"status\": \"sequence\"} or {\"status\": {\"sequence_id\": \"…\", \"optional\": true}}
 Verity and texting
  VERITY_API_KEY *                 the key that Verity shares with this service
  VERITY_WEBHOOK_SECRET *          what signs its webhooks
  VERITY_BASE_URL                  http://localhost:3000 by default
  VERITY_FROM_NUMBER               number that texts come from; Verity chooses one without it
  VERITY_ALLOW_LEGACY_SECRET       true: takes the secret itself in a header for a signature
  VERITY_DATABASE_URL              Verity's PostgreSQL, from which the figures of broadcasts are read
  VERITY_CATALOG_PATH              catalogue of Verity's endpoints, for the gateway
  TEXTING_SYNC_TO_ALOWARE          true: texts are also written into the contact's notes in Aloware
 Gateway to Verity
  DF_MIDDLEWARE_API_KEY            keys of callers with commas, each may be name=key; without any, all are refused
  CORS_ALLOWED_ORIGINS             origins of web pages that may call, with commas
  CLERK_SECRET_KEY                 Clerk, which proves the users of the gateway; with it
  CLERK_ISSUER                     the issuer of their tokens (https://clerk.example.com) is needed
  CLERK_AUTHORIZED_PARTIES         origins that tokens may be made for, with commas; any by default
  CLERK_API_URL                    another address of Clerk
 This service
  DATABASE_URL                     as --database
  INTEGRATIONS_KEYS *              keys that seal credentials in the database (or INTEGRATIONS_KEY, INTEGRATIONS_KEYS_FILE)
  MIDDLEWARE_TENANT                whose integrations these are; `default` by default
  MIDDLEWARE_DEDUPE                digest (default) or seed-exact: the keys of the system before, which take every later
                                   event of a kind about a record for a repetition
  MIDDLEWARE_REGION                where phone numbers without a country are from; US by default
  MIDDLEWARE_FIRST_RETRY_MS        the first wait before a failed event is tried again; 60000 by default
  MIDDLEWARE_SEARCH_LAG_MS         how long GoHighLevel's search may lag behind a write; 10000 by default
  MIDDLEWARE_LEASE_MS              how long what a dead process held stays out of use; 30000 by default
  MIDDLEWARE_UNKNOWN_AFTER_MS      how long to wait for Verity's word on a text whose sending was cut off; 300000 by default";

/// One source of variables; what is missing is told all at once.
struct Reader<F> {
    lookup: F,
    missing: Vec<&'static str>,
}

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    fn text(&self, name: &str) -> Option<String> {
        let value = (self.lookup)(name)?.trim().to_owned();
        Some(value).filter(|value| !value.is_empty())
    }

    fn needed(&mut self, name: &'static str) -> String {
        let value = self.text(name);
        if value.is_none() {
            self.missing.push(name);
        }
        value.unwrap_or_default()
    }

    fn list(&self, name: &str) -> Vec<String> {
        let text = self.text(name).unwrap_or_default();
        let items = text.split(',').map(str::trim).filter(|one| !one.is_empty());
        items.map(str::to_owned).collect()
    }

    fn flag(&self, name: &str) -> Result<bool> {
        match self.text(name).as_deref().map(str::to_ascii_lowercase) {
            None => Ok(false),
            Some(word) => match word.as_str() {
                "true" | "1" | "yes" => Ok(true),
                "false" | "0" | "no" => Ok(false),
                _ => Err(Error::config(format!("{name} is `true` or `false`"))),
            },
        }
    }

    fn parsed<T: FromStr>(&self, name: &str, like: &str) -> Result<Option<T>> {
        self.text(name)
            .map(|text| {
                text.parse()
                    .map_err(|_| Error::config(format!("{name} is not understood: it is {like}")))
            })
            .transpose()
    }

    fn millis(&self, name: &str, default: Duration) -> Result<Duration> {
        let given = self.parsed::<u64>(name, "a number of milliseconds")?;
        Ok(given.map_or(default, Duration::from_millis))
    }
}

impl Settings {
    /// The settings of the environment, or of any other source of variables.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](integrations_core::ErrorKind::Config) that names every variable that is missing, or the one
    /// that is not understood.
    pub(crate) fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let mut reader = Reader {
            lookup,
            missing: Vec::new(),
        };
        let database = reader.needed("DATABASE_URL");
        let ghl = ghl(&mut reader)?;
        let aloware = aloware(&mut reader)?;
        let verity = verity(&mut reader)?;
        let clerk = clerk(&mut reader);
        let gateway = GatewaySettings {
            keys: keys(&reader.list("DF_MIDDLEWARE_API_KEY")),
            allowed_origins: reader.list("CORS_ALLOWED_ORIGINS"),
        };
        let vault = KeyRing::from_lookup(&reader.lookup).map(Vault::new);
        if !reader.missing.is_empty() {
            return Err(Error::config(format!(
                "missing in the environment: {}; --help says what each is",
                reader.missing.join(", ")
            )));
        }
        let listen: SocketAddr = reader
            .parsed("LISTEN_ADDRESS", "an address with a port: 0.0.0.0:8080")?
            .unwrap_or(LISTEN.parse().map_err(|_| Error::config("no address"))?);
        let tenant = reader.text("MIDDLEWARE_TENANT");
        Ok(Self {
            database: database.into(),
            listen,
            tenant: TenantId::new(tenant.as_deref().unwrap_or(TENANT))?,
            vault: vault?,
            region: match reader.text("MIDDLEWARE_REGION") {
                Some(region) => Region::new(&region)?,
                None => Region::US,
            },
            dedupe: dedupe(reader.text("MIDDLEWARE_DEDUPE").as_deref())?,
            ghl,
            aloware,
            verity,
            clerk,
            gateway,
            pace: pace(&reader)?,
        })
    }
}

fn ghl<F: Fn(&str) -> Option<String>>(reader: &mut Reader<F>) -> Result<GhlSettings> {
    const KEYS: &str = "GHL_WEBHOOK_PUBLIC_KEY";
    let keys = reader.list(KEYS).into_iter().map(|key| {
        // A PEM in a variable often has its line breaks written out.
        let key: Result<Ed25519Key> = key.replace("\\n", "\n").parse();
        key.map_err(|_| Error::config(format!("{KEYS} holds something that is no Ed25519 key")))
    });
    let oauth = ghl_oauth(reader)?;
    let app = reader.text("GHL_APP_ID");
    let own_app = oauth.as_ref().map(|oauth| app_of(&oauth.client_id));
    Ok(GhlSettings {
        webhook_keys: keys.collect::<Result<_>>()?,
        base_url: reader.text("GHL_BASE_URL"),
        api_key: match oauth {
            Some(_) => reader.text("GHL_API_KEY"),
            None => Some(reader.needed("GHL_API_KEY")),
        }
        .map(AccessToken::from),
        oauth,
        location: reader.needed("GHL_LOCATION_ID"),
        calendar: reader.text("GHL_CALENDAR_ID"),
        conversation_provider: reader.text("GHL_CONVERSATION_PROVIDER_ID"),
        app: app.or_else(|| own_app.map(|app| app.as_str().to_owned())),
        delivery_secret: reader.text("GHL_DELIVERY_SECRET").map(Into::into),
    })
}

fn ghl_oauth<F: Fn(&str) -> Option<String>>(reader: &mut Reader<F>) -> Result<Option<GhlOAuth>> {
    let Some(client_id) = reader.text("GHL_CLIENT_ID") else {
        return Ok(None);
    };
    let client_secret = reader.needed("GHL_CLIENT_SECRET").into();
    let redirect = reader.needed("GHL_REDIRECT_URL");
    let redirect_url = match redirect.is_empty() {
        // Told of as missing, with all the others.
        true => Url::parse("http://localhost/"),
        false => Url::parse(&redirect),
    };
    let scopes = reader.text("GHL_SCOPES").unwrap_or_default();
    let scopes = scopes.split([',', ' ']).filter(|scope| !scope.is_empty());
    let scopes: Vec<_> = scopes.map(str::to_owned).collect();
    Ok(Some(GhlOAuth {
        client_id,
        client_secret,
        redirect_url: redirect_url.map_err(|_| {
            Error::config("GHL_REDIRECT_URL is not understood: it is a URL such as https://example.com/api/oauth/ghl/callback")
        })?,
        scopes: match scopes.is_empty() {
            true => GHL_SCOPES.map(str::to_owned).to_vec(),
            false => scopes,
        },
        company: reader.text("GHL_COMPANY_ID"),
    }))
}

fn aloware<F: Fn(&str) -> Option<String>>(reader: &mut Reader<F>) -> Result<AlowareSettings> {
    let allowed = reader.text(ALLOWED_EVENTS_VARIABLE);
    Ok(AlowareSettings {
        base_url: reader.text("ALOWARE_BASE_URL"),
        api_token: AccessToken::from(reader.needed("ALOWARE_API_TOKEN")),
        from_number: reader.text("ALOWARE_FROM_NUMBER"),
        webhook_user: reader.needed("ALOWARE_WEBHOOK_BASIC_USER"),
        webhook_password: reader.needed("ALOWARE_WEBHOOK_BASIC_PASS").into(),
        allowed_events: allowed.map_or_else(AllowedEvents::all, |list| AllowedEvents::parse(&list)),
        sequences: SequenceRules::parse(
            reader.text(rules::ENABLE_VARIABLE).as_deref(),
            reader.text(rules::MAPPING_VARIABLE).as_deref(),
        )?,
    })
}

fn verity<F: Fn(&str) -> Option<String>>(reader: &mut Reader<F>) -> Result<VeritySettings> {
    let base_url = reader.text("VERITY_BASE_URL");
    Ok(VeritySettings {
        base_url: base_url.unwrap_or_else(|| DEFAULT_BASE_URL.to_owned()),
        api_key: AccessToken::from(reader.needed("VERITY_API_KEY")),
        from_number: reader.text("VERITY_FROM_NUMBER"),
        webhook_secret: reader.needed("VERITY_WEBHOOK_SECRET").into(),
        allow_legacy_secret: reader.flag("VERITY_ALLOW_LEGACY_SECRET")?,
        broadcasts: reader
            .text("VERITY_DATABASE_URL")
            .map_or(Broadcasts::Nowhere, |url| Broadcasts::Database(url.into())),
        catalog: reader.text("VERITY_CATALOG_PATH").map(Into::into),
        sync_to_aloware: reader.flag("TEXTING_SYNC_TO_ALOWARE")?,
    })
}

fn clerk<F: Fn(&str) -> Option<String>>(reader: &mut Reader<F>) -> Option<ClerkSettings> {
    let secret_key = AccessToken::from(reader.text("CLERK_SECRET_KEY")?);
    Some(ClerkSettings {
        base_url: reader
            .text("CLERK_API_URL")
            .map(|url| format!("{}/v1", url.trim_end_matches('/'))),
        secret_key,
        issuer: reader.needed("CLERK_ISSUER"),
        authorized_parties: reader.list("CLERK_AUTHORIZED_PARTIES"),
    })
}

/// `name=key`, or a key that is named by its place. The padding of base64 is no name's end.
fn keys(list: &[String]) -> Vec<(String, AccessToken)> {
    let named = |(at, entry): (usize, &String)| match entry.split_once('=') {
        Some((name, key)) if !name.is_empty() && !key.trim_matches('=').is_empty() => {
            (name.to_owned(), AccessToken::from(key))
        }
        _ => (format!("key{}", at + 1), AccessToken::from(entry.as_str())),
    };
    list.iter().enumerate().map(named).collect()
}

fn dedupe(word: Option<&str>) -> Result<DedupePolicy> {
    match word {
        None | Some("digest") => Ok(DedupePolicy::WithDigest),
        Some("seed-exact") => Ok(DedupePolicy::SeedExact),
        Some(_) => Err(Error::config(
            "MIDDLEWARE_DEDUPE is `digest` or `seed-exact`",
        )),
    }
}

fn pace<F: Fn(&str) -> Option<String>>(reader: &Reader<F>) -> Result<Pace> {
    let usual = Pace::default();
    Ok(Pace {
        first_retry: reader.millis("MIDDLEWARE_FIRST_RETRY_MS", usual.first_retry)?,
        search_lag: reader.millis("MIDDLEWARE_SEARCH_LAG_MS", usual.search_lag)?,
        lease: reader.millis("MIDDLEWARE_LEASE_MS", usual.lease)?,
        unknown_after: reader.millis("MIDDLEWARE_UNKNOWN_AFTER_MS", usual.unknown_after)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    fn read(more: &[(&str, &str)], without: &str) -> Result<Settings> {
        let base = [
            ("DATABASE_URL", "sqlite::memory:"),
            ("INTEGRATIONS_KEY", KEY),
            ("GHL_API_KEY", "pit-planted"),
            ("GHL_LOCATION_ID", "loc1"),
            ("ALOWARE_API_TOKEN", "planted-token"),
            ("ALOWARE_WEBHOOK_BASIC_USER", "hook"),
            ("ALOWARE_WEBHOOK_BASIC_PASS", "planted:pass"),
            ("VERITY_API_KEY", "planted-key"),
            ("VERITY_WEBHOOK_SECRET", "planted-secret"),
        ];
        Settings::from_lookup(|name| {
            let all = more.iter().chain(&base);
            let found = all
                .filter(|(known, _)| *known != without)
                .find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn what_is_missing_is_named_and_nothing_is_shown() {
        let settings = read(&[], "").unwrap();
        assert!(!format!("{settings:?}").contains("planted"));
        for name in &[
            "GHL_API_KEY",
            "ALOWARE_API_TOKEN",
            "VERITY_API_KEY",
            "DATABASE_URL",
            "GHL_LOCATION_ID",
            "ALOWARE_WEBHOOK_BASIC_USER",
            "ALOWARE_WEBHOOK_BASIC_PASS",
            "VERITY_WEBHOOK_SECRET",
        ] {
            let error = read(&[], name).unwrap_err();
            assert!(error.to_string().contains(name), "{name}: {error}");
            assert!(HELP.contains(name), "{name}");
        }
        let error = read(&[], "INTEGRATIONS_KEY").unwrap_err();
        assert!(error.to_string().contains("INTEGRATIONS_KEYS"), "{error}");
        let error = read(&[("CLERK_SECRET_KEY", "planted-clerk")], "").unwrap_err();
        assert!(error.to_string().contains("CLERK_ISSUER"), "{error}");
    }

    #[test]
    fn an_app_stands_for_the_token_of_a_private_integration() {
        let app = [
            ("GHL_CLIENT_ID", "65a1b2c3d4e5f60718293a4b-lx0abcde"),
            ("GHL_CLIENT_SECRET", "planted-client-secret"),
            (
                "GHL_REDIRECT_URL",
                "https://example.com/api/oauth/ghl/callback",
            ),
        ];
        let settings = read(&app, "GHL_API_KEY").unwrap();
        assert!(settings.ghl.api_key.is_none());
        assert_eq!(
            settings.ghl.app.as_deref(),
            Some("65a1b2c3d4e5f60718293a4b")
        );
        assert!(!format!("{settings:?}").contains("planted"));
        let oauth = settings.ghl.oauth.unwrap();
        assert_eq!(oauth.scopes, GHL_SCOPES);
        let scopes = [&app[..], &[("GHL_SCOPES", "a.readonly, b.write")]].concat();
        let oauth = read(&scopes, "").unwrap().ghl.oauth.unwrap();
        assert_eq!(oauth.scopes, ["a.readonly", "b.write"]);
        for name in ["GHL_CLIENT_SECRET", "GHL_REDIRECT_URL"] {
            let error = read(&app, name).unwrap_err();
            assert!(error.to_string().contains(name), "{name}: {error}");
        }
        let nowhere = [app[0], app[1], ("GHL_REDIRECT_URL", "planted nowhere")];
        let error = read(&nowhere, "").unwrap_err();
        assert!(error.to_string().contains("GHL_REDIRECT_URL"), "{error}");
        assert!(!error.to_string().contains("planted"), "{error}");
    }

    #[test]
    fn what_is_wrong_is_named_and_not_repeated() {
        for name in [
            "TEXTING_SYNC_TO_ALOWARE",
            "MIDDLEWARE_DEDUPE",
            "MIDDLEWARE_FIRST_RETRY_MS",
            "GHL_WEBHOOK_PUBLIC_KEY",
            "ENABLE_ALOWARE_SEQUENCES",
        ] {
            let error = read(&[(name, "planted-nonsense")], "").unwrap_err();
            assert!(error.to_string().contains(name), "{name}: {error}");
            assert!(!format!("{error} {error:?}").contains("planted"), "{name}");
        }
    }

    #[test]
    fn keys_of_callers_may_have_names() {
        let list = ["plain", "web=secret1", "YWJj=="].map(str::to_owned);
        let keys = keys(&list);
        let shown: Vec<_> = keys
            .iter()
            .map(|(name, key)| (name.as_str(), key.expose_secret()))
            .collect();
        let expected = [("key1", "plain"), ("web", "secret1"), ("key3", "YWJj==")];
        assert_eq!(shown, expected);
    }
}
