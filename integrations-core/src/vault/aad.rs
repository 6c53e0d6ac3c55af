//! What a ciphertext is bound to.

use std::fmt;

use super::VERSION;
use crate::TenantId;

const DOMAIN: &[u8] = b"integrations-vault";

/// What a ciphertext holds; part of its associated data, so that one kind never opens as the other.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    DataKey = 1,
    Field = 2,
}

/// One row that holds secrets: all of them share a data key.
///
/// `record` is any stable text that is unique in the tenant: `integration:<uuid>`, `oauth_token:<uuid>`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecordScope<'a> {
    tenant: &'a TenantId,
    record: &'a str,
}

impl<'a> RecordScope<'a> {
    /// The record of this tenant.
    #[must_use]
    pub fn new(tenant: &'a TenantId, record: &'a str) -> Self {
        Self { tenant, record }
    }

    /// The tenant.
    #[must_use]
    pub fn tenant(&self) -> &'a TenantId {
        self.tenant
    }

    /// The record's id.
    #[must_use]
    pub fn record(&self) -> &'a str {
        self.record
    }

    /// One field of the record.
    #[must_use]
    pub fn field(&self, field: &'a str) -> Scope<'a> {
        Scope {
            record: *self,
            field,
        }
    }

    /// The associated data of the record's wrapped data key: what a [`KeyProvider`](super::KeyProvider) binds it to.
    ///
    /// Unambiguous: two scopes have the same bytes only if they are the same scope.
    #[must_use]
    pub fn associated_data(&self) -> Vec<u8> {
        self.bytes(Purpose::DataKey, 0)
    }

    pub(super) fn bytes(&self, purpose: Purpose, spare: usize) -> Vec<u8> {
        let (tenant, record) = (self.tenant.as_str(), self.record);
        let mut out =
            Vec::with_capacity(DOMAIN.len() + 18 + tenant.len() + record.len() + 8 + spare);
        out.extend_from_slice(DOMAIN);
        out.push(VERSION);
        out.push(purpose as u8);
        push(&mut out, tenant);
        push(&mut out, record);
        out
    }
}

impl fmt::Debug for RecordScope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordScope({} {})", self.tenant, self.record)
    }
}

/// The place of one secret: tenant, record and field. A ciphertext opens only in the place it was sealed for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scope<'a> {
    record: RecordScope<'a>,
    field: &'a str,
}

impl<'a> Scope<'a> {
    /// The field of this tenant's record; for configs a JSON pointer (`/auth/clientSecret`).
    #[must_use]
    pub fn new(tenant: &'a TenantId, record: &'a str, field: &'a str) -> Self {
        RecordScope::new(tenant, record).field(field)
    }

    /// The record the field belongs to.
    #[must_use]
    pub fn record(&self) -> RecordScope<'a> {
        self.record
    }

    /// The field's name.
    #[must_use]
    pub fn field(&self) -> &'a str {
        self.field
    }

    /// The associated data of the field's ciphertext.
    ///
    /// Unambiguous: two scopes have the same bytes only if they are the same scope.
    #[must_use]
    pub fn associated_data(&self) -> Vec<u8> {
        let mut out = self.record.bytes(Purpose::Field, self.field.len());
        push(&mut out, self.field);
        out
    }
}

impl fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RecordScope { tenant, record } = self.record;
        write!(f, "Scope({tenant} {record} {})", self.field)
    }
}

/// Appends a part with its length before it, so that no part can reach into the next.
pub(super) fn push(out: &mut Vec<u8>, part: &str) {
    out.extend_from_slice(&(part.len() as u64).to_be_bytes());
    out.extend_from_slice(part.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_a_contract() {
        let tenant = TenantId::new("t").unwrap();
        let mut expected = b"integrations-vault\x01\x02".to_vec();
        expected.extend_from_slice(b"\0\0\0\0\0\0\0\x01t\0\0\0\0\0\0\0\x02r1\0\0\0\0\0\0\0\x00");
        assert_eq!(
            Scope::new(&tenant, "r1", "").associated_data(),
            expected,
            "a change here makes every stored ciphertext unreadable"
        );
    }
}
