//! What the middleware is told of the simulated providers.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use aloware_client::rules::SequenceRules;
use aloware_client::webhook::AllowedEvents;
use integrations_core::phone::Region;
use integrations_core::webhook::DedupePolicy;
use integrations_core::{Result, TenantId};
use serde_json::{Map, Value};

use super::{ALOWARE_NUMBER, LOCATION, PROVIDER, SEARCH_LAG, SEQUENCES, VERITY_NUMBER, World};
use crate::settings::{
    AlowareSettings, Broadcasts, ClerkSettings, GatewaySettings, GhlSettings, Pace, Settings,
    VeritySettings,
};

pub(super) fn of(world: &World, database: &str) -> Result<Settings> {
    let own = &world.credentials;
    Ok(Settings {
        database: database.into(),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        tenant: TenantId::new("simulated")?,
        vault: own.vault.clone(),
        region: Region::new("US")?,
        dedupe: DedupePolicy::default(),
        ghl: GhlSettings {
            base_url: Some(world.ghl.base_url().to_owned()),
            api_key: Some(own.ghl_token.as_str().into()),
            oauth: None,
            location: LOCATION.to_owned(),
            calendar: Some(world.ghl.calendar_id(LOCATION)),
            conversation_provider: Some(PROVIDER.to_owned()),
            webhook_keys: vec![world.ghl.webhook_public_key().spki_base64().parse()?],
            app: Some(own.ghl_app.clone()),
            delivery_secret: Some(own.delivery_secret.as_str().into()),
        },
        aloware: AlowareSettings {
            base_url: Some(world.aloware.base_url()),
            api_token: own.aloware_token.as_str().into(),
            from_number: Some(ALOWARE_NUMBER.to_owned()),
            webhook_user: own.aloware_user.clone(),
            webhook_password: own.aloware_password.as_str().into(),
            allowed_events: AllowedEvents::default(),
            sequences: SequenceRules::parse(Some("true"), Some(&sequences()))?,
        },
        verity: VeritySettings {
            base_url: world.verity.base_url().to_owned(),
            api_key: world.verity.service_key().into(),
            from_number: Some(VERITY_NUMBER.to_owned()),
            webhook_secret: world.verity.webhook_secret().into(),
            allow_legacy_secret: false,
            broadcasts: Broadcasts::Here(world.broadcasts.clone()),
            catalog: Some(world.folder.path().join("catalogue.json")),
            sync_to_aloware: true,
        },
        clerk: Some(ClerkSettings {
            base_url: Some(world.clerk.api_url()),
            secret_key: world.clerk.secret_key().into(),
            issuer: world.clerk.issuer().to_owned(),
            authorized_parties: Vec::new(),
        }),
        gateway: GatewaySettings {
            keys: vec![("simulated".to_owned(), own.gateway_key.as_str().into())],
            allowed_origins: Vec::new(),
        },
        pace: Pace {
            first_retry: Duration::from_millis(100),
            search_lag: SEARCH_LAG * 2,
            lease: Duration::from_secs(3),
            unknown_after: Duration::from_secs(1),
        },
    })
}

fn sequences() -> String {
    let rules = SEQUENCES.map(|(words, id)| (words.to_owned(), Value::from(id)));
    Value::Object(Map::from_iter(rules)).to_string()
}
