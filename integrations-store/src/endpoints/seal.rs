//! What is sealed of an endpoint: `url`, and `secret:<place>:<until>`, the newest at place 0, `until` in microseconds, 0
//! for one that does not end.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use integrations_core::vault::{RecordScope, SealedRecord, Secrets, Vault, VaultKey};
use integrations_core::{Error, ExposeSecret as _, Result, TenantId, Timestamp, WebhookSecret};
use url::Url;

use super::{EndpointId, row::RawEndpoint};
use crate::{error, time};

const URL: &str = "url";

/// The secrets with their ends, newest first, and the URL.
pub(super) struct Opened {
    pub(super) url: Url,
    pub(super) secrets: Vec<(WebhookSecret, Option<Timestamp>)>,
}

impl Opened {
    /// The secrets that still sign at this time.
    pub(super) fn signing(self, now: Timestamp) -> Vec<WebhookSecret> {
        let live = self
            .secrets
            .into_iter()
            .filter(|(_, until)| until.is_none_or(|until| until > now));
        live.map(|(secret, _)| secret).collect()
    }
}

pub(super) fn record_name(id: EndpointId) -> String {
    format!("outgoing_endpoints:{id}")
}

/// A secret of 32 random bytes, written as `whsec_…`.
pub(super) fn new_secret() -> Result<WebhookSecret> {
    let mut text = String::from("whsec_");
    STANDARD.encode_string(VaultKey::generate()?.expose_bytes(), &mut text);
    Ok(text.into())
}

/// The sealed text and the id of the key that wraps it.
pub(super) async fn seal(
    vault: &Vault,
    tenant: &TenantId,
    id: EndpointId,
    url: &Url,
    secrets: &[(WebhookSecret, Option<Timestamp>)],
) -> Result<(String, String)> {
    let mut fields = Secrets::new();
    fields.insert(URL.to_owned(), url.as_str().into());
    for (place, (secret, until)) in secrets.iter().enumerate() {
        let until = until.map_or(0, time::to_micros);
        fields.insert(
            format!("secret:{place}:{until}"),
            secret.expose_secret().into(),
        );
    }
    let name = record_name(id);
    let sealed = vault
        .seal_record(&RecordScope::new(tenant, &name), &fields, None)
        .await?;
    Ok((sealed.to_text(), sealed.key_id().as_str().to_owned()))
}

pub(super) async fn open(vault: &Vault, row: &RawEndpoint) -> Result<Opened> {
    let named = |source: Error| error::in_row(row.place(), &source);
    let record = SealedRecord::parse(&row.sealed).map_err(named)?;
    let tenant = TenantId::new(row.tenant.clone())?;
    let name = record_name(row.id.into());
    let fields = vault
        .open_record(&RecordScope::new(&tenant, &name), &record)
        .await
        .map_err(named)?;
    let mut url = None;
    let mut secrets = Vec::new();
    for (field, value) in &fields {
        if field == URL {
            url = value.expose_secret().parse().ok();
        } else if let Some((place, until)) = secret_field(field) {
            let until = match until {
                0 => None,
                micros => Some(time::from_micros(micros)?),
            };
            secrets.push((place, WebhookSecret::from(value.expose_secret()), until));
        }
    }
    secrets.sort_by_key(|(place, ..)| *place);
    Ok(Opened {
        url: url.ok_or_else(|| row.broken("sealed"))?,
        secrets: secrets
            .into_iter()
            .map(|(_, secret, until)| (secret, until))
            .collect(),
    })
}

fn secret_field(field: &str) -> Option<(usize, i64)> {
    let (place, until) = field.strip_prefix("secret:")?.split_once(':')?;
    Some((place.parse().ok()?, until.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_secret_is_32_bytes_of_base64_and_never_the_same() {
        let one = new_secret().unwrap();
        let text = one.expose_secret().strip_prefix("whsec_").unwrap();
        assert_eq!(text.len(), 44);
        assert!(text.ends_with('=') && !text.ends_with("=="));
        assert_eq!(
            VaultKey::from_base64(text).unwrap().expose_bytes().len(),
            32
        );
        assert_ne!(one, new_secret().unwrap());
    }
}
