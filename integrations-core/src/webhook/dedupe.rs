use sha2::Digest;

use super::DedupeKey;

/// How the [`DedupeKey`] of an event without an id of its own is made.
///
/// ```
/// use integrations_core::webhook::{DedupePolicy, Discriminator};
///
/// let first = Discriminator::Body(br#"{"updated_at":"08:00"}"#);
/// let later = Discriminator::Body(br#"{"updated_at":"09:00"}"#);
/// let key = |policy: DedupePolicy, of| policy.key(["aloware", "contact.updated", "7"], of);
///
/// // The second change of a contact is another event …
/// assert_ne!(key(DedupePolicy::WithDigest, first), key(DedupePolicy::WithDigest, later));
/// // … which the keys of older systems cannot tell.
/// assert_eq!(key(DedupePolicy::SeedExact, later).as_str(), "aloware:contact.updated:7");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum DedupePolicy {
    /// The fields, and what tells two events of the same fields apart. A field cannot pass for two: its colons are
    /// escaped.
    #[default]
    WithDigest,
    /// The fields alone, joined by colons as they are: `source:event:entity`. For those who migrate a table of such keys.
    /// **It drops every later event of the same kind about the same record.**
    SeedExact,
}

/// What tells two events of the same fields apart, the first that the provider has of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Discriminator<'a> {
    /// The provider's id of the event or delivery.
    Id(&'a str),
    /// When it happened, as the provider wrote it.
    Time(&'a str),
    /// The raw body: deliveries that are equal byte for byte are one event. Never its headers, which differ with each.
    Body(&'a [u8]),
}

/// Hexadecimal digits of a body's SHA-256: half of it, and more than chance can hit.
const DIGITS: usize = 32;

impl DedupePolicy {
    /// The key of these fields, in this order.
    #[must_use]
    pub fn key<'a>(
        self,
        fields: impl IntoIterator<Item = &'a str>,
        of: Discriminator<'_>,
    ) -> DedupeKey {
        let fields = fields.into_iter();
        let text = match self {
            Self::SeedExact => fields.collect::<Vec<_>>().join(":"),
            Self::WithDigest => {
                let mut text = String::new();
                for field in fields {
                    escape(field, &mut text);
                    text.push(':');
                }
                match of {
                    Discriminator::Id(id) => {
                        text.push_str("id:");
                        escape(id, &mut text);
                    }
                    Discriminator::Time(time) => {
                        text.push_str("at:");
                        escape(time, &mut text);
                    }
                    Discriminator::Body(body) => {
                        let mut digest = hex::encode(sha2::Sha256::digest(body));
                        digest.truncate(DIGITS);
                        text.push_str(&digest);
                    }
                }
                text
            }
        };
        text.into()
    }
}

/// Writes a field so that no colon is in it and no two fields become one.
fn escape(field: &str, text: &mut String) {
    for c in field.chars() {
        match c {
            ':' => text.push_str("%3A"),
            '%' => text.push_str("%25"),
            c => text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: Discriminator<'static> = Discriminator::Body(b"{}");

    fn with_digest<const N: usize>(fields: [&str; N], of: Discriminator<'_>) -> DedupeKey {
        DedupePolicy::default().key(fields, of)
    }

    #[test]
    fn a_field_cannot_pass_for_two() {
        assert_ne!(
            with_digest(["a:b", "c"], BODY),
            with_digest(["a", "b:c"], BODY)
        );
        assert_ne!(with_digest(["a%3Ab"], BODY), with_digest(["a:b"], BODY));
        assert_ne!(with_digest(["a", ""], BODY), with_digest(["a"], BODY));
    }

    #[test]
    fn an_id_a_time_and_a_body_are_told_apart() {
        let same = "2026-01-05 20:58:44";
        let keys = [
            with_digest(["a"], Discriminator::Id(same)),
            with_digest(["a"], Discriminator::Time(same)),
            with_digest(["a"], Discriminator::Body(same.as_bytes())),
        ];
        assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2]);
        assert!(keys[1].as_str().contains("20%3A58%3A44"));
    }

    #[test]
    fn one_byte_makes_another_event() {
        assert_ne!(
            with_digest(["a"], BODY),
            with_digest(["a"], Discriminator::Body(b"{ }"))
        );
        assert_eq!(with_digest(["a"], BODY), with_digest(["a"], BODY));
    }

    #[test]
    fn the_old_form_is_exactly_that() {
        let key = |fields: [&str; 3]| DedupePolicy::SeedExact.key(fields, BODY);
        assert_eq!(
            key(["texting", "message.received", "m:1"]).as_str(),
            "texting:message.received:m:1"
        );
    }

    #[test]
    fn long_keys_fit_the_store() {
        let long = "x".repeat(1000);
        for policy in [DedupePolicy::WithDigest, DedupePolicy::SeedExact] {
            assert!(policy.key([long.as_str()], BODY).as_str().len() <= 256);
        }
    }
}
